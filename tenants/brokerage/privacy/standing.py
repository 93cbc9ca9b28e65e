"""How things stand with one client: what the verdicts are made from."""

from uuid import UUID

from sqlalchemy import select

from brokerage.clients import clients
from brokerage.clients.model import NO_LEVEL, Client
from brokerage.kyc import standing as verification
from brokerage.kyc.model import WITH_US, KycCase
from brokerage.ledger.model import LedgerAccount, Leg
from brokerage.privacy import rules
from brokerage.privacy.model import HoldState, LegalHold
from brokerage.privacy.rules import Facts, Verdict
from brokerage.privacy.settings import Category, PrivacySettings
from brokerage.risk.model import RiskAlert
from brokerage.screening.model import HitState, ScreeningHit
from brokerage.trading.model import OpenPosition, TradingAccount
from stoa.tenancy.work import Work
from stoa.theming import words


async def facts(work: Work, client: UUID, *, wish: bool = True) -> Facts:
    """Raises NotFound for a client who is none."""
    row = await work.get(Client, client)
    moved = (
        select(Leg.account)
        .join(LedgerAccount, LedgerAccount.id == Leg.account)
        .where(LedgerAccount.owner == client)
    )
    handed_in = select(KycCase.id).where(
        KycCase.client == client, KycCase.submitted_at.is_not(None)
    )
    live = select(TradingAccount.id).where(
        TradingAccount.client == client, TradingAccount.kind == "live"
    )
    with_us = select(KycCase.id).where(KycCase.client == client, KycCase.state.in_(WITH_US))
    matches = select(ScreeningHit.id).where(
        ScreeningHit.client == client, ScreeningHit.state == HitState.OPEN
    )
    accounts = select(TradingAccount.id).where(TradingAccount.client == client)
    positions = select(OpenPosition.account).where(OpenPosition.account.in_(accounts))
    alerts = select(RiskAlert.id).where(RiskAlert.client == client, RiskAlert.over_at.is_(None))
    held = select(LegalHold.id).where(
        LegalHold.client == client, LegalHold.state != HoldState.LIFTED
    )
    found = (
        await work.table(
            select(
                moved.exists() | handed_in.exists() | live.exists(),
                with_us.exists() | matches.exists() | positions.exists() | alerts.exists(),
                held.exists(),
            )
        )
    )[0]
    in_the_way = await clients.stands_in_the_way(work, client)
    return Facts(
        now=work.now,
        ended_at=row.closed_at,
        business=bool(found[0]) or row.level != NO_LEVEL or row.deposits_count > 0,
        held=bool(found[2]),
        open=bool(found[1]) or bool(in_the_way),
        months=await months(work, client),
        wish=wish,
        gone=frozenset(row.erased),
    )


async def months(work: Work, client: UUID) -> dict[Category, int]:
    """How long each kind is kept for this client, by the tenant and the client's jurisdiction."""
    settings = work.settings(PrivacySettings)
    pack = (await verification.limits(work, client)).pack.retain_months
    return {one: settings.months(one, pack) for one in Category}


async def verdicts(work: Work, client: UUID, *, wish: bool = True) -> tuple[Verdict, ...]:
    return rules.identity_last(rules.verdicts(await facts(work, client, wish=wish)))


async def kept(work: Work, client: UUID) -> list[tuple[str, str, int]]:
    """What stays after the account was closed, why, and for how many years."""
    known = await months(work, client)
    return [
        (words.label(f"personal {one}"), rules.LAWS[one], -(-known[one] // 12))
        for one in reversed(Category)
        if known[one]
    ]
