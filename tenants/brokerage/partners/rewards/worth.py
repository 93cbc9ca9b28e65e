"""What deals are worth to everybody above their client: one statement, used to write, recount, simulate.

The tree above a partner is gone through once per partner, stretch of time without a change, and class of
symbols (`chain`); deals are joined to it afterwards, so that many deals cost little more than few. Each
line carries everything it was made of; `rules.amount` is the same sum in Python.
"""

from datetime import datetime
from typing import Final

from sqlalchemy import text

from stoa.kernel.ids import uuid7

_DEAL: Final = (
    "d.server, d.number, d.client, d.account, d.at, d.symbol, d.currency, d.entry, d.lots, "
    "d.lots_closed, d.commission, d.spread, d.price, d.opened_at, d.opened_price, d.position"
)
_CLOSING: Final = "d.kind in ('buy', 'sell') and d.entry in ('out', 'reversal', 'out-by')"
CLOSED_LOTS: Final = "case when d.entry = 'reversal' then d.lots_closed else d.lots end"
"""What a closing deal closed: of one that turned a position round, what it opened counts when it closes."""
_STANDS: Final = (
    "d.reverses is null and not exists (select from deal v where v.server = d.server "
    "and v.reverses = d.number)"
)
"""Neither taken back nor what takes another back."""
IMPORTED: Final = f"""
picked as (
    select {_DEAL} from deal d
    where d.imported_at >= :since and d.imported_at <= :until and {_CLOSING} and {_STANDS}
      and (cast(:server as varchar) is null or d.server = :server)
    union all
    select d.* from deal o
    cross join lateral (
        select {_DEAL} from deal d
        where d.server = o.server and d.position = o.position and d.account = o.account and {_CLOSING}
          and {_STANDS} and (d.imported_at < :since or d.imported_at > :until)
        offset 0
    ) d
    where o.imported_at >= :since and o.imported_at <= :until and o.entry = 'in'
      and (cast(:server as varchar) is null or o.server = :server)
)"""  # noqa: S608 - the columns are ours
"""What an import brought, and what waited for an opening that it brought: position by position along
the index, as all deals there are would be gone through otherwise."""
TRADED: Final = f"""
touched as materialized (
    select {_DEAL}, {_STANDS} as stands from deal d
    where d.at >= :first and d.at < :last and {_CLOSING}
), picked as (
    select * from touched where stands
)"""  # noqa: S608 - the columns are ours
"""What closed in a stretch of time, and of it what was not taken back."""
SLICE: Final = "d.server = :server and d.number >= :least and d.number <= :most"
SLICED: Final = TRADED.replace("where d.at", f"where {SLICE} and d.at")
"""Of what closed in a stretch of time, the deals of one server between two numbers: those beside one
another are beside one another in the index of rewards by deal, too."""
CUT: Final = text(f"""
select server, min(number) as least, max(number) as most, count(*) as count
from (
    select d.server, d.number,
           (row_number() over (partition by d.server order by d.number) - 1) / :at_once as nth
    from deal d
    where d.at >= :first and d.at < :last and {_CLOSING}
      and (d.server, d.number) > (cast(:after_server as varchar), cast(:after as bigint))
) x group by server, nth order by server, nth
""")  # noqa: S608 - the columns are ours
FACTS: Final = """
asked as (
    select x.*, cast(null as numeric) as price, cast(null as numeric) as spread,
           cast(null as bigint) as held_s, cast(null as numeric) as opened_price, cast(0 as numeric) as lots
    from unnest(cast(:f_server as varchar[]), cast(:f_number as bigint[]), cast(:f_client as uuid[]),
                cast(:f_partner as uuid[]), cast(:f_at as timestamptz[]), cast(:f_symbol as varchar[]),
                cast(:f_product as varchar[]), cast(:f_worth as numeric[]), cast(:f_fx as numeric[]))
         as x(server, number, client, partner, at, symbol, product, commission, fx)
)"""
"""What is no deal: a fee, a client's month, a client who has come far enough."""
ASKED: Final = f"""
asked as (
    select d.server, d.number, d.client, a.partner, d.at, d.symbol, t.product, d.price, d.spread,
           {CLOSED_LOTS} as lots,
           abs(d.commission) as commission, f.rate as fx,
           cast(extract(epoch from d.at - coalesce(d.opened_at, o.at)) as bigint) as held_s,
           coalesce(d.opened_price, o.price) as opened_price
    from picked d
    join unnest(cast(:currencies as varchar[]), cast(:rates as numeric[])) as f(currency, rate)
      on f.currency = d.currency
    join trading_account t on t.id = d.account and t.kind = 'live'
    join attribution a on a.client = d.client and a.partner is not null
         and a.valid_from <= d.at and (a.valid_to is null or a.valid_to > d.at)
    left join lateral (
        select i.at, i.price from deal i
        where (d.opened_at is null or d.opened_price is null) and i.server = d.server
          and i.position = d.position and i.account = d.account and i.entry = 'in'
          and i.reverses is null
        order by i.at limit 1
    ) o on true
)"""  # noqa: S608 - the columns are ours

PLACED: Final = """
priced as materialized (
    select a.*, s.class, s.name, s.grp,
           round(a.commission * a.fx, 18) as b_commission,
           round(a.lots * s.income, 18) as b_markup,
           round(a.commission * a.fx + a.lots * s.income, 18) as income,
           round(a.spread * a.fx, 18) as b_tick,
           round(abs(a.price - a.opened_price) / s.pip, 4) as pips
    from asked a
    join unnest(cast(:s_epoch as integer[]), cast(:s_symbol as varchar[]),
                cast(:s_product as varchar[]), cast(:s_class as integer[]),
                cast(:s_name as varchar[]), cast(:s_grp as varchar[]),
                cast(:s_income as numeric[]), cast(:s_pip as numeric[]))
         as s(epoch, symbol, product, class, name, grp, income, pip)
      on s.symbol = a.symbol and s.product = a.product
     and s.epoch = width_bucket(a.at, cast(:epochs as timestamptz[]))
), span as (
    select partner as leaf, min(at) as t0, max(at) as t1 from priced group by 1
), stood as materialized (
    select s.leaf, s.t0, s.t1, l.above, l.depth, l.valid_from as line_from, l.valid_to as line_to,
           p.plan, p.tier, p.own, p.ratio, p.master, p.valid_from, p.valid_to
    from span s
    join partner_line l on l.partner = s.leaf
         and l.valid_from <= s.t1 and (l.valid_to is null or l.valid_to > s.t0)
    join partner_standing p on p.partner = l.above
         and p.valid_from <= s.t1 and (p.valid_to is null or p.valid_to > s.t0)
), stretch as materialized (
    select leaf, at as since, lead(at) over (partition by leaf order by at) as till
    from (select leaf, t0 as at from span
          union
          select leaf, x.at from stood, unnest(array[line_from, line_to, valid_from, valid_to]) x(at)
          where x.at > t0 and x.at <= t1) i
), placed as materialized (
    select p.*, s.since from priced p
    join stretch s on s.leaf = p.partner and p.at >= s.since and (s.till is null or p.at < s.till)
)"""

CHAIN: Final = """
standing as (
    select r.leaf, r.since, t.above, t.depth, t.plan, t.tier, t.own,
           t.ratio * case when t.depth < max(t.depth) over w then
               first_value(t.master) over (partition by r.leaf, r.since order by t.depth desc)
               else 1 end as ratio
    from stretch r
    join stood t on t.leaf = r.leaf
         and t.line_from <= r.since and (t.line_to is null or t.line_to > r.since)
         and t.valid_from <= r.since and (t.valid_to is null or t.valid_to > r.since)
    window w as (partition by r.leaf, r.since)
), offered as (
    select w.partner as leaf, w.since, w.class, s.above, s.depth, s.ratio, o.cites, o.version,
           o.kind, o.pay, o.same_share, o.same_depth, o.found_by, o.spread, o.cap,
           nullif(s.tier, '') as tier,
           coalesce(cast(s.own -> 'rates' ->> o.kind as numeric) / o.unit, o.rate) * o.share as rate,
           case when o.on_deals then coalesce(
               cast(s.own -> 'excluded' ->> 'held_less_than_s' as bigint), o.held) else 0 end as held_min,
           case when o.on_deals then coalesce(
               cast(s.own -> 'excluded' ->> 'pips_less_than' as numeric), o.pips) else 0 end as pips_min,
           o.barred as barred, s.own -> 'excluded' -> 'products' as barred_own
    from (select distinct partner, since, class from placed) w
    join standing s on s.leaf = w.partner and s.since = w.since
    join unnest(cast(:o_class as integer[]), cast(:o_plan as varchar[]),
                cast(:o_cites as varchar[]), cast(:o_version as integer[]),
                cast(:o_tier as varchar[]), cast(:o_kind as varchar[]), cast(:o_rate as numeric[]),
                cast(:o_unit as numeric[]), cast(:o_share as numeric[]), cast(:o_level as integer[]),
                cast(:o_reach as integer[]), cast(:o_pay as varchar[]),
                cast(:o_same_share as numeric[]), cast(:o_same_depth as integer[]),
                cast(:o_found_by as varchar[]), cast(:o_spread as varchar[]),
                cast(:o_held as bigint[]), cast(:o_pips as numeric[]),
                cast(:o_barred as boolean[]), cast(:o_cap as numeric[]),
                cast(:o_on_deals as boolean[]))
         as o(class, plan, cites, version, tier, kind, rate, unit, share, level, reach, pay,
              same_share, same_depth, found_by, spread, held, pips, barred, cap, on_deals)
      on o.class = w.class and o.plan = s.plan and o.tier = s.tier and s.depth < o.reach
     and (o.level is null or o.level = s.depth)
), ranked as (
    select *,
           coalesce(max(rate) filter (where pay = 'rank-difference') over (
               partition by leaf, since, class, kind order by depth
               rows between unbounded preceding and 1 preceding), 0) as nearer,
           count(*) filter (where pay = 'rank-difference') over (
               partition by leaf, since, class, kind, rate order by depth
               rows between unbounded preceding and 1 preceding) as equals
    from offered
), paid as (
    select *,
           case when pay = 'by-level' then 'level' when rate > nearer then 'difference'
                when same_share > 0 and rate = nearer and equals between 1 and same_depth
                then 'same-rank' end as how
    from ranked
), chain as materialized (
    select leaf, since, class, above, depth, cites, version, kind, how, found_by, tier, cap, held_min,
           pips_min, barred, barred_own, ratio, nullif(ratio, 1) as told_ratio, spread,
           case how when 'same-rank' then rate * same_share else rate end as rate,
           case how when 'difference' then nearer else 0 end as below,
           case kind when 'per-lot' then 1 when 'revenue-share' then 2 when 'cpa' then 3
                when 'spread-share' then case spread when 'tick' then 4 else 5 end else 6 end as of,
           lpad(to_hex(row_number() over (partition by leaf, since, class)), 4, '0') as line
    from paid where how is not null and (how <> 'level' or rate > 0)
), totals as materialized (
    select leaf, since, class,
           sum((rate - below) * ratio) filter (where kind = 'per-lot') as t_lots,
           sum((rate - below) * ratio) filter (where kind in ('commission-share', 'fee-share', 'profit-share'))
               as t_commission,
           sum((rate - below) * ratio) filter (where kind = 'revenue-share') as t_income,
           sum((rate - below) * ratio) filter (where spread = 'markup') as t_markup,
           sum((rate - below) * ratio) filter (where spread = 'tick') as t_tick
    from chain group by 1, 2, 3
), whole as materialized (
    select p.*, p.lots * coalesce(t.t_lots, 0) + p.b_commission * coalesce(t.t_commission, 0)
           + p.income * coalesce(t.t_income, 0) + p.b_markup * coalesce(t.t_markup, 0)
           + coalesce(p.b_tick, p.b_markup) * coalesce(t.t_tick, 0) as together,
           lpad(to_hex(row_number() over (order by p.partner, p.at)), 7, '0') as nth
    from placed p
    join totals t on t.leaf = p.partner and t.since = p.since and t.class = p.class
)"""

LINES: Final = """
judged as (
    select w.server, w.number, w.client, w.at, w.name, w.grp, w.lots, w.income, w.fx, w.held_s, w.pips,
           w.nth, w.together, c.line, c.above, c.kind, c.depth, c.rate, c.below, c.told_ratio, c.how,
           c.found_by, c.tier, c.cites, c.version, c.held_min, c.pips_min, c.cap,
           case c.of when 1 then w.lots when 2 then w.income when 3 then 1 when 4 then
                coalesce(w.b_tick, w.b_markup) when 5 then w.b_markup else w.b_commission end as base,
           case when c.of = 4 and w.b_tick is not null then 'tick'
                when c.spread is not null then 'markup' end as spread_of,
           w.together > 0 and w.together > w.income * c.cap as capped,
           case when c.barred or (c.barred_own is not null and c.barred_own @> to_jsonb(w.product))
                then 'account type ' || w.product || ' earns nothing'
                when c.held_min > 0 and w.held_s < c.held_min
                then 'held ' || w.held_s || ' s, the plan asks ' || c.held_min || ' s'
                when c.pips_min > 0 and w.pips < c.pips_min
                then 'moved ' || trim_scale(w.pips) || ' pips, the plan asks '
                     || trim_scale(c.pips_min) end as excluded
    from whole w
    join chain c on c.leaf = w.partner and c.since = w.since and c.class = w.class
    offset 0
), lines as (
    select server, number, above as partner, kind, client, depth, at, name as symbol, grp, lots, rate,
           below, told_ratio as ratio, income, fx, held_s, case when pips_min > 0 then pips end as pips,
           how, found_by, tier, cites as plan, version, nth, line, base, spread_of as spread, excluded,
           case when capped then cap end as cap,
           case when capped then round(together, 18) end as together,
           case when capped then div(income * cap * 1e18, round(together, 18)) * 1e-18 end as factor
    from judged
    where (held_s is not null or held_min = 0 or excluded is not null)
      and (pips is not null or pips_min = 0 or excluded is not null)
    offset 0
), worth as (
    select *, case when excluded is null
        then round(base * greatest(rate - below, 0) * coalesce(ratio, 1) * coalesce(factor, 1), 12)
        else 0 end as amount
    from lines
)"""
"""Partner by partner, so that many lines written at once lie beside one another in the index by partner.

`offset 0` keeps what is judged once from being computed again for each that reads it."""

CORE: Final = f"{PLACED}, {CHAIN}, {LINES}"

COLUMNS: Final = (
    "id, server, deal, partner, kind, turn, client, depth, deal_at, symbol, symbol_group, lots, base, "
    "rate, below, ratio, income, cap, together, factor, already, fx_rate, held_s, pips, spread, how, "
    "found_by, tier, excluded, amount, currency, plan, plan_version, accrued_at, cause"
)
ID: Final = "cast(cast(:prefix as text) || lpad(to_hex(row_number() over ()), 8, '0') as uuid)"
"""A prefix of the moment and of chance, then a count: rows written together lie together in the index,
and none of them costs a random number."""
LINE_ID: Final = "cast(left(cast(:prefix as text), 21) || nth || line as uuid)"
"""The same for lines of `worth`, which are numbered already: by deal, and by place above it. Levels are
a thousand at the most (`Levels.depth`), so four digits bear every kind of each."""


def prefix(now: datetime) -> str:
    """The first 24 hexadecimal digits of ids written by one statement."""
    return uuid7(int(now.timestamp() * 1000)).hex[:24]
