"""A closed month's shares of profit counted again: what differs, and what is carried on because of it.

What a month carries on is what the next one begins with, so months after it are put right as well. As
everywhere, lines that are written stay: what differs is a line of its own that names its cause.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import text

from brokerage.partners.rewards import accruals, comparing, profits, worth
from brokerage.partners.rewards.timeline import Epoch
from brokerage.partners.settings import PartnerSettings
from stoa.kernel.clock import day_bounds
from stoa.tenancy.facts import TenantFacts
from stoa.tenancy.work import Work

_KINDS: Final = (
    "kind in ('profit-share', 'carried-in', 'carried-on') and deal = 0 and dispute is null"
)
CLOSED: Final = text(f"select distinct server as month from reward where {_KINDS} order by 1")  # noqa: S608
_EXISTING: Final = """
existing as (
    select server, deal as number, client, partner, kind, sum(amount) as given, max(turn) as turn,
           sum(lots) as lots
    from reward
    where server = :month and kind = 'profit-share' and deal = 0 and dispute is null
    group by 1, 2, 3, 4, 5
)"""
_SHARES: Final = f"with {worth.FACTS}, {worth.CORE}, " + comparing.compared(
    _EXISTING, "r.deal = 0 and r.client = g.client", "client"
)
SHARES: Final = text(f"{_SHARES} on conflict do nothing {comparing.WRITTEN}")
_CARRIED: Final = f"""
written as (
    insert into reward ({worth.COLUMNS})
    select {worth.ID}, :month, 0, partner, cast(:kind as varchar), coalesce(turn + 1, 0), partner, 0,
           case when turn is null then cast(:at as timestamptz) else cast(:now as timestamptz) end,
           '', '', 0, wanted, 1, 0, null, 0, null, null, null,
           case when turn is not null then given end, 1, null, null, null, null, null, null, null,
           wanted - given, currency, plan, plan_version, cast(:now as timestamptz),
           case when turn is not null then cast(:cause as varchar) end
    from wanted where wanted <> given
    on conflict do nothing
{comparing.WRITTEN}"""  # noqa: S608 - every part is ours
CARRIED_IN: Final = text(f"""
with ended as (
    select partner, max(currency) as currency, max(plan) as plan, max(plan_version) as plan_version,
           -sum(amount) as wanted
    from reward where server = :before and kind = 'carried-on' and deal = 0 and dispute is null
    group by 1
), begun as (
    select partner, max(currency) as currency, max(plan) as plan, max(plan_version) as plan_version,
           sum(amount) as given, max(turn) as turn
    from reward where server = :month and kind = 'carried-in' and deal = 0 and dispute is null
    group by 1
), wanted as (
    select partner, b.turn, coalesce(b.given, 0) as given,
           case when e.plan = any(:carrying) then e.wanted else 0 end as wanted,
           coalesce(e.currency, b.currency) as currency, coalesce(e.plan, b.plan) as plan,
           coalesce(e.plan_version, b.plan_version) as plan_version
    from ended e full join begun b using (partner)
), {_CARRIED}""")  # noqa: S608 - every part is ours
CARRIED_ON: Final = text(f"""
with sums as (
    select partner, max(currency) as currency, max(plan) as plan, max(plan_version) as plan_version,
           coalesce(sum(amount) filter (where kind <> 'carried-on'), 0) as earned,
           coalesce(sum(amount) filter (where kind = 'carried-on'), 0) as given,
           max(turn) filter (where kind = 'carried-on') as turn
    from reward where server = :month and {_KINDS} group by 1
), wanted as (
    select *, greatest(-earned, 0) as wanted from sums
), {_CARRIED}""")  # noqa: S608 - every part is ours


async def months(
    work: Work,
    first: datetime,
    last: datetime,
    *,
    rates: Mapping[str, Decimal],
    why: str,
    epochs: Sequence[Epoch] | None = None,
) -> Sequence[Any]:
    """Count closed months again of which a part lies in a stretch of time; what was written, by partner."""
    zone = work.settings(TenantFacts).time_zone
    carrying = [
        plan.code for plan in work.settings(PartnerSettings).plans if plan.losses == "carried"
    ]
    written: list[Any] = []
    for row in await work.table(CLOSED):
        start, end = _bounds(row.month, zone)
        if end <= first:
            continue
        given = {
            "month": row.month,
            "before": profits.before(row.month),
            "carrying": carrying,
            "at": end - timedelta(microseconds=1),
            "now": work.now,
            "cause": why[:120],
        }
        if start < last:
            facts = await profits.of_month(work, start, end, row.month, into=rates, anew=True)
            written += await _shares(work, facts, given, epochs)
        for kind, statement in (("carried-in", CARRIED_IN), ("carried-on", CARRIED_ON)):
            named = {"kind": kind, "prefix": worth.prefix(work.now)}
            taken = {name: (given | named)[name] for name in statement.compile().params}
            written += await work.table(statement, taken)
    await accruals.told(work, written)
    return written


async def _shares(
    work: Work,
    facts: Sequence[accruals.Earned],
    given: Mapping[str, Any],
    epochs: Sequence[Epoch] | None,
) -> Sequence[Any]:
    columns = await accruals.offered(work, facts, "profit-share", epochs, source=given["month"])
    return await work.table(SHARES, columns | {"month": given["month"], "cause": given["cause"]})


def _bounds(month: str, zone: str) -> tuple[datetime, datetime]:
    first = date.fromisoformat(f"{month}-01")
    after = (first + timedelta(days=32)).replace(day=1)
    return day_bounds(first, zone)[0], day_bounds(after, zone)[0]
