"""Tiers go up and down: judged as each of the tenant's days begins, over the window that ended then.

What counts for the new tier is every deal from the day's beginning on. The record says what was counted,
what was asked, and which deal reached it. What comes late is counted by the next judgement.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import text

from brokerage.partners.rewards import worth
from brokerage.partners.settings import PartnerSettings
from brokerage.partners.terms import Plan, Tier
from brokerage.partners.tree import standings
from stoa.kernel.clock import business_day, day_bounds
from stoa.tenancy.door import OpenWork
from stoa.tenancy.facts import TenantFacts
from stoa.tenancy.work import Work

COUNTED: Final = text(f"""
with traded as (
    select a.partner, d.client, sum({worth.CLOSED_LOTS}) as lots
    from deal d
    join trading_account t on t.id = d.account and t.kind = 'live'
    join attribution a on a.client = d.client and a.partner is not null
         and a.valid_from <= d.at and (a.valid_to is null or a.valid_to > d.at)
    where d.at >= :first and d.at < :last and d.kind in ('buy', 'sell')
      and d.entry in ('out', 'reversal', 'out-by') and d.reverses is null
      and not exists (select from deal v where v.server = d.server and v.reverses = d.number)
    group by 1, 2
), counted as (
    select l.above as partner, sum(t.lots) as lots, count(distinct t.client) as clients
    from traded t
    join partner_line l on l.partner = t.partner and (cast(:branch as boolean) or l.depth = 0)
         and l.valid_from < :last and (l.valid_to is null or l.valid_to >= :last)
    group by 1
)
select s.partner, s.tier, s.below_since, s.because ->> 'judged' as judged,
       coalesce(c.lots, 0) as lots, coalesce(c.clients, 0) as clients
from partner_standing s
join partner p on p.id = s.partner and p.state <> 'closed'
left join counted c on c.partner = s.partner
where s.plan = :plan and s.valid_from <= :last and (s.valid_to is null or s.valid_to > :last)
""")  # noqa: S608 - every part is ours
REACHED: Final = text(f"""
select server || ' #' || number as deal, at from (
    select d.server, d.number, d.at,
           sum({worth.CLOSED_LOTS}) over (order by d.at, d.server, d.number) as lots
    from deal d
    join trading_account t on t.id = d.account and t.kind = 'live'
    join attribution a on a.client = d.client and a.valid_from <= d.at
         and (a.valid_to is null or a.valid_to > d.at)
    join partner_line l on l.partner = a.partner and l.above = :partner
         and (cast(:branch as boolean) or l.depth = 0)
         and l.valid_from < :last and (l.valid_to is null or l.valid_to >= :last)
    where d.at >= :first and d.at < :last and d.kind in ('buy', 'sell')
      and d.entry in ('out', 'reversal', 'out-by') and d.reverses is null
      and not exists (select from deal v where v.server = d.server and v.reverses = d.number)
) x where lots >= :least order by at, server, number limit 1
""")  # noqa: S608 - every part is ours


@dataclass(frozen=True, slots=True)
class Verdict:
    """The tier from now on; `below_since` where less was counted than it asks, and it is kept yet."""

    tier: str
    below_since: datetime | None


def judge(
    plan: Plan, tier: str, below_since: datetime | None, lots: Decimal, clients: int, now: datetime
) -> Verdict:
    """Promote to what is reached, demote when the grace is over; one step or straight. Pure."""
    steps = plan.tiers.steps
    codes = ["", *(one.code for one in steps)]
    at = codes.index(tier) if tier in codes else 0
    reached = max(
        (n for n, one in enumerate(steps, 1) if lots >= one.lots_min and clients >= one.active_min),
        default=0,
    )
    straight = plan.tiers.move == "straight"
    if reached > at:
        return Verdict(codes[reached if straight else at + 1], None)
    if reached == at:
        return Verdict(codes[at], None)
    since = below_since or now
    if now - since < timedelta(days=plan.tiers.grace_days):
        return Verdict(codes[at], since)
    return Verdict(codes[reached if straight else at - 1], None)


async def sweep(open_work: OpenWork) -> None:
    """Once in every day of the tenant; asked more often, it finds nothing left to judge."""
    async with open_work() as work:
        if work.settings(PartnerSettings).engine.paused_at is None:
            await judge_all(work)


async def judge_all(work: Work) -> int:
    """Judge every partner whose plan has tiers, as of the day's beginning; how many tiers changed."""
    zone = work.settings(TenantFacts).time_zone
    day = business_day(work.now, zone)
    begins, _ = day_bounds(day, zone)
    changed = 0
    for plan in work.settings(PartnerSettings).plans:
        if plan.tiers.steps:
            changed += await _judge_plan(work, plan, begins, str(day))
    return changed


async def _judge_plan(work: Work, plan: Plan, begins: datetime, day: str) -> int:
    window = {
        "first": begins - timedelta(days=plan.tiers.window_days),
        "last": begins,
        "branch": plan.tiers.count == "branch",
    }
    rows: Sequence[Any] = await work.table(COUNTED, window | {"plan": plan.code})
    changed = 0
    for row in rows:
        if row.judged is not None and row.judged >= day:
            continue
        verdict = judge(plan, row.tier, row.below_since, row.lots, row.clients, begins)
        if verdict.tier == row.tier and verdict.below_since == row.below_since:
            continue
        because = {
            "judged": day,
            "was": row.tier,
            "lots": str(row.lots),
            "clients": row.clients,
            "window_days": plan.tiers.window_days,
            **await _asked(work, plan, verdict.tier, row, window),
        }
        await standings.change(
            work,
            row.partner,
            since=begins,
            tier=verdict.tier,
            below_since=verdict.below_since,
            because=because,
        )
        changed += verdict.tier != row.tier
        work.announce(f"client:{row.partner}|rewards")
    if changed:
        work.record("partners.tiers", plan=plan.code, changed=changed)
    return changed


async def _asked(
    work: Work, plan: Plan, code: str, row: Any, window: dict[str, Any]
) -> dict[str, Any]:
    """What the tier asks, and for a promotion the deal that reached its volume."""
    codes = ["", *(one.code for one in plan.tiers.steps)]
    tier: Tier | None = next((one for one in plan.tiers.steps if one.code == code), None)
    asked = {
        "lots_min": str(tier.lots_min) if tier else "0",
        "active_min": tier.active_min if tier else 0,
    }
    promoted = code in codes and row.tier in codes and codes.index(code) > codes.index(row.tier)
    if not promoted or tier is None or not tier.lots_min:
        return asked
    found = await work.table(REACHED, window | {"partner": row.partner, "least": tier.lots_min})
    return asked | ({"deal": found[0].deal, "deal_at": found[0].at.isoformat()} if found else {})
