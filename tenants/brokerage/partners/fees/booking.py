"""Fees told from outside: kept once by kind and reference, rewarded at once, given back by name.

A fee is rewarded by the rules and the tree of its own time, like a deal, and by the rate of exchange of
when it was first counted. While the engine is paused, or a rate is missing, it waits and is counted
by the sweep.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select, text, update

from brokerage.clients import queries as clients
from brokerage.clients.model import Client
from brokerage.ledger import rates
from brokerage.partners.fees import recounting
from brokerage.partners.fees.model import PartnerFee
from brokerage.partners.permissions import Partners
from brokerage.partners.rewards import accruals
from brokerage.partners.settings import PartnerSettings
from brokerage.trading.model import TradingAccount
from stoa.kernel import currencies
from stoa.kernel.money import LARGEST
from stoa.kernel.refusals import Conflict, Invalid, NotFound
from stoa.tenancy.door import OpenWork
from stoa.tenancy.work import Work
from stoa.theming import words
from stoa.theming.texts import N_

KINDS: Final[dict[str, str]] = {
    "prop": N_("Fee of a challenge"),
    "pamm": N_("Fee of a managed account"),
    "copy": N_("Fee of a copied strategy"),
    "other": N_("Another fee"),
}
words.learn({f"fee {kind}": label for kind, label in KINDS.items()})
AT_ONCE: Final = 2_000
OLDEST: Final = timedelta(days=400)
_AHEAD: Final = timedelta(minutes=5)
_ROUNDS: Final = 500
ATTRIBUTED: Final = text("""
select f.id, f.kind, f.number, f.client, f.at, f.amount, f.currency, a.partner,
       coalesce(t.product, '') as product
from partner_fee f
left join attribution a on a.client = f.client and a.valid_from <= f.at
     and (a.valid_to is null or a.valid_to > f.at) and a.partner is not null
left join trading_account t on t.id = f.account
where f.fx is null and f.undone_at is null
order by f.told_at, f.id limit :most for update of f skip locked
""")


@dataclass(frozen=True, slots=True)
class Fact:
    """A fee as somebody tells it. `kind` and `reference` are its name for ever."""

    kind: str
    reference: str
    client: UUID
    amount: Decimal
    currency: str
    at: datetime
    account: UUID | None = None


def number_of(kind: str, reference: str) -> int:
    """The same name as a number below nothing, where a reward keeps a deal's."""
    told = hashlib.sha256(f"{kind}|{reference}".encode()).digest()
    return -1 - (int.from_bytes(told[:8], "big") >> 2)


async def tell(work: Work, facts: Sequence[Fact]) -> tuple[list[PartnerFee], int]:
    """Keep what is new and reward it; all rows in order, and how many are new.

    What was told before in the same words is answered with what is known. Raises Conflict for other
    words under a known reference, Invalid and NotFound naming what is wrong; then nothing is kept.
    """
    work.require(Partners.FEES)
    for one in facts:
        _checked(one, work.now)
    if len({(one.kind, one.reference) for one in facts}) != len(facts):
        raise Invalid("A reference is in it twice. Nothing was kept.", field="reference")
    await _must_exist(work, facts)
    known = {
        (row.kind, row.reference): row
        for row in await work.rows(
            select(PartnerFee).where(PartnerFee.reference.in_([one.reference for one in facts]))
        )
    }
    found: list[PartnerFee] = []
    for one in facts:
        before = known.get((one.kind, one.reference))
        if before is not None and not _same(before, one):
            raise Conflict(
                "The reference {reference} names another fee already. Nothing was kept.",
                code="reference-used",
                reference=one.reference,
            )
        found.append(before or _row(work, one))
    fresh = [row for row in found if (row.kind, row.reference) not in known]
    for row in fresh:
        work.add(row)
    await work.flush()
    if fresh:
        await count(work)
    return found, len(fresh)


def _checked(one: Fact, now: datetime) -> None:
    if one.kind not in KINDS:
        raise Invalid("A fee is one of: {kinds}.", field="kind", kinds=", ".join(KINDS))
    if not one.reference.strip() or len(one.reference) > 80:
        raise Invalid("A reference has 1 to 80 characters.", field="reference")
    if not currencies.known(one.currency):
        raise Invalid(
            "We do not know the currency {currency}.", field="currency", currency=one.currency
        )
    if not one.amount.is_finite() or not 0 < one.amount <= LARGEST:
        raise Invalid("A fee is more than nothing. Nothing was kept.", field="amount")
    exponent = one.amount.normalize().as_tuple().exponent
    if isinstance(exponent, int) and -exponent > currencies.exponent(one.currency):
        raise Invalid("The amount has more digits than its currency.", field="amount")
    if one.at > now + _AHEAD or one.at < now - OLDEST:
        raise Invalid(
            "A fee is of the last {days} days and not of the future. Nothing was kept.",
            field="at",
            days=OLDEST.days,
        )


async def _must_exist(work: Work, facts: Sequence[Fact]) -> None:
    """Clients and their accounts, of those the teller may see."""
    wanted = {one.client for one in facts}
    rows = await work.rows(
        select(Client.id).where(Client.id.in_(wanted), clients.within(work, Client.id))
    )
    if wanted - set(rows):
        raise NotFound(
            "We know no client {client}. Nothing was kept.", client=str(min(wanted - set(rows)))
        )
    named = {(one.account, one.client) for one in facts if one.account is not None}
    held = await work.table(
        select(TradingAccount.id, TradingAccount.client).where(
            TradingAccount.id.in_([account for account, _ in named])
        )
    )
    if named - {(row.id, row.client) for row in held}:
        raise Invalid("This is no account of the client. Nothing was kept.", field="account")


def _same(row: PartnerFee, one: Fact) -> bool:
    return (row.client, row.account, row.amount, row.currency, row.at) == (
        one.client,
        one.account,
        one.amount,
        one.currency,
        one.at,
    )


def _row(work: Work, one: Fact) -> PartnerFee:
    return PartnerFee(
        id=work.new_id(),
        kind=one.kind,
        reference=one.reference,
        number=number_of(one.kind, one.reference),
        client=one.client,
        account=one.account,
        amount=one.amount,
        currency=one.currency,
        at=one.at,
        told_at=work.now,
        told_by=work.actor.id,
    )


async def count(work: Work) -> int:
    """Reward what waits, a few thousand at most; how many fees were counted."""
    settings = work.settings(PartnerSettings)
    if settings.engine.paused_at is not None:
        return 0
    rows = await work.table(ATTRIBUTED, {"most": AT_ONCE})
    prices = await rates.table(work) if rows else None
    done: dict[str, Decimal] = {}
    by_kind: dict[str, list[accruals.Earned]] = {}
    ids: dict[str, list[UUID]] = {}
    for row in rows:
        assert prices is not None  # noqa: S101 - there are rows
        if row.currency not in done:
            if row.currency != settings.currency and not prices.knows(
                row.currency, settings.currency
            ):
                continue
            same = row.currency == settings.currency
            done[row.currency] = (
                Decimal(1) if same else prices.rate(row.currency, settings.currency)
            )
        ids.setdefault(row.currency, []).append(row.id)
        if row.partner is not None:
            by_kind.setdefault(row.kind, []).append(_earned(row, done[row.currency]))
    for currency, fees in ids.items():
        await work.run(update(PartnerFee).where(PartnerFee.id.in_(fees)).values(fx=done[currency]))
    for facts in by_kind.values():
        await accruals.earned(work, facts, "fee-share")
    return sum(len(fees) for fees in ids.values())


def _earned(row: Any, fx: Decimal) -> accruals.Earned:
    return accruals.Earned(
        row.kind, row.number, row.client, row.partner, row.at, row.amount, fx, row.product
    )


async def undo(work: Work, fee: UUID, *, why: str) -> PartnerFee:
    """It was given back to the client: what it earned is taken back by lines that name it."""
    work.require(Partners.FEES)
    if len(why.strip()) < 3:
        raise Invalid("Say why, in a few words.", field="reason")
    row = await work.lock(PartnerFee, fee)
    await clients.seen(work, row.client)
    if row.undone_at is not None:
        raise Conflict("This fee was given back before. Nothing was changed.")
    row.undone_at, row.why = work.now, why.strip()[:200]
    work.subject, work.reason = row.client, row.why
    await work.flush()
    await recounting.of_rows(work, [row], why=f"fee given back: {row.why}")
    return row


async def sweep(open_work: OpenWork) -> None:
    """Count what waited for the engine or for a rate."""
    for _ in range(_ROUNDS):
        async with open_work() as work:
            if await count(work) < AT_ONCE:
                return
