"""Lines counted anew beside what there is: what is missing is written, what differs is a line of its own.

Parts of statements, for deals and for what is no deal: each names in `existing` what was given so far,
and how the last line of it is found again.
"""

from typing import Final

from brokerage.partners.rewards import clawing, worth

_KEY: Final = ("server", "number", "partner", "kind")
WRITTEN: Final = f"""
    returning partner, client, turn, amount
)
select partner, count(*) as count, count(*) filter (where turn > 0) as adjusted, sum(amount) as amount,
       {clawing.UNDONE} as undone
from written group by 1
"""  # noqa: S608 - every part is ours


LAST: Final = "r.deal = g.number and r.deal <> 0"
"""How the last line on a deal or a fee is found again."""


def existing(source: str) -> str:
    """What was given on each deal or fee `t` of `source`, one by one along the index: what there is
    of other months and years is not gone through.
    """
    return f"""
existing as (
    select t.server, t.number, g.partner, g.kind, g.given, g.turn, g.lots
    from {source}
    cross join lateral (
        select r.partner, r.kind, sum(r.amount) as given, max(r.turn) as turn, sum(r.lots) as lots
        from reward r
        where r.deal = t.number and r.server = t.server and r.deal <> 0 and r.dispute is null
        group by 1, 2
    ) g
)"""  # noqa: S608 - every part is ours


def gone(last: str) -> str:
    """Lines that take all of `gone` back; `last` finds the line of a reward `r` of one `g` of them."""
    return f"""
    select g.server, g.number, g.partner, g.kind, g.turn + 1, r.client, r.depth, cast(:now as timestamptz),
           r.symbol, r.symbol_group, -g.lots, 0, r.rate, r.below, r.ratio, r.income,
           cast(null as numeric), cast(null as numeric), cast(null as numeric), g.given, r.fx_rate,
           r.held_s, r.pips, r.spread, r.how, r.found_by, r.tier, cast(null as varchar), -g.given,
           r.currency, r.plan, r.plan_version, cast(:now as timestamptz), cast(:cause as varchar)
    from gone g
    cross join lateral (
        select * from reward r
        where r.server = g.server and r.partner = g.partner and r.kind = g.kind and r.turn = g.turn
          and r.dispute is null and {last} limit 1
    ) r
"""  # noqa: S608 - every part is ours


def compared(existing: str, last: str, *key: str) -> str:
    """`worth` beside `existing`, joined by what every line has and by `key`; ends within `written`.

    Partner by partner, so that many lines lie beside one another in the index by partner.
    """
    same = (*_KEY, *key)
    return f"""
{existing}, differ as materialized (
    select w.*, e.given, e.turn, e.lots as all_lots, {", ".join(f"{one} as of_{one}" for one in same)}
    from worth w full join existing e using ({", ".join(same)})
    where e.turn is null or w.amount <> e.given or (w.amount is null and e.given <> 0)
), gone as (
    select {", ".join(f"of_{one} as {one}" for one in same)}, given, turn, all_lots as lots
    from differ where amount is null
), written as (
    insert into reward ({worth.COLUMNS})
    select {worth.ID}, x.* from (
    select server, number, partner, kind, coalesce(turn + 1, 0), client, depth,
           case when turn is null then at else cast(:now as timestamptz) end, symbol, grp,
           case when turn is null then lots else 0 end, base, rate, below, ratio, income, cap, together,
           factor, given, fx, held_s, pips, spread, how, found_by, tier, excluded,
           amount - coalesce(given, 0), cast(:currency as varchar), plan, version,
           cast(:now as timestamptz), case when turn is not null then cast(:cause as varchar) end
    from differ where amount is not null
    union all {gone(last)}
    order by partner, number
    ) x"""  # noqa: S608 - every part is ours
