"""Exposure as lists: by any part of the book, and the positions behind a part."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    DateTime,
    Text,
    cast,
    column,
    func,
    literal,
    select,
    true,
)

from brokerage.clients import queries as clients
from brokerage.risk import book
from brokerage.risk.exposure import BYS, FILTERS, MOST, Part, part
from brokerage.risk.ground import Ground
from brokerage.risk.names import CLASSES
from brokerage.risk.permissions import Risk
from brokerage.trading.model import TradingAccount
from stoa.kernel.money import Money
from stoa.tenancy.work import Work
from stoa.theming.texts import N_
from stoa.web import tables

_CENTS: Final = Decimal("0.01")


def _options(ground: Ground, name: str) -> list[tuple[str, str]]:
    settings = ground.settings
    if name == "family":
        return [(code, str(label)) for code, label in CLASSES.items()]
    if name == "book":
        return [
            (one, one) for one in dict.fromkeys([*(b.name for b in settings.books), settings.book])
        ]
    if name == "entity":
        said = dict.fromkeys([*(one.name for one in settings.entities), ground.entity])
        return [(one, one) for one in said]
    if name == "server":
        return [(one.code, one.code) for one in ground.servers]
    return []


def filters(ground: Ground, *, apart: Sequence[str] = ()) -> list[tables.Filter]:
    """Filters over the positions themselves: they are applied below the sums."""
    return [
        tables.Filter(
            name,
            BYS[name],
            lambda _work, _value: true(),
            "select" if _options(ground, name) else "text",
            _options(ground, name),
        )
        for name in FILTERS
        if name not in apart
    ]


async def labels_of(work: Work, by: str, keys: Sequence[str]) -> dict[str, Any]:
    """What a part is called: an account by its login and its client's name."""
    if by == "family":
        return {key: CLASSES.get(key, key) for key in keys}
    if by not in {"account", "provider"}:
        return {key: key or "–" for key in keys}
    rows = await work.table(
        select(TradingAccount.id, TradingAccount.login, TradingAccount.client).where(
            TradingAccount.id.in_([UUID(key) for key in keys])
        )
    )
    named = await clients.names(work, [row.client for row in rows])
    return {str(row.id): f"{row.login} · {named.get(row.client, '')}" for row in rows}


def table(
    ground: Ground,
    by: str,
    where: Mapping[str, str],
    within: ColumnElement[bool],
    say: Callable[[str], str],
    known: Sequence[Part] = (),
) -> tables.Table:
    """The list by a part of the book. `say` translates names of classes. `known` are all the parts
    where they were read already: the book is not added up again for its list.
    """
    if 0 < len(known) < MOST:
        top = _laid_out(known)
    else:
        top = book.grouped(ground, by, within=within, where=where)

    async def view(work: Any, rows: Sequence[Any]) -> list[tables.Shown]:
        found = [part(row) for row in rows]
        labels = await labels_of(work, by, [one.key for one in found])
        link = urlencode({name: value for name, value in where.items() if name != by})
        return [
            tables.Shown(
                key=one.key or "-",
                href=f"/desk/exposure/positions?{urlencode({by: one.key})}"
                + (f"&{link}" if link else ""),
                tone="stopped" if one.stale or one.unpriced else "",
                cells=_cells(ground, one, say(labels.get(one.key, one.key)), lots=by == "symbol"),
            )
            for one in found
        ]

    return tables.Table(
        name="exposure",
        title=N_("Exposure"),
        columns=_columns(ground, top.c, by),
        query=lambda _work: select(*top.c),
        view=view,
        id=top.c.key,
        order="open",
        filters=filters(ground, apart=(by,)),
        export_permission=Risk.EXPORT,
        empty_title=N_("Nothing is open"),
        empty_text=N_("Exposure appears here as clients open positions."),
        empty_icon="scale",
    )


_FIGURES: Final = (
    "positions", "long", "short", "net", "notional", "open", "gross", "result", "unpriced", "stale",
)  # fmt: skip


def _laid_out(known: Sequence[Part]) -> Any:
    """Parts that were read, as a relation to sort and to page."""
    figures = [
        literal([Decimal(getattr(one, name)) for one in known], ARRAY(book.NUMBER))
        for name in _FIGURES
    ]
    return (
        func.unnest(
            literal([one.key for one in known], ARRAY(Text)),
            *figures,
            literal([one.oldest for one in known], ARRAY(DateTime(timezone=True))),
        )
        .table_valued(
            column("key", Text),
            *(column(name, book.NUMBER) for name in _FIGURES),
            column("oldest", DateTime(timezone=True)),
            name="top",
        )
        .render_derived()
    )


def _cells(ground: Ground, one: Part, label: str, *, lots: bool) -> tuple[Any, ...]:
    return (
        label,
        one.positions,
        _plain(one.long) if lots else None,
        _plain(one.short) if lots else None,
        _plain(one.net) if lots else None,
        Money(one.notional, ground.house).rounded(),
        Money(one.open, ground.house).rounded(),
        Money(one.gross, ground.house).rounded(),
        Money(one.result, ground.house).rounded(),
        one.stale or None,
        one.unpriced or None,
        one.oldest,
    )


def _columns(ground: Ground, c: Any, by: str) -> tuple[tables.Column, ...]:
    no_lots, house = by != "symbol", ground.house
    return (
        tables.Column("key", BYS[by], "strong", fixed=True),
        tables.Column("positions", N_("Positions"), "num", sort=c.positions),
        tables.Column("long", N_("Long"), "num", hidden=no_lots),
        tables.Column("short", N_("Short"), "num", hidden=no_lots),
        tables.Column("net", N_("Net lots"), "num", hidden=no_lots),
        tables.Column("notional", N_("Net value"), "pnl", note=house, sort=c.notional),
        tables.Column(
            "open", N_("Open by symbol"), "money", note=house, sort=c.open, hidden=not no_lots
        ),
        tables.Column("gross", N_("Gross value"), "money", note=house, sort=c.gross),
        tables.Column("result", N_("Clients' result"), "pnl", note=house, sort=c.result),
        tables.Column("stale", N_("Old figures"), "num", hidden=True),
        tables.Column("unpriced", N_("Without a rate"), "num", hidden=True),
        tables.Column("oldest", N_("Oldest figure"), "when", sort=c.oldest),
    )


def positions(
    ground: Ground, where: Mapping[str, str], within: ColumnElement[bool]
) -> tables.Table:
    """The positions behind a part of the book, the largest first."""
    source = book.held(ground, within)
    c = source.c
    conditions = [book.key_of(source, name) == value for name, value in where.items()]
    number = (cast(c.server, Text) + ":" + cast(c.number, Text)).label("id")
    size = func.coalesce(func.abs(c.notional), 0)

    async def view(work: Any, rows: Sequence[Any]) -> list[tables.Shown]:
        named = await clients.names(work, [row.client for row in rows])
        return [
            tables.Shown(
                key=f"{row.server}:{row.number}",
                href=f"/desk/accounts/{row.account}",
                tone="stopped" if row.told_at < ground.fresh_from else "",
                cells=(
                    str(row.login or "–"),
                    named.get(row.client, ""),
                    row.symbol if row.symbol == row.raw else f"{row.symbol} ({row.raw})",
                    row.side,
                    _plain(row.lots),
                    row.price_open.normalize(),
                    row.price_now.normalize(),
                    None if row.notional is None else Money(row.notional, ground.house).rounded(),
                    Money(row.profit, row.currency).rounded(),
                    None if row.result is None else Money(row.result, ground.house).rounded(),
                    row.book,
                    row.opened_at,
                    row.told_at,
                ),
            )
            for row in rows
        ]

    return tables.Table(
        name="exposure-positions",
        title=N_("Open positions"),
        columns=(
            tables.Column("login", N_("Login"), "code", fixed=True),
            tables.Column("client", N_("Client")),
            tables.Column("symbol", N_("Symbol"), "strong", sort=c.symbol),
            tables.Column("side", N_("Side"), "word"),
            tables.Column("lots", N_("Lots"), "num", sort=c.lots),
            tables.Column("opened", N_("Opened at"), "num"),
            tables.Column("now", N_("Now"), "num"),
            tables.Column("value", N_("Value"), "pnl", note=ground.house, sort=size),
            tables.Column("profit", N_("Result"), "pnl"),
            tables.Column("house", N_("Result"), "pnl", note=ground.house, hidden=True),
            tables.Column("book", N_("Book"), "code", hidden=True),
            tables.Column("since", N_("Since"), "when", sort=c.opened_at),
            tables.Column("told", N_("Told"), "when", sort=c.told_at),
        ),
        query=lambda _work: select(source, number).where(*conditions),
        view=view,
        id=number,
        order="value",
        page_size=25,
        filters=[
            *filters(ground),
            tables.Filter(
                "side",
                N_("Side"),
                lambda _work, value: c.side == value,
                "select",
                (("buy", N_("Buy")), ("sell", N_("Sell"))),
            ),
        ],
        export_permission=Risk.EXPORT,
        live="exposure",
        empty_title=N_("Nothing is open"),
        empty_text=N_("Exposure appears here as clients open positions."),
        empty_icon="scale",
    )


def _plain(value: Decimal) -> Decimal:
    return value.quantize(_CENTS) if value else Decimal(0)
