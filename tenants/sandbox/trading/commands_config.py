"""GROUP_*, SYMBOL_*, TICK_*, TIME_*, COMMON_GET and PING: conditions, prices, clock and life."""

from typing import Any

from sandbox.trading import views_config as views
from sandbox.trading.config import Group
from sandbox.trading.desk import Desk, command
from sandbox.trading.market import FIRST_SLOT, Quote
from sandbox.trading.masks import matches
from sandbox.trading.noise import SLOT_MS
from sandbox.trading.retcodes import RefusedError, Ret
from sandbox.trading.symbols import SYMBOLS, Symbol
from sandbox.trading.wire import Answer, Ask

_ALL = tuple(SYMBOLS.values())


@command("GROUP_TOTAL")
def group_total(desk: Desk, _: Ask) -> Answer:
    return Answer(fields={"TOTAL": str(len(desk.groups()))})


@command("GROUP_NEXT")
def group_next(desk: Desk, ask: Ask) -> Answer:
    return _next([views.group(row) for row in desk.groups()], ask)


@command("GROUP_GET")
def group_get(desk: Desk, ask: Ask) -> Answer:
    return Answer(body=views.group(_group(desk, ask)))


@command("SYMBOL_TOTAL")
def symbol_total(_: Desk, __: Ask) -> Answer:
    return Answer(fields={"TOTAL": str(len(_ALL))})


@command("SYMBOL_LIST")
def symbol_list(_: Desk, __: Ask) -> Answer:
    return Answer(body=list(SYMBOLS))


@command("SYMBOL_NEXT")
def symbol_next(_: Desk, ask: Ask) -> Answer:
    return _next([views.symbol(row) for row in _ALL], ask)


@command("SYMBOL_GET")
def symbol_get(_: Desk, ask: Ask) -> Answer:
    if "MASK" in ask.given:
        found = _masked(ask.given["MASK"])
        return Answer(body=[views.symbol(row) for row in found])
    return Answer(body=views.symbol(_symbol(ask)))


@command("SYMBOL_GET_GROUP")
def symbol_get_group(desk: Desk, ask: Ask) -> Answer:
    return Answer(body=views.symbol(_symbol(ask), _group(desk, ask)))


@command("TICK_LAST")
def tick_last(desk: Desk, ask: Ask) -> Answer:
    """Last prices of the symbols named; with TRANS_ID, only of those that moved since."""
    return _ticks(desk, ask, 0)


@command("TICK_LAST_GROUP")
def tick_last_group(desk: Desk, ask: Ask) -> Answer:
    """The same as the clients of a group see them."""
    return _ticks(desk, ask, _group(desk, ask).markup)


@command("TICK_STAT")
def tick_stat(desk: Desk, ask: Ask) -> Answer:
    now, zone = desk.now, desk.floor.zone
    moved = _moved(desk, ask, 0, now)
    rows = [views.tick_stat(symbol, desk.days.of(symbol, now), zone) for symbol, _ in moved]
    return Answer(fields={"TRANS_ID": _trans(now)}, body=rows)


@command("TIME_SERVER")
def time_server(desk: Desk, _: Ask) -> Answer:
    return Answer(fields={"TIME": views.server_time(desk.floor.zone, desk.now)})


@command("TIME_GET")
def time_get(desk: Desk, _: Ask) -> Answer:
    return Answer(body=views.time(desk.floor.config))


@command("COMMON_GET")
def common_get(desk: Desk, _: Ask) -> Answer:
    return Answer(body=views.common(desk.floor.config, desk.floor.book, desk.now))


@command("PING")
def ping(_: Desk, __: Ask) -> Answer:
    return Answer()


@command("TEST_ACCESS")
def access_test(_: Desk, __: Ask) -> Answer:
    return Answer()


def _next(rows: list[views.Json], ask: Ask) -> Answer:
    start, count = ask.number("INDEX"), ask.number("COUNT", 1)
    if not 0 <= start < len(rows):
        raise RefusedError(Ret.NOT_FOUND)
    return Answer(body=rows[start] if count <= 1 else rows[start : start + count])


def _group(desk: Desk, ask: Ask) -> Group:
    wanted = ask.text("GROUP").lower()
    for group in desk.groups():
        if group.name.lower() == wanted:
            return group
    raise RefusedError(Ret.NOT_FOUND)


def _symbol(ask: Ask) -> Symbol:
    symbol = SYMBOLS.get(ask.text("SYMBOL"))
    if symbol is None:
        raise RefusedError(Ret.NOT_FOUND)
    return symbol


def _masked(mask: str) -> list[Symbol]:
    return [symbol for symbol in _ALL if matches(mask, symbol.name, symbol.path)]


def _trans(at: int) -> str:
    return str(at // SLOT_MS - FIRST_SLOT)


def _moved(desk: Desk, ask: Ask, markup: int, now: int) -> list[tuple[Symbol, Quote]]:
    """Symbols asked for and their quotes, without those that are as they were at TRANS_ID."""
    since = ask.number("TRANS_ID", 0)
    then = (since + FIRST_SLOT) * SLOT_MS
    market, found = desk.floor.market, []
    for symbol in _masked(ask.text("SYMBOL")):
        # What it was is asked first, so that what is kept in memory is the price of now.
        old = market.quote(symbol, then, markup) if since > 0 and then < now else None
        quote = market.quote(symbol, now, markup)
        if since <= 0 or (old is not None and (old.bid, old.ask) != (quote.bid, quote.ask)):
            found.append((symbol, quote))
    return found


def _ticks(desk: Desk, ask: Ask, markup: int) -> Answer:
    now = desk.now
    rows: list[dict[str, Any]] = [
        views.tick(symbol, quote, desk.floor.zone)
        for symbol, quote in _moved(desk, ask, markup, now)
    ]
    if rows and desk.faults.fires("bad_ticks"):
        _spoil(rows[desk.faults.pick(len(rows))], desk.faults.pick(4))
    return Answer(fields={"TRANS_ID": _trans(now)}, body=rows)


def _spoil(row: dict[str, Any], how: int) -> None:
    """Make a price one that nobody should believe."""
    match how:
        case 0:
            row["Bid"] = "0"
        case 1:
            row["Ask"] = f"-{row['Ask']}"
        case 2:
            row["Bid"], row["Digits"] = row["Bid"].replace(".", ""), "0"
        case _:
            row["Datetime"], row["DatetimeMsc"] = "86400", "86400000"
