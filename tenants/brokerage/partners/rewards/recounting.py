"""Rewards counted again from the deals, the tree and the settings of their time.

What differs becomes a line of its own, never an edit: it states the whole sum anew and takes off what
was given already. Counted a second time, nothing differs. The rate of exchange is the one a deal was
rewarded with; only a deal that nobody was rewarded for takes today's.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from brokerage.partners.permissions import Partners
from brokerage.partners.rewards import (
    accruals,
    clawing,
    comparing,
    planning,
    restating,
    slicing,
    worth,
)
from brokerage.partners.rewards.timeline import Epoch
from stoa.kernel.refusals import Invalid
from stoa.tenancy.work import Work

LONGEST: Final = timedelta(days=400)
REVERSED: Final = text(f"""
with touched as (
    select d.server, d.number from deal v
    join deal d on d.server = v.server and d.number = v.reverses
    where v.imported_at >= :since and v.imported_at <= :until and v.reverses is not null
      and (cast(:server as varchar) is null or v.server = :server)
), {slicing.EXISTING}, gone as (
    select * from existing where given <> 0
), written as (
    insert into reward ({worth.COLUMNS})
    select {worth.ID}, x.* from ({comparing.gone(comparing.LAST)}) x
    on conflict do nothing
{comparing.WRITTEN}""")  # noqa: S608 - every part is ours
CANCELLED: Final = "the trading server cancelled the deal"
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

    A closed month of which a part is counted again is counted again whole. Each row has `partner`, `count`
    of lines, of them `adjusted`, and their `amount`. Raises Invalid for an empty stretch and for one
    longer than four hundred days.
    """
    work.require(Partners.EDIT)
    within(first, last)
    found: dict[Any, Any] = {}
    for one in await slicing.cut(work, first, last):
        for row in await slicing.count(work, one, rates=rates, why=why, epochs=epochs):
            found.setdefault(row.partner, []).append(row)
    for row in await restating.months(work, first, last, rates=rates, why=why, epochs=epochs):
        found.setdefault(row.partner, []).append(row)
    await clawing.follow(work, undone(one for rows in found.values() for one in rows))
    work.reason = why[:400]
    return [_Sum(partner, rows) for partner, rows in found.items()]


def within(first: datetime, last: datetime) -> None:
    """Raises Invalid for an empty stretch and for one longer than four hundred days."""
    if not first < last <= first + LONGEST:
        raise Invalid("Choose a stretch of at most {days} days.", field="to", days=LONGEST.days)


def undone(rows: Iterable[Any]) -> set[UUID]:
    """Of clients whose rewards were just written, those whose payments are undone."""
    return {one for row in rows for one in row.undone or ()}


async def closed(work: Work, first: datetime, last: datetime) -> Sequence[Any]:
    """What closed in a stretch by symbol and product: `first`, `last` and `count` of each.

    Nobody knows yet whether that is many, and just after a great import the database expects few.
    """
    async with planning.over(work, planning.MANY):
        return await work.table(SEEN, {"first": first, "last": last})


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
    await clawing.follow(work, undone(rows))
    return await accruals.told(work, rows)


class _Sum:
    """What a recount wrote for one partner."""

    def __init__(self, partner: Any, rows: Sequence[Any]) -> None:
        self.partner = partner
        self.count = sum(row.count for row in rows)
        self.adjusted = sum(row.adjusted for row in rows)
        self.amount = sum((row.amount for row in rows), Decimal(0))
