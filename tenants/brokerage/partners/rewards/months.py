"""A share of our profit from clients' trading, by the month: what they lost less what they won.

A line for each client and everybody above; a client who won takes off. Where a partner's month comes
to less than nothing, it is carried into the next one or forgiven, as the plan says: then a line of its
own brings the month to nothing, and the next month begins with what it carries.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import text

from brokerage.partners.rewards import accruals, profits, worth
from brokerage.partners.rewards.engine import into_plans
from brokerage.partners.settings import PartnerSettings
from stoa.kernel.clock import business_day, day_bounds
from stoa.tenancy.door import OpenWork
from stoa.tenancy.facts import TenantFacts
from stoa.tenancy.work import Work

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
from (
    select partner, max(currency) as currency, max(plan) as plan, max(plan_version) as plan_version,
           sum(amount) as amount
    from reward where server = :before and kind = 'carried-on' and deal = 0 and dispute is null
    group by 1
) x where amount <> 0 and plan = any(:carrying)
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
    at = last - timedelta(microseconds=1)
    facts = await profits.of_month(
        work, first, last, month, into=await into_plans(work), anew=False
    )
    count = await accruals.earned(work, facts, "profit-share")
    before = profits.before(month)
    carrying = [plan.code for plan in settings.plans if plan.losses == "carried"]
    given = {"month": month, "at": at, "now": work.now}
    begun: Sequence[Any] = await work.table(
        BEGIN, given | {"before": before, "carrying": carrying, "prefix": worth.prefix(work.now)}
    )
    carried = await work.table(CARRY, given | {"prefix": worth.prefix(work.now)})
    if count or begun or carried:
        work.record("rewards.month", month=month, lines=count, carried=len(carried))
    return count
