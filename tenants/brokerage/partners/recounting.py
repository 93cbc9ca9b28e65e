"""Rewards counted again from the deals, the tree and the settings of their time.

What differs becomes a line of its own, never an edit: it states the whole sum anew and takes off what
was given already. Counted a second time, nothing differs. The rate of exchange is the one a deal was
rewarded with; only a deal that nobody was rewarded for takes today's.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import text

from brokerage.partners import accruals, clawing, planning, worth
from brokerage.partners.permissions import Partners
from brokerage.partners.timeline import Epoch
from stoa.kernel.refusals import Invalid
from stoa.tenancy.work import Work

LONGEST: Final = timedelta(days=400)
STRETCH: Final = timedelta(days=8)
"""Counted at once: what is compared fits into memory, and rewards are gone through four times a month."""
_FX: Final = """case when d.currency = :currency then 1 else coalesce((
               select r.fx_rate from reward r where r.deal = d.number and r.server = d.server
               and r.dispute is null and r.deal <> 0 order by r.turn limit 1), f.rate) end as fx"""
_ASKED: Final = worth.ASKED.replace("f.rate as fx", _FX)
assert _FX in _ASKED  # noqa: S101 - the statement is put together from parts
_EXISTING: Final = """
existing as materialized (
    select r.server, r.deal as number, r.partner, r.kind, sum(r.amount) as given, max(r.turn) as turn,
           sum(r.lots) as lots
    from touched t join reward r on r.deal = t.number and r.server = t.server
    where r.dispute is null and r.deal <> 0 group by 1, 2, 3, 4
)"""
_GONE: Final = """
    select g.server, g.number, g.partner, g.kind, g.turn + 1, r.client, r.depth, cast(:now as timestamptz),
           r.symbol, r.symbol_group, -g.lots, 0, r.rate, r.below, r.ratio, r.income,
           cast(null as numeric), cast(null as numeric), cast(null as numeric), g.given, r.fx_rate,
           r.held_s, r.pips, r.spread, r.how, r.found_by, r.tier, cast(null as varchar), -g.given,
           r.currency, r.plan, r.plan_version, cast(:now as timestamptz), cast(:cause as varchar)
    from gone g
    join reward r on r.deal = g.number and r.server = g.server and r.partner = g.partner
         and r.kind = g.kind and r.turn = g.turn and r.dispute is null
"""
_WRITTEN: Final = """
    returning partner, client, turn, amount
)
select partner, count(*) as count, count(*) filter (where turn > 0) as adjusted, sum(amount) as amount,
       array_agg(distinct client) as clients
from written group by 1
"""
_COMPARED: Final = f"""
{_EXISTING}, fresh as (
    select w.* from worth w left join existing e using (server, number, partner, kind)
    where e.turn is null
), changed as (
    select w.*, e.given, e.turn from worth w join existing e using (server, number, partner, kind)
    where w.amount <> e.given
), gone as (
    select e.* from existing e left join worth w using (server, number, partner, kind)
    where e.given <> 0 and w.amount is null
), written as (
    insert into reward ({worth.COLUMNS})
    select {worth.ID}, x.* from (
    select server, number, partner, kind, 0, client, depth, at, symbol, grp, lots, base,
           rate, below, ratio, income, cap, together, factor, cast(null as numeric), fx, held_s, pips,
           spread, how, found_by, tier, excluded, amount, cast(:currency as varchar), plan, version,
           cast(:now as timestamptz), cast(null as varchar)
    from fresh
    union all
    select server, number, partner, kind, turn + 1, client, depth, cast(:now as timestamptz), symbol,
           grp, 0, base, rate, below, ratio, income, cap, together, factor, given, fx, held_s, pips,
           spread, how, found_by, tier, excluded, amount - given, cast(:currency as varchar), plan,
           version, cast(:now as timestamptz), cast(:cause as varchar)
    from changed
    union all {_GONE}
    ) x
    on conflict do nothing
{_WRITTEN}"""  # noqa: S608 - every part is ours
REVERSED: Final = text(f"""
with touched as (
    select d.server, d.number from deal v
    join deal d on d.server = v.server and d.number = v.reverses
    where v.imported_at >= :since and v.imported_at <= :until and v.reverses is not null
      and (cast(:server as varchar) is null or v.server = :server)
), {_EXISTING}, gone as (
    select * from existing where given <> 0
), written as (
    insert into reward ({worth.COLUMNS})
    select {worth.ID}, x.* from ({_GONE}) x
    on conflict do nothing
{_WRITTEN}""")  # noqa: S608 - every part is ours
CANCELLED: Final = "the trading server cancelled the deal"
RANGE: Final = text(f"""
with {worth.TRADED}, {_ASKED}, {worth.CORE},
{_COMPARED}""")
SEEN: Final = text("""
select d.symbol, t.product, min(d.at) as first, max(d.at) as last, count(*) as count
from deal d
join trading_account t on t.id = d.account and t.kind = 'live'
where d.at >= :first and d.at < :last and d.kind in ('buy', 'sell') group by 1, 2
""")


async def recount(
    work: Work,
    first: datetime,
    last: datetime,
    *,
    rates: Mapping[str, Decimal],
    why: str,
    epochs: Sequence[Epoch] | None = None,
) -> Sequence[Any]:
    """Count deals again that closed from `first` until before `last`; what was written, by partner.

    Each row has `partner`, `count` of lines, of them `adjusted`, and their `amount`. Raises Invalid for
    an empty stretch and for one longer than four hundred days.
    """
    work.require(Partners.EDIT)
    if not first < last <= first + LONGEST:
        raise Invalid("Choose a stretch of at most {days} days.", field="to", days=LONGEST.days)
    found: dict[Any, Any] = {}
    since = first
    while since < last:
        until = min(since + STRETCH, last)
        for row in await _stretch(work, since, until, rates, why, epochs):
            found.setdefault(row.partner, []).append(row)
        since = until
    await clawing.follow(
        work, {one for rows in found.values() for row in rows for one in row.clients}
    )
    work.reason = why[:400]
    return [_Sum(partner, rows) for partner, rows in found.items()]


async def reverse(
    work: Work, *, since: datetime, until: datetime, server: str | None = None
) -> int:
    """Take back the rewards of deals that were taken back by an import; how many lines."""
    rows = await work.table(
        REVERSED,
        {
            "since": since,
            "until": until,
            "server": server,
            "now": work.now,
            "cause": CANCELLED,
            "prefix": worth.prefix(work.now),
        },
    )
    await clawing.follow(work, {one for row in rows for one in row.clients})
    return await accruals.told(work, rows)


class _Sum:
    """What a recount wrote for one partner."""

    def __init__(self, partner: Any, rows: Sequence[Any]) -> None:
        self.partner = partner
        self.count = sum(row.count for row in rows)
        self.adjusted = sum(row.adjusted for row in rows)
        self.amount = sum((row.amount for row in rows), Decimal(0))


async def _stretch(
    work: Work,
    first: datetime,
    last: datetime,
    rates: Mapping[str, Decimal],
    why: str,
    epochs: Sequence[Epoch] | None,
) -> Sequence[Any]:
    window = {"first": first, "last": last}
    seen = await work.table(SEEN, window)
    if not seen:
        return []
    offered = await accruals.terms(work, seen, epochs)
    values = window | accruals.parameters(work, offered, rates) | {"cause": why[:120]}
    async with planning.over(work, sum(row.count for row in seen)):
        rows = await work.table(RANGE, values)
    await accruals.told(work, rows)
    return rows
