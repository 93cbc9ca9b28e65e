"""What a move would have come to: the last thirty days counted as they were and as they would have been.

The engine itself counts both, over the same deals, the second time with the lines or the client moved;
that happens inside a savepoint and is taken back, so nothing is written.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select, text

from brokerage.clients import queries as clients
from brokerage.clients.model import Client
from brokerage.partners.model import Partner
from brokerage.partners.permissions import Partners
from brokerage.partners.rewards import accruals, engine, worth
from brokerage.partners.settings import PartnerSettings
from brokerage.partners.tree import placing
from stoa.kernel.refusals import Invalid
from stoa.tenancy.work import Work

WINDOW: Final = timedelta(days=30)
MOST_CLIENTS: Final = 20_000
_OF: Final = worth.TRADED.replace("where d.at >=", "where d.client = any(:clients) and d.at >=")
assert _OF != worth.TRADED  # noqa: S101 - the statement is put together from parts
COUNT: Final = text(f"""
with {_OF}, {worth.ASKED}, {worth.CORE}
select partner, sum(amount) as amount from worth group by partner
""")  # noqa: S608 - every part is ours
SEEN: Final = text("""
select d.symbol, t.product, min(d.at) as first, max(d.at) as last, count(*) as count from deal d
join trading_account t on t.id = d.account and t.kind = 'live'
where d.client = any(:clients) and d.at >= :first and d.at < :last and d.kind in ('buy', 'sell')
group by 1, 2
""")
CUT: Final = text(
    "update partner_line l set valid_to = :first where (l.valid_to is null or l.valid_to > :first) "
    "and l.partner = any(:below) and l.above <> all(:below)"
)
JOINED: Final = text(
    "insert into partner_line (partner, above, valid_from, depth) "
    "select d.partner, u.above, :first, d.depth + u.depth + 1 from partner_line d "
    "cross join partner_line u where d.above = :partner and d.valid_from <= :now "
    "and (d.valid_to is null or d.valid_to > :now) and u.partner = :parent "
    "and u.valid_from <= :now and (u.valid_to is null or u.valid_to > :now) on conflict do nothing"
)
FREED: Final = text("delete from attribution where client = :client and valid_from >= :first")
ENDED: Final = text(
    "update attribution set valid_to = :first where client = :client "
    "and (valid_to is null or valid_to > :first)"
)
RATIOS: Final = text(
    "update partner_standing set ratio = :ratio, master = :master where partner = :partner "
    "and (valid_to is null or valid_to > :first)"
)
GIVEN: Final = text(
    "insert into attribution (client, valid_from, partner, rule, touches) "
    "values (:client, :first, :partner, 'preview', '[]')"
)


@dataclass(frozen=True, slots=True)
class Change:
    """What one partner earned on these clients, and would have earned."""

    partner: UUID
    code: str
    name: str
    before: Decimal
    after: Decimal

    @property
    def difference(self) -> Decimal:
        return self.after - self.before


@dataclass(frozen=True, slots=True)
class Preview:
    """By partner, the largest difference first; `deals` closed in the window, of so many clients."""

    changes: Sequence[Change]
    deals: int
    clients: int
    currency: str
    whole: bool
    """False where there are more clients than are counted here."""

    @property
    def difference(self) -> Decimal:
        """What the broker would have paid more."""
        return sum((one.difference for one in self.changes), Decimal(0))


async def of_move(
    work: Work, partner: UUID, *, parent: UUID | None, at: datetime | None = None
) -> Preview:
    """Of a partner with everyone below. Raises what the move itself would raise."""
    work.require(Partners.EDIT)
    below = list(await work.rows(placing.now_below(partner, work.now)))
    ids = await work.rows(
        select(Client.id).where(Client.partner.in_(below)).limit(MOST_CLIENTS + 1)
    )
    await placing.may_move(work, partner, parent, at)

    async def moved(first: datetime) -> None:
        await work.run(CUT, {"first": first, "below": below})
        if parent is not None:
            places = {"first": first, "now": work.now, "partner": partner, "parent": parent}
            await work.run(JOINED, places)

    return await _preview(work, ids, moved)


async def of_ratios(work: Work, partner: UUID, *, ratio: Decimal, master: Decimal) -> Preview:
    """Of other ratios of a partner: on their own rewards, and on those of everybody below."""
    work.require(Partners.EDIT)
    below = list(await work.rows(placing.now_below(partner, work.now)))
    ids = await work.rows(
        select(Client.id).where(Client.partner.in_(below)).limit(MOST_CLIENTS + 1)
    )

    async def moved(first: datetime) -> None:
        await work.run(
            RATIOS, {"partner": partner, "first": first, "ratio": ratio, "master": master}
        )

    return await _preview(work, ids, moved)


async def of_client(work: Work, client: UUID, *, partner: UUID | None) -> Preview:
    """Of one client given to another partner, or to nobody. Raises Invalid for their own self."""
    work.require(Partners.EDIT)
    if partner == client:
        raise Invalid("A partner is not their own client. Nothing was changed.", field="code")

    async def moved(first: datetime) -> None:
        given = {"client": client, "first": first, "partner": partner}
        await work.run(FREED, given)
        await work.run(ENDED, given)
        if partner is not None:
            await work.run(GIVEN, given)

    return await _preview(work, [client], moved)


async def _preview(work: Work, ids: Sequence[UUID], moved: Any) -> Preview:
    """Counts before and after `moved` has changed the tree or an attribution from the window's start."""
    first = work.now - WINDOW
    counted = list(ids[:MOST_CLIENTS])
    window = {"clients": counted, "first": first, "last": work.now}
    seen = await work.table(SEEN, window)
    before: dict[UUID, Decimal] = {}
    after: dict[UUID, Decimal] = {}
    if seen:
        asked = await _asked(work, seen, window)
        before = await _count(work, asked)
        step = await work.session.begin_nested()
        try:
            await moved(first)
            after = await _count(work, asked)
        finally:
            await step.rollback()
    return Preview(
        await _changes(work, before, after),
        sum(row.count for row in seen),
        len(counted),
        work.settings(PartnerSettings).currency,
        len(ids) <= MOST_CLIENTS,
    )


async def _asked(work: Work, seen: Sequence[Any], window: dict[str, Any]) -> dict[str, Any]:
    rows = [
        SimpleNamespace(symbol=row.symbol, product=row.product, first=row.first, last=row.last)
        for row in seen
    ]
    offered = await accruals.terms(work, rows)
    given = window | accruals.parameters(work, offered, await engine.into_plans(work))
    return {name: value for name, value in given.items() if name in COUNT.compile().params}


async def _count(work: Work, asked: dict[str, Any]) -> dict[UUID, Decimal]:
    return {row.partner: Decimal(row.amount) for row in await work.table(COUNT, asked)}


async def _changes(
    work: Work, before: dict[UUID, Decimal], after: dict[UUID, Decimal]
) -> list[Change]:
    wanted = [
        one
        for one in {*before, *after}
        if before.get(one, Decimal(0)) != after.get(one, Decimal(0))
    ]
    codes = {
        row.id: row.code
        for row in await work.table(select(Partner.id, Partner.code).where(Partner.id.in_(wanted)))
    }
    names = await clients.names(work, wanted)
    found = [
        Change(
            one,
            codes.get(one, ""),
            names.get(one, ""),
            before.get(one, Decimal(0)),
            after.get(one, Decimal(0)),
        )
        for one in wanted
    ]
    return sorted(found, key=lambda one: (-abs(one.difference), one.code))
