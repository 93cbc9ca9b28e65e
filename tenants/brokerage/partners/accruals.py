"""Rewards of many deals in one statement: the tree, the rates in force, exclusions, the cap.

Set-based over what was imported; running it again over the same deals changes nothing, as a
reward is unique by (server, deal, partner, kind). Where the plan asks for a holding time, a deal
that closes a position whose opening is not here yet waits: the import of the opening rewards it.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import text

from brokerage.partners.settings import PartnerSettings
from stoa.tenancy.work import Work

ACCRUE: Final = text("""
with asked as (
    select d.server, d.number, d.client, d.at, d.symbol, d.currency,
           case when d.entry = 'reversal' then d.lots_closed else d.lots end as lots,
           abs(d.commission) as commission,
           extract(epoch from d.at - coalesce(d.opened_at, (
               select min(o.at) from deal o where o.server = d.server
               and o.position = d.position and o.account = d.account and o.entry = 'in'
           )))::bigint as held_s,
           g.grp, g.income_per_lot, f.rate as fx,
           a.partner
    from deal d
    join unnest(cast(:symbols as varchar[]), cast(:groups as varchar[]), cast(:incomes as numeric[]))
         as g(symbol, grp, income_per_lot) on g.symbol = d.symbol
    join unnest(cast(:currencies as varchar[]), cast(:rates as numeric[]))
         as f(currency, rate) on f.currency = d.currency
    join attribution a on a.client = d.client and a.partner is not null
         and a.valid_from <= d.at and (a.valid_to is null or a.valid_to > d.at)
    join trading_account t on t.id = d.account and t.kind = 'live'
    where (d.imported_at >= :since and d.imported_at <= :until
           or (d.server, d.position) in (
               select o.server, o.position from deal o
               where o.imported_at >= :since and o.imported_at <= :until and o.entry = 'in'))
      and d.kind in ('buy', 'sell') and d.entry in ('out', 'reversal', 'out-by')
      and d.reverses is null
      and (cast(:server as varchar) is null or d.server = :server)
), lines as (
    select s.*, l.above, l.depth, r.kind, r.rate, r.currency as paid_in, r.plan, r.plan_version,
           r.held_min_s, r.cap,
           case when r.kind = 'per-lot' then s.lots else s.commission * s.fx end as base,
           coalesce(max(r.rate) over (
               partition by s.server, s.number, r.kind order by l.depth
               rows between unbounded preceding and 1 preceding), 0) as below,
           s.commission * s.fx + s.lots * s.income_per_lot as income
    from asked s
    join partner_line l on l.partner = s.partner and l.depth < :depth
         and l.valid_from <= s.at and (l.valid_to is null or l.valid_to > s.at)
    join partner p on p.id = l.above and p.state <> 'closed'
    join partner_rate r on r.partner = l.above and r.symbol_group = s.grp
         and r.valid_from <= s.at and (r.valid_to is null or r.valid_to > s.at)
), gross as (
    select *, sum(base * greatest(rate - below, 0)) over (partition by server, number) as total
    from lines
), fixed as (
    select *, case when total > income * cap and total > 0
                   then round(income * cap / total, 18) else 1 end as factor,
           case when held_s is not null and held_s < held_min_s
                then 'held ' || held_s || ' s, the plan asks ' || held_min_s || ' s' end as excluded
    from gross
)
insert into reward (server, deal, partner, kind, client, depth, deal_at, symbol, symbol_group, lots,
    base, rate, below, income, factor, fx_rate, held_s, excluded, amount, currency, plan,
    plan_version, accrued_at)
select server, number, above, kind, client, depth, at, symbol, grp, lots, base, rate, below, income,
       factor, fx, held_s, excluded,
       case when excluded is null then round(base * greatest(rate - below, 0) * factor, 12) else 0 end,
       paid_in, plan, plan_version, :now
from fixed
where (rate > below or excluded is not null) and (held_s is not null or held_min_s = 0)
on conflict (server, deal, partner, kind) where dispute is null do nothing
returning partner
""")


async def accrue(
    work: Work,
    *,
    since: datetime,
    until: datetime,
    rates: Mapping[str, Decimal],
    server: str | None = None,
) -> int:
    """Reward every closing deal imported between two instants (both included).

    `rates` turns one unit of an account's currency into the plans' currency. Returns how many
    rewards were written; a second run writes none.
    """
    settings = work.settings(PartnerSettings)
    symbols = await work.table(
        text(
            "select distinct symbol from deal where imported_at >= :since and imported_at <= :until"
        ),
        {"since": since, "until": until},
    )
    incomes = {group.code: group.income_per_lot for group in settings.symbol_groups}
    named = [row.symbol for row in symbols]
    groups = [settings.group_of(symbol) for symbol in named]
    depth = max(plan.levels.depth for plan in settings.plans)
    written: Sequence[Any] = await work.table(
        ACCRUE,
        {
            "symbols": named,
            "groups": groups,
            "incomes": [incomes.get(group, Decimal(0)) for group in groups],
            "currencies": list(rates),
            "rates": list(rates.values()),
            "since": since,
            "until": until,
            "server": server,
            "depth": depth,
            "now": work.now,
        },
    )
    if written:
        work.record("rewards.accrued", count=len(written))
        for partner in {row.partner for row in written}:
            work.announce(f"client:{partner}|rewards")
    return len(written)
