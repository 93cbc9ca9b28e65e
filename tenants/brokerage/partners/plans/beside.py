"""What plans would pay beside deals: sums per client, shares of a month's profit, shares of fees.

For a simulation: nothing is written. A client came far enough for a sum in these days who had not
before them, by what they had paid in and traded then; when it is paid after its hold is left aside, and
so is what a month carries. Both plans are asked alike, so that only what they differ in differs.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID

from sqlalchemy import select, text

from brokerage.ledger import rates
from brokerage.partners.fees import recounting as fees
from brokerage.partners.fees.model import PartnerFee
from brokerage.partners.rewards import accruals, acquisitions, planning, profits, worth
from brokerage.partners.rewards.accruals import Earned
from brokerage.partners.rewards.engine import into_plans
from brokerage.partners.rewards.timeline import BEGINNING, Epoch
from brokerage.partners.settings import PartnerSettings
from brokerage.partners.terms import RewardKind
from brokerage.payments.model import Deposit
from stoa.tenancy.work import Work

_SOURCE: Final = "simulation"
_PAYS: Final = text(f"""
with {worth.FACTS}, {worth.CORE} select partner, sum(amount) as amount from worth group by 1
""")  # noqa: S608 - every part is ours
_REACHED: Final = text(f"""
select x.client, x.partner from (
    select c.id as client, a.partner, r.deposited, r.lots, r.levels, c.level,
           c.level_at, c.deposits_total, c.volume_lots
    from attribution a join client c on c.id = a.client, partner_standing s, {acquisitions.RULES}
    where {acquisitions.OF} and {acquisitions.MET}
      and (r.within = 0 or c.registered_at > cast(:now as timestamptz) - r.within * interval '1 day')
) x
left join lateral (
    select sum(p.amount * f.rate) as paid from deposit p
    join unnest(cast(:currencies as varchar[]), cast(:rates as numeric[])) as f(currency, rate)
      on f.currency = p.currency
    where p.client = x.client and p.entry is not null and p.ended_at >= :first
) p on true
left join lateral (
    select sum({worth.CLOSED_LOTS}) as lots from deal d
    join trading_account t on t.id = d.account and t.kind = 'live'
    where d.client = x.client and d.at >= :first and d.kind in ('buy', 'sell')
      and d.entry in ('out', 'reversal', 'out-by')
) d on true
where x.deposits_total - coalesce(p.paid, 0) < x.deposited or x.volume_lots - coalesce(d.lots, 0) < x.lots
   or (x.levels <> '' and x.level_at >= :first)
""")  # noqa: S608 - every part is ours


@dataclass(frozen=True, slots=True)
class Beside:
    """By partner, in the plans' currency; and for how many clients a sum would be paid."""

    amounts: dict[UUID, Decimal] = field(default_factory=dict[UUID, Decimal])
    acquired: int = 0


async def would_pay(
    work: Work, settings: PartnerSettings, first: datetime, last: datetime
) -> Beside:
    """What these plans pay for what was no deal from `first` until before `last`."""
    kinds = {rule.kind for plan in settings.plans for rule in plan.rewards}
    amounts: dict[UUID, Decimal] = {}
    acquired: Sequence[Earned] = ()
    if "fee-share" in kinds:
        for source, facts in (await _fees(work, first, last)).items():
            await _add(work, amounts, facts, "fee-share", settings, source)
    if "profit-share" in kinds:
        into = await into_plans(work)
        facts = await profits.of_month(work, first, last, _SOURCE, into=into, anew=True)
        await _add(work, amounts, facts, "profit-share", settings, _SOURCE)
    if "cpa" in kinds:
        acquired = await _reached(work, settings, first, last)
        await _add(work, amounts, acquired, "cpa", settings, acquisitions.SOURCE)
    return Beside(amounts, len(acquired))


async def _add(
    work: Work,
    amounts: dict[UUID, Decimal],
    facts: Sequence[Earned],
    kind: RewardKind,
    settings: PartnerSettings,
    source: str,
) -> None:
    if not facts:
        return
    epochs = [Epoch(BEGINNING, settings)]
    given = await accruals.offered(work, facts, kind, epochs, source=source)
    for unused in ("currency", "now", "prefix"):
        del given[unused]
    async with planning.over(work, len(facts)):
        rows = await work.table(_PAYS, given)
    for row in rows:
        amounts[row.partner] = amounts.get(row.partner, Decimal(0)) + row.amount


async def _fees(work: Work, first: datetime, last: datetime) -> dict[str, list[Earned]]:
    """Fees of these days that were not given back, by their source."""
    rows = await work.rows(
        select(PartnerFee)
        .where(PartnerFee.at >= first, PartnerFee.at < last, PartnerFee.fx.is_not(None))
        .order_by(PartnerFee.at, PartnerFee.id)
        .limit(fees.STRETCH)
    )
    found: dict[str, list[Earned]] = {}
    for one in await fees.standing(work, rows):
        found.setdefault(one.source, []).append(one)
    return found


async def _reached(
    work: Work, settings: PartnerSettings, first: datetime, last: datetime
) -> Sequence[Earned]:
    """Clients who came far enough in these days for the sum that these plans pay for them."""
    given = await acquisitions.rules_of(work, settings)
    if not given["plans"]:
        return ()
    priced, base = await rates.table(work), work.tenant.base_currency
    names = await work.rows(select(Deposit.currency).where(Deposit.entry.is_not(None)).distinct())
    worths = {name: priced.rate(name, base) for name in names if priced.knows(name, base)}
    rows = await work.table(
        _REACHED,
        given
        | {
            "now": work.now,
            "first": first,
            "currencies": list(worths),
            "rates": list(worths.values()),
        },
    )
    at = last - timedelta(microseconds=1)
    return [
        Earned(acquisitions.SOURCE, 0, row.client, row.partner, at, Decimal(0), Decimal(1))
        for row in rows
    ]
