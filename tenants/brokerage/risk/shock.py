"""What if prices moved: every account's equity and margin level after a shock, and the house's share.

The margin is taken as it stands: what a platform would ask anew at other prices is its own matter.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import ARRAY, Text, case, column, func, literal, select

from brokerage.clients import queries as clients
from brokerage.risk import book, rules
from brokerage.risk.book import NUMBER
from brokerage.risk.ground import Ground
from brokerage.risk.rules import Shock
from brokerage.trading.model import TradingAccount
from stoa.kernel.money import Money
from stoa.tenancy.work import Work

_MOST: Final = 50


@dataclass(frozen=True, slots=True)
class Hit:
    """One account that would be stopped out and is not yet."""

    account: Any
    client: Any
    login: int | None
    name: str
    equity: Money
    after: Money
    level: Decimal
    level_after: Decimal


@dataclass(frozen=True, slots=True)
class Outcome:
    """The whole book after the shock, in the house's currency; `house` is what the clients lose."""

    positions: int
    accounts: int
    unpriced: int
    clients: Decimal
    by_book: Sequence[tuple[str, Decimal, int]]
    stopped: int
    below_zero: int
    beyond: Decimal
    """What would be missing on accounts below zero: a loss of the house."""
    hits: Sequence[Hit]

    @property
    def house(self) -> Decimal:
        return -self.clients


def _moves(ground: Ground, wanted: Sequence[Shock]) -> Any:
    """How many percent each known name moves; others by what fits them as strangers."""
    families = {one.name: one.family for one in ground.names.values()}
    moved = {name: rules.moves(wanted, name, family) for name, family in sorted(families.items())}
    return (
        func.unnest(
            literal(list(moved), ARRAY(Text)),
            literal(list(moved.values()), ARRAY(NUMBER)),
        )
        .table_valued(column("name", Text), column("percent", NUMBER), name="moved")
        .render_derived()
    )


def _after(ground: Ground, wanted: Sequence[Shock], within: Any) -> Any:
    """One row an account: what the shock does to it, in its own and in the house's currency."""
    source, moved = book.held(ground, within), _moves(ground, wanted)
    usual = rules.moves(wanted, "", "other")
    percent = func.coalesce(moved.c.percent, literal(usual, NUMBER))
    change = (
        select(
            source.c.account,
            func.min(source.c.book).label("book"),
            func.count().label("positions"),
            func.count().filter(source.c.worth.is_(None)).label("unpriced"),
            func.coalesce(func.sum(source.c.worth * percent), 0).label("own"),
            func.coalesce(func.sum(source.c.notional * percent / 100), 0).label("house"),
        )
        .select_from(source.outerjoin(moved, moved.c.name == source.c.symbol))
        .group_by(source.c.account)
        .subquery("change")
    )
    t, out = TradingAccount, book.stop_out_of(ground)
    after = t.equity + change.c.own
    free = t.margin > 0
    return (
        select(
            t.id,
            t.client,
            t.login,
            t.currency,
            t.equity,
            t.margin,
            change.c.book,
            change.c.positions,
            change.c.unpriced,
            change.c.house,
            after.label("after"),
            case((free, t.equity * 100 / func.nullif(t.margin, 0))).label("level"),
            case((free, after * 100 / func.nullif(t.margin, 0))).label("level_after"),
            case((free, after * 100 < t.margin * out), else_=after < 0).label("stopped"),
            case((free, t.equity * 100 < t.margin * out), else_=t.equity < 0).label("before"),
            case(
                (after < 0, after * func.coalesce(book.rate_of(ground, t.currency), 0)), else_=0
            ).label("beyond"),
        )
        .join(change, change.c.account == t.id)
        .subquery("after")
    )


async def run(work: Work, ground: Ground, wanted: Sequence[Shock]) -> Outcome:
    """The shock on every open position in the reader's scope; nothing is changed anywhere."""
    after = _after(ground, wanted, clients.within(work, TradingAccount.client))
    c = after.c
    fresh = c.stopped & ~c.before
    books = await work.table(
        select(
            c.book,
            func.count().label("accounts"),
            func.sum(c.positions).label("positions"),
            func.sum(c.unpriced).label("unpriced"),
            func.sum(c.house).label("house"),
            func.count().filter(fresh).label("stopped"),
            func.count().filter(c.after < 0).label("below"),
            func.sum(c.beyond).label("beyond"),
        )
        .group_by(c.book)
        .order_by(c.book)
        .limit(50)
    )
    rows = await work.table(
        select(after).where(fresh).order_by((c.equity - c.after).desc(), c.id).limit(_MOST)
    )
    names = await clients.names(work, [row.client for row in rows])
    return Outcome(
        positions=sum(int(row.positions) for row in books),
        accounts=sum(int(row.accounts) for row in books),
        unpriced=sum(int(row.unpriced) for row in books),
        clients=sum((Decimal(row.house) for row in books), Decimal(0)),
        by_book=[(row.book, -Decimal(row.house), int(row.stopped)) for row in books],
        stopped=sum(int(row.stopped) for row in books),
        below_zero=sum(int(row.below) for row in books),
        beyond=-sum((Decimal(row.beyond) for row in books), Decimal(0)),
        hits=[_hit(row, names.get(row.client, "")) for row in rows],
    )


def _hit(row: Any, name: str) -> Hit:
    return Hit(
        account=row.id,
        client=row.client,
        login=row.login,
        name=name,
        equity=Money(row.equity, row.currency).rounded(),
        after=Money(row.after, row.currency).rounded(),
        level=Decimal(row.level or 0),
        level_after=Decimal(row.level_after or 0),
    )
