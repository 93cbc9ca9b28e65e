"""Where a client stands: jurisdiction, level, limits, and what that lets them do."""

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import msgspec

from brokerage.clients import clients
from brokerage.clients.model import Client
from brokerage.clients.settings import ClientSettings
from brokerage.kyc import dossier, levels, rules
from brokerage.kyc.jurisdictions import defaults
from brokerage.kyc.jurisdictions.packs import Blocked, Category, Level, Pack, Right
from brokerage.kyc.model import KycCase, KycStanding
from brokerage.kyc.settings import KycSettings
from stoa.kernel.clock import business_day
from stoa.kernel.money import Money
from stoa.kernel.refusals import Denied
from stoa.tenancy.facts import TenantFacts
from stoa.tenancy.work import Work


@dataclass(frozen=True, slots=True)
class Limits:
    """What verification lets one client do. Amounts are compared by `levels.must_fit`.

    `extra` says why more diligence is due; until it is done, a withdrawal above `extra_over`
    waits. `leverage_cap` of the whole account, None when nothing caps it.
    """

    client: UUID
    country: str
    level: Level
    pack: Pack
    category: Category
    test_cap: int
    risk_band: str
    extra: tuple[str, ...]
    extra_over: Money | None

    def must_allow(self, right: Right) -> None:
        """Raises Denied when the level does not carry the right."""
        levels.must_allow(self.level, right)

    def leverage(self, group: str | None = None, asked: int | None = None) -> levels.Cap | None:
        return levels.leverage_cap(
            self.pack,
            group=group,
            test_cap=self.test_cap,
            category=self.category,
            asked=asked,
        )

    def forbids(self, what: str) -> bool:
        """Whether the jurisdiction bans it, such as `bonuses`."""
        return what in self.pack.forbids


def applicant(
    work: Work,
    client: Client,
    country: str = "",
    *,
    nationality: str = "",
    document_country: str = "",
    address_country: str = "",
) -> rules.Applicant:
    """What decides the jurisdiction, and whether we may serve them at all."""
    return rules.Applicant(
        country=country or client.country,
        client_type=dossier.client_type(client),
        entity=work.settings(TenantFacts).legal_entity,
        nationality=nationality,
        document_country=document_country,
        address_country=address_country,
    )


def today(work: Work) -> date:
    """The tenant's calendar day."""
    return business_day(work.now, work.settings(TenantFacts).time_zone)


async def of(work: Work, client: UUID) -> KycStanding:
    """The client's standing; made on first sight. Raises Denied where no jurisdiction fits."""
    row = await work.session.get(KycStanding, client)
    if row is not None:
        return row
    known = await work.get(Client, client)
    found = rules.resolve(work.settings(KycSettings).packs, applicant(work, known))
    pack = pack_of(work, found.pack)
    row = KycStanding(
        client=client,
        pack=found.pack,
        jurisdiction=msgspec.to_builtins(found),
        resolved_at=work.now,
        level=defaults.levels_of(pack)[0].code,
        steps=[],
        checks=[],
        extra=[],
        extra_seen=[],
        test_cap=0,
        category=Category.RETAIL,
    )
    work.add(row)
    await work.flush()
    return row


async def locked(work: Work, client: UUID) -> KycStanding:
    await of(work, client)
    return await work.lock(KycStanding, client)


def pack_of(work: Work, code: str) -> Pack:
    """The pack of that code; the last one where a tenant has taken it away since."""
    settings = work.settings(KycSettings)
    return settings.pack(code) or settings.packs[-1]


def blocked(work: Work) -> Blocked:
    """Whom nobody serves: by verification's own list and by the one that joining asks."""
    own = work.settings(KycSettings).blocked
    joining = work.settings(ClientSettings).blocked_countries
    return msgspec.structs.replace(own, residence=(*own.residence, *joining))


def resolved(work: Work, client: Client, country: str) -> rules.Jurisdiction:
    """The jurisdiction for a country; refuses who may not be served from there."""
    asked = applicant(work, client, country)
    rules.must_not_be_blocked(blocked(work), asked)
    return rules.resolve(work.settings(KycSettings).packs, asked)


def level_of(pack: Pack, code: str) -> Level:
    ladder = defaults.levels_of(pack)
    return next((level for level in ladder if level.code == code), ladder[0])


async def limits(work: Work, client: UUID) -> Limits:
    """What payments, trading and bonuses ask before they do anything."""
    row = await of(work, client)
    known = await work.get(Client, client)
    pack = pack_of(work, row.pack)
    extra = tuple(row.extra)
    return Limits(
        client=client,
        country=known.country,
        level=level_of(pack, row.level),
        pack=pack,
        category=Category(row.category),
        test_cap=row.test_cap,
        risk_band=row.risk_set_band or row.risk_band or "",
        extra=extra,
        extra_over=pack.extra.withdrawal_over if extra else None,
    )


async def must_not_be_blocked(work: Work, client: UUID, *, address_country: str = "") -> None:
    """Asked at sign-up, before trading and at withdrawal. Raises Denied."""
    known = await work.get(Client, client)
    asked = applicant(work, known, address_country=address_country)
    rules.must_not_be_blocked(blocked(work), asked)


async def grade(work: Work, row: KycStanding, client: Client) -> Level:
    """Set the level that follows from what is done and passed. `row` is locked."""
    pack = pack_of(work, row.pack)
    reached = levels.reached(pack, dossier.client_type(client), steps=row.steps, checks=row.checks)
    row.level = reached.code
    await clients.set_level(work, row.client, reached.code)
    return reached


def jurisdiction_of(row: KycStanding) -> rules.Jurisdiction:
    return msgspec.convert(row.jurisdiction, rules.Jurisdiction)


async def move_to(work: Work, client: UUID, country: str) -> bool:
    """Resolve again after the country changed; whether it is another jurisdiction now."""
    known = await work.get(Client, client)
    row = await locked(work, client)
    try:
        found = resolved(work, known, country)
    except Denied as why:
        # They may not trade from there; their money stays reachable, and officers see why.
        row.steps, row.checks = [], []
        row.jurisdiction = {**row.jurisdiction, "refused": why.code}
        await grade(work, row, known)
        return False
    changed = found.pack != row.pack
    row.pack = found.pack
    row.jurisdiction = msgspec.to_builtins(found)
    row.resolved_at = work.now
    return changed


def facts_of(case: KycCase) -> dict[str, Any]:
    """What a decision record says of its case."""
    return {"case": str(case.id), "pack": case.pack, "attempt": case.attempt}
