"""A stretch of time cut into slices of deals, and one slice counted again.

A slice is the deals of one server between two numbers: servers count on with time, so these lie beside
one another in every index that is read or written, and no two slices share a deal.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import text

from brokerage.partners.rewards import accruals, comparing, planning, worth
from brokerage.partners.rewards.timeline import Epoch
from stoa.tenancy.work import Work

AT_ONCE: Final = 40_000
"""Deals counted at once: what is compared fits into memory, and a statement into its time."""
_FX: Final = """case when d.currency = :currency then 1 else coalesce((
               select r.fx_rate from reward r where r.deal = d.number and r.server = d.server
               and r.dispute is null and r.deal <> 0 order by r.turn limit 1), f.rate) end as fx"""
_ASKED: Final = worth.ASKED.replace("f.rate as fx", _FX)
assert _FX in _ASKED  # noqa: S101 - the statement is put together from parts
EXISTING: Final = comparing.existing("touched t")
_COMPARED: Final = comparing.compared(EXISTING, comparing.LAST)
_AGAIN: Final = f"with {worth.SLICED}, {_ASKED}, {worth.CORE}, {_COMPARED}"
AGAIN: Final = accruals.Write(
    text(_AGAIN + comparing.WRITTEN), text(f"{_AGAIN} on conflict do nothing {comparing.WRITTEN}")
)
SEEN: Final = text(f"""
select d.symbol, t.product, min(d.at) as first, max(d.at) as last, count(*) as count
from deal d
join trading_account t on t.id = d.account and t.kind = 'live'
where {worth.SLICE} and d.at >= :first and d.at < :last and d.kind in ('buy', 'sell') group by 1, 2
""")  # noqa: S608 - every part is ours


@dataclass(frozen=True, slots=True)
class Slice:
    """Deals of `server` from number `least` to `most`, of those that closed in the stretch."""

    first: datetime
    last: datetime
    server: str
    least: int
    most: int
    count: int


async def cut(
    work: Work, first: datetime, last: datetime, *, after: tuple[str, int] = ("", 0)
) -> list[Slice]:
    """What closed from `first` until before `last`, in order; `after` is a server and number done with."""
    named = {"first": first, "last": last, "at_once": AT_ONCE}
    rows = await work.table(worth.CUT, named | {"after_server": after[0], "after": after[1]})
    return [Slice(first, last, row.server, row.least, row.most, row.count) for row in rows]


async def count(
    work: Work,
    of: Slice,
    *,
    rates: Mapping[str, Decimal],
    why: str,
    epochs: Sequence[Epoch] | None = None,
) -> Sequence[Any]:
    """Count one slice again; what was written, by partner."""
    named = {
        "first": of.first,
        "last": of.last,
        "server": of.server,
        "least": of.least,
        "most": of.most,
    }
    async with planning.over(work, of.count):
        seen = await work.table(SEEN, named)
        if not seen:
            return []
        offered = await accruals.terms(work, seen, epochs)
        values = named | {"cause": why[:120]} | accruals.parameters(work, offered, rates)
        rows = await accruals.write(work, AGAIN, values)
    await accruals.told(work, rows)
    return rows
