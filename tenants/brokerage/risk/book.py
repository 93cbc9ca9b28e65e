"""The whole book as SQL: every open live position named, placed and valued, and sums over it.

    held(ground)                              every open position of live accounts, one row each
    grouped(ground, "symbol", where=...)      sums by a part of the book

A position whose price currency or account has no stored rate has no value in the house's currency:
it is counted as `unpriced` and never as zero.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Numeric,
    Subquery,
    Text,
    and_,
    case,
    cast,
    column,
    func,
    literal,
    literal_column,
    null,
    or_,
    select,
    true,
)

from brokerage.clients.model import Client
from brokerage.risk.ground import Ground
from brokerage.risk.settings import Where
from brokerage.trading.model import OpenPosition, TradingAccount

LIVE: Final[ColumnElement[str]] = literal_column("'live'")
_CENTS: Final = 6
"""A position's value is rounded here, by itself, so that sums are sums of what is shown."""
_LOT_DIGITS: Final = 8
NUMBER: Final = Numeric(38, 18)


def _texts(values: Sequence[str]) -> Any:
    return literal(list(values), ARRAY(Text))


def _numbers(values: Sequence[Decimal | None]) -> Any:
    return literal(list(values), ARRAY(NUMBER))


def priced(ground: Ground) -> Any:
    """Every symbol of every server with its one name and its price currency's stored rate."""
    keys = sorted(ground.names)
    known = [ground.names[key] for key in keys]
    return (
        func.unnest(
            _texts([server for server, _ in keys]),
            _texts([raw for _, raw in keys]),
            _texts([one.name for one in known]),
            _texts([one.underlying for one in known]),
            _texts([one.family for one in known]),
            _numbers([ground.rate(one.quote) for one in known]),
            _numbers([ground.sizes.get(one.name) for one in known]),
        )
        .table_valued(
            column("server", Text),
            column("raw", Text),
            column("name", Text),
            column("underlying", Text),
            column("family", Text),
            column("rate", NUMBER),
            column("size", NUMBER),
            name="named",
        )
        .render_derived()
    )


def _valued(ground: Ground) -> Any:
    known = [
        code for code in sorted({*ground.currencies, ground.house}) if ground.rate(code) is not None
    ]
    return (
        func.unnest(_texts(known), _numbers([ground.rate(code) for code in known]))
        .table_valued(column("currency", Text), column("rate", NUMBER), name="valued")
        .render_derived()
    )


def _pattern(text: str) -> str:
    r"""`real\raw*` as LIKE reads it, with `!` for what it would read otherwise."""
    for mark in ("!", "%", "_"):
        text = text.replace(mark, "!" + mark)
    return text.replace("*", "%").replace("?", "_")


def _placed(rules: Sequence[Where], usual: str) -> ColumnElement[str]:
    """The name of the first rule that fits an account's server and group."""
    whens: list[tuple[ColumnElement[bool], Any]] = []
    for rule in rules:
        fits: list[ColumnElement[bool]] = []
        if rule.servers:
            fits.append(TradingAccount.server.in_(rule.servers))
        if rule.groups:
            fits.append(
                or_(
                    *(
                        TradingAccount.server_group.like(_pattern(one), escape="!")
                        for one in rule.groups
                    )
                )
            )
        whens.append((and_(true(), *fits), cast(literal(rule.name), Text)))
    if not whens:
        return cast(literal(usual), Text)
    return case(*whens, else_=cast(literal(usual), Text))


def book_of(ground: Ground) -> ColumnElement[str]:
    """The book of a trading account, for statements of other modules' tables."""
    return _placed(ground.settings.books, ground.settings.book)


def stop_out_of(ground: Ground) -> ColumnElement[Any]:
    """The margin level at which an account's server closes its positions, in percent: what the
    settings say of its group, else what the server told, else the usual.
    """
    keys = sorted(ground.stops)
    told = (
        func.unnest(
            _texts([server for server, _ in keys]),
            _texts([name for _, name in keys]),
            _numbers([ground.stops[key] for key in keys]),
        )
        .table_valued(
            column("server", Text), column("name", Text), column("stop", NUMBER), name="told"
        )
        .render_derived()
    )
    known = (
        select(told.c.stop)
        .where(
            told.c.server == TradingAccount.server,
            told.c.name == func.lower(TradingAccount.server_group),
        )
        .scalar_subquery()
    )
    usual = func.coalesce(known, cast(literal(ground.settings.stop_out), Numeric))
    whens = [
        (
            or_(*(TradingAccount.server_group.like(_pattern(p), escape="!") for p in one.groups)),
            cast(literal(one.percent), Numeric),
        )
        for one in ground.settings.stop_outs
        if one.groups
    ]
    return case(*whens, else_=usual) if whens else usual


def rate_of(ground: Ground, currency: Any) -> ColumnElement[Any]:
    """The stored rate of a column's currency into the house's; NULL where there is none."""
    valued = _valued(ground)
    return select(valued.c.rate).where(valued.c.currency == currency).scalar_subquery()


def held(ground: Ground, within: ColumnElement[bool] | None = None) -> Subquery:
    """Every open position of live accounts. `net` is signed lots, `notional` signed and in the
    house's currency, `worth` one percent's worth of the price in the account's currency.
    """
    named, valued = priced(ground), _valued(ground)
    position, account = OpenPosition, TradingAccount
    sign = case((position.side == "buy", 1), else_=-1)
    units = position.lots * position.contract_size * position.price_now * sign
    notional = func.round(units * named.c.rate, _CENTS)
    # In lots of one size, whatever a lot is on the platform.
    lots = func.coalesce(
        func.round(position.lots * position.contract_size / named.c.size, _LOT_DIGITS),
        position.lots,
    )
    return (
        select(
            position.server,
            position.number,
            position.account,
            position.client,
            account.login,
            account.currency,
            account.server_group.label("group"),
            account.follows.label("provider"),
            position.symbol.label("raw"),
            func.coalesce(named.c.name, cast(position.symbol, Text)).label("symbol"),
            func.coalesce(named.c.underlying, cast(position.symbol, Text)).label("underlying"),
            func.coalesce(named.c.family, "other").label("family"),
            book_of(ground).label("book"),
            _placed(ground.settings.entities, ground.entity).label("entity"),
            func.coalesce(Client.team, "").label("desk"),
            Client.reference,
            position.side,
            lots.label("lots"),
            (lots * sign).label("net"),
            position.price_open,
            position.price_now,
            position.profit,
            notional.label("notional"),
            func.round((position.profit + position.swap) * valued.c.rate, _CENTS).label("result"),
            func.round(units * named.c.rate / valued.c.rate / 100, _CENTS).label("worth"),
            position.opened_at,
            position.told_at,
        )
        .join(account, account.id == position.account)
        .outerjoin(Client, Client.id == position.client)
        .outerjoin(
            named,
            and_(named.c.server == position.server, named.c.raw == position.symbol),
        )
        .outerjoin(valued, valued.c.currency == account.currency)
        .where(account.kind == LIVE, true() if within is None else within)
        .subquery("held")
    )


PARTS: Final[Mapping[str, str]] = {
    "symbol": "symbol",
    "underlying": "underlying",
    "family": "family",
    "book": "book",
    "entity": "entity",
    "server": "server",
    "group": "group",
    "desk": "desk",
    "currency": "currency",
    "account": "account",
    "client": "client",
    "provider": "provider",
}


def key_of(source: Subquery, by: str) -> ColumnElement[Any]:
    """What a position is counted under, as text."""
    if by == "all":
        return cast(literal("all"), Text)
    return cast(source.c[PARTS[by]], Text)


def grouped(
    ground: Ground,
    by: str,
    *,
    within: ColumnElement[bool] | None = None,
    where: Mapping[str, str] | None = None,
) -> Subquery:
    """Sums by a part of the book. `net` is lots (of one instrument alone it means something);
    `open` nets each symbol first and adds what is left, so that gold does not hide euro.
    """
    source = held(ground, within)
    key = key_of(source, by).label("key")
    conditions = [key_of(source, part) == value for part, value in (where or {}).items()]
    if by == "provider":
        conditions.append(source.c.provider.is_not(null()))
    c = source.c
    middle = (
        select(
            key,
            c.symbol,
            func.count().label("positions"),
            func.coalesce(func.sum(c.lots).filter(c.side == "buy"), 0).label("long"),
            func.coalesce(func.sum(c.lots).filter(c.side != "buy"), 0).label("short"),
            func.sum(c.notional).label("notional"),
            func.sum(func.abs(c.notional)).label("gross"),
            func.sum(c.result).label("result"),
            func.count().filter(or_(c.notional.is_(None), c.result.is_(None))).label("unpriced"),
            func.count().filter(c.told_at < ground.fresh_from).label("stale"),
            func.min(c.told_at).label("oldest"),
        )
        .where(*conditions)
        .group_by(key, c.symbol)
        .subquery("middle")
    )
    m = middle.c
    return (
        select(
            m.key,
            func.sum(m.positions).label("positions"),
            func.sum(m.long).label("long"),
            func.sum(m.short).label("short"),
            (func.sum(m.long) - func.sum(m.short)).label("net"),
            func.coalesce(func.sum(m.notional), 0).label("notional"),
            func.sum(func.abs(func.coalesce(m.notional, 0))).label("open"),
            func.coalesce(func.sum(m.gross), 0).label("gross"),
            func.coalesce(func.sum(m.result), 0).label("result"),
            func.sum(m.unpriced).label("unpriced"),
            func.sum(m.stale).label("stale"),
            func.min(m.oldest).label("oldest"),
        )
        .group_by(m.key)
        .subquery("top")
    )
