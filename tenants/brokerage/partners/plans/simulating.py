"""What changed plans would have paid on the deals of the last month, beside what was paid: by partner.

Set-based over what really closed, with the tree, tiers and ratios as they were then; nothing is
written. What is of no deal, a sum per client, a share of profit or of a fee, is asked of both plans
(`beside`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select, text

from brokerage.partners.model import Partner
from brokerage.partners.plans import beside
from brokerage.partners.rewards import accruals, planning, recounting, worth
from brokerage.partners.rewards.engine import into_plans
from brokerage.partners.rewards.timeline import BEGINNING, Epoch
from brokerage.partners.settings import PartnerSettings
from brokerage.partners.terms import ON_DEALS
from stoa.kernel.money import Money
from stoa.settingsdesk.pending import Told
from stoa.tenancy.work import Work
from stoa.theming.texts import N_

DAYS: Final = 30
WOULD: Final = text(f"""
with {worth.TRADED}, {worth.ASKED}, {worth.CORE}
select partner, count(*) as lines, sum(amount) as amount,
       count(*) filter (where excluded is not null) as excluded,
       count(*) filter (where factor is not null) as capped
from worth group by 1
""")  # noqa: S608 - every part is ours
WAS: Final = text("""
select r.partner, count(*) as lines, sum(r.amount) as amount,
       count(*) filter (where r.excluded is not null) as excluded,
       count(*) filter (where r.factor is not null) as capped
from deal d join reward r on r.deal = d.number and r.server = d.server
where d.at >= :first and d.at < :last and r.dispute is null and r.kind = any(:kinds) group by 1
""")


@dataclass(frozen=True, slots=True)
class Change:
    """One partner under the plans in force and under the changed ones, in the plans' currency."""

    partner: UUID
    was: Decimal
    would: Decimal

    @property
    def difference(self) -> Decimal:
        return self.would - self.was


@dataclass(frozen=True, slots=True)
class Outcome:
    """`partners` with the greatest loss first, whoever gains the most last."""

    first: datetime
    last: datetime
    deals: int
    currency: str
    partners: Sequence[Change]
    excluded: tuple[int, int]
    capped: tuple[int, int]
    acquired: tuple[int, int] = (0, 0)
    """For how many clients a sum is paid, by either."""

    @property
    def was(self) -> Decimal:
        return sum((one.was for one in self.partners), Decimal(0))

    @property
    def would(self) -> Decimal:
        return sum((one.would for one in self.partners), Decimal(0))

    @property
    def gain(self) -> Sequence[Change]:
        return [one for one in self.partners if one.difference > 0]

    @property
    def lose(self) -> Sequence[Change]:
        return [one for one in self.partners if one.difference < 0]


async def simulate(work: Work, after: PartnerSettings, *, since: datetime | None = None) -> Outcome:
    """Pay the last thirty days by other settings, as if they had held all the time."""
    last = work.now
    first = since or last - timedelta(days=DAYS)
    window = {"first": first, "last": last}
    was = {row.partner: row for row in await work.table(WAS, window | {"kinds": list(ON_DEALS)})}
    seen = await recounting.closed(work, first, last)
    would: dict[UUID, Any] = {}
    count = sum(row.count for row in seen)
    if seen:
        found = await accruals.terms(work, seen, [Epoch(BEGINNING, after)])
        given = accruals.parameters(work, found, await into_plans(work))
        for unused in ("currency", "now", "prefix"):
            del given[unused]
        async with planning.over(work, count):
            would = {row.partner: row for row in await work.table(WOULD, window | given)}
    known = await beside.would_pay(work, work.settings(PartnerSettings), first, last)
    other = await beside.would_pay(work, after, first, last)
    none = Decimal(0)
    changes = [
        Change(
            one,
            (was[one].amount if one in was else none) + known.amounts.get(one, none),
            (would[one].amount if one in would else none) + other.amounts.get(one, none),
        )
        for one in {*was, *would, *known.amounts, *other.amounts}
    ]
    changes.sort(key=lambda one: (one.difference, str(one.partner)))
    return Outcome(
        first,
        last,
        count,
        after.currency,
        changes,
        (sum(row.excluded for row in was.values()), sum(row.excluded for row in would.values())),
        (sum(row.capped for row in was.values()), sum(row.capped for row in would.values())),
        (known.acquired, other.acquired),
    )


def touched(before: PartnerSettings, after: PartnerSettings) -> bool:
    """A change of what partners are paid is agreed to by a second person."""
    return (before.plans, before.symbol_groups, before.other_group, before.default_plan) != (
        after.plans,
        after.symbol_groups,
        after.other_group,
        after.default_plan,
    )


async def rehearse(work: Work, before: PartnerSettings, after: PartnerSettings) -> Sequence[Told]:
    """What the second person reads: the same figures as the page's."""
    del before
    found = await simulate(work, after)

    def money(amount: Decimal) -> str:
        return str(Money(amount, found.currency).rounded())

    told = [
        Told(
            N_("In the last {n} days partners earned {was}; it would have been {would}."),
            {"n": str(DAYS), "was": money(found.was), "would": money(found.would)},
            "neutral" if found.was == found.would else "needs",
        ),
        Told(
            N_("{n} partners would have earned more, together {amount}."),
            {
                "n": str(len(found.gain)),
                "amount": money(sum((one.difference for one in found.gain), Decimal(0))),
            },
        ),
        Told(
            N_("{n} partners would have earned less, together {amount}."),
            {
                "n": str(len(found.lose)),
                "amount": money(-sum((one.difference for one in found.lose), Decimal(0))),
            },
            "needs" if found.lose else "neutral",
        ),
    ]
    if found.acquired[0] != found.acquired[1]:
        told.append(
            Told(
                N_("A sum would have been paid for {n} clients; it was for {m}."),
                {"n": str(found.acquired[1]), "m": str(found.acquired[0])},
            )
        )
    codes = await _codes(work, [*found.lose[:3], *found.gain[-3:]])
    told += [
        Told(
            N_("{partner}: {was} becomes {would}."),
            {
                "partner": codes.get(one.partner, ""),
                "was": money(one.was),
                "would": money(one.would),
            },
            "needs" if one.difference < 0 else "done",
        )
        for one in (*found.lose[:3], *found.gain[:-4:-1])
    ]
    return told


async def _codes(work: Work, changes: Sequence[Change]) -> dict[UUID, str]:
    rows = await work.table(
        select(Partner.id, Partner.code).where(Partner.id.in_([one.partner for one in changes]))
    )
    return {row.id: row.code for row in rows}
