"""A share of our profit from clients' trading, by the month: what they lost less what they won.

A line for each client and everybody above; a client who won takes off. Where a partner's month comes
to less than nothing, it is carried into the next one or forgiven, as the plan says: then a line of its
own brings the month to nothing, and the next month begins with what it carries.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import text

from brokerage.partners import accruals, worth
from brokerage.partners.engine import into_plans
from brokerage.partners.settings import PartnerSettings
from stoa.kernel.clock import business_day, day_bounds
from stoa.tenancy.door import OpenWork
from stoa.tenancy.facts import TenantFacts
from stoa.tenancy.work import Work

RESULTS: Final = text("""
select d.client, a.partner, t.currency, -sum(d.profit + d.swap + d.commission) as won
from deal d
join trading_account t on t.id = d.account and t.kind = 'live'
join attribution a on a.client = d.client and a.partner is not null
     and a.valid_from <= d.at and (a.valid_to is null or a.valid_to > d.at)
where d.at >= :first and d.at < :last and d.kind in ('buy', 'sell')
  and not exists (select from reward r where r.client = d.client and r.kind = 'profit-share'
                  and r.server = :month and r.deal = 0 and r.dispute is null)
group by 1, 2, 3
""")
CARRY: Final = text(f"""
with sums as (
    select partner, max(currency) as currency, max(plan) as plan, max(plan_version) as plan_version,
           sum(amount) as amount
    from reward
    where server = :month and kind in ('profit-share', 'carried-in') and deal = 0 and dispute is null
    group by 1
)
insert into reward ({worth.COLUMNS})
select {worth.ID}, :month, 0, partner, 'carried-on', 0, partner, 0, :at, '', '', 0, -amount, 1, 0,
       null, 0, null, null, null, null, 1, null, null, null, null, null, null, null, -amount, currency,
       plan, plan_version, :now, null
from sums where amount < 0
on conflict do nothing
returning partner
""")  # noqa: S608 - the columns are ours
BEGIN: Final = text(f"""
insert into reward ({worth.COLUMNS})
select {worth.ID}, :month, 0, partner, 'carried-in', 0, partner, 0, :at, '', '', 0, -amount, 1, 0, null,
       0, null, null, null, null, 1, null, null, null, null, null, null, null, -amount, currency, plan,
       plan_version, :now, null
from reward where server = :before and kind = 'carried-on' and deal = 0 and dispute is null
  and plan = any(:carrying)
on conflict do nothing
returning partner
""")  # noqa: S608 - the columns are ours


async def sweep(open_work: OpenWork) -> None:
    """When a month of the tenant is over, and three days have brought what came late, close it."""
    async with open_work() as work:
        settings = work.settings(PartnerSettings)
        shares = any(
            rule.kind == "profit-share" for plan in settings.plans for rule in plan.rewards
        )
        if not shares or settings.engine.paused_at is not None:
            return
        zone = work.settings(TenantFacts).time_zone
        today = business_day(work.now - timedelta(days=3), zone)
        last = today.replace(day=1)
        first = (last - timedelta(days=1)).replace(day=1)
        await close(work, day_bounds(first, zone)[0], day_bounds(last, zone)[0], f"{first:%Y-%m}")


async def close(work: Work, first: datetime, last: datetime, month: str) -> int:
    """Reward a month's profit of each client once, and carry what is below nothing."""
    settings = work.settings(PartnerSettings)
    into = await into_plans(work)
    at = last - timedelta(microseconds=1)
    rows = await work.table(RESULTS, {"first": first, "last": last, "month": month})
    results: dict[tuple[Any, Any], Decimal] = {}
    for row in rows:
        key = (row.client, row.partner)
        won = round(row.won * into[row.currency], 18)
        results[key] = results.get(key, Decimal(0)) + won
    facts = [
        accruals.Earned(month, 0, client, partner, at, won, Decimal(1))
        for (client, partner), won in results.items()
        if won
    ]
    count = await accruals.earned(work, facts, "profit-share")
    before = _before(month)
    carrying = [plan.code for plan in settings.plans if plan.losses == "carried"]
    given = {"month": month, "at": at, "now": work.now}
    begun: Sequence[Any] = await work.table(
        BEGIN, given | {"before": before, "carrying": carrying, "prefix": worth.prefix(work.now)}
    )
    carried = await work.table(CARRY, given | {"prefix": worth.prefix(work.now)})
    if count or begun or carried:
        work.record("rewards.month", month=month, lines=count, carried=len(carried))
    return count


def _before(month: str) -> str:
    """The month before one written as `YYYY-MM`."""
    year, number = (int(part) for part in month.split("-"))
    return f"{year - (number == 1):04}-{(number - 2) % 12 + 1:02}"
