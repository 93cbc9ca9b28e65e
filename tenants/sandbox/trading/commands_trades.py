"""TRADE_*, POSITION_*, ORDER_*, HISTORY_*, DEAL_*: money, what is open, and what has been."""

from operator import attrgetter

from sandbox.trading import treasury, views
from sandbox.trading.amounts import to_minor, to_text
from sandbox.trading.book import Account
from sandbox.trading.commands_users import batch
from sandbox.trading.desk import Desk, command
from sandbox.trading.masks import matches
from sandbox.trading.records import Action, Deal, Order, Position
from sandbox.trading.retcodes import RefusedError, Ret
from sandbox.trading.symbols import SYMBOLS
from sandbox.trading.valuation import full_margin, needed, profit, worth
from sandbox.trading.wire import Answer, Ask

_BATCH_MAX = 20_000


@command("TRADE_BALANCE", durable=True)
def balance(desk: Desk, ask: Ask) -> Answer:
    """Move money. The margin is checked unless CHECK_MARGIN is 0."""
    return Answer(fields={"TICKET": str(_move(desk, ask).deal)})


@command("USER_DEPOSIT_CHANGE", durable=True)
def deposit_change(desk: Desk, ask: Ask) -> Answer:
    """The older name of the same thing, which tells no ticket."""
    _move(desk, ask)
    return Answer()


def _move(desk: Desk, ask: Ask) -> Deal:
    account = desk.account(ask.number("LOGIN"))
    try:
        amount = to_minor(ask.text("BALANCE"), desk.floor.group(account).digits)
    except ValueError:
        raise RefusedError(Ret.PARAMS) from None
    return treasury.move(
        desk.floor,
        account,
        ask.number("TYPE", Action.BALANCE),
        amount,
        desk.now,
        comment=ask.text("COMMENT", ""),
        check_margin=ask.number("CHECK_MARGIN", 1) != 0,
        dealer=desk.manager.login,
    )


@command("TRADE_CHECK_MARGIN")
def check_margin(desk: Desk, ask: Ask) -> Answer:
    """The margin state as it is, and as it would be with one more trade."""
    account = desk.account(ask.number("LOGIN"))
    symbol = SYMBOLS.get(ask.text("SYMBOL"))
    if symbol is None:
        raise RefusedError(Ret.NOT_FOUND)
    floor, now = desk.floor, desk.now
    digits = floor.group(account).digits
    current = views.account(floor, account, now)
    extra = needed(floor, account, symbol, ask.number("VOLUME"), now)
    state = worth(floor, account, now)
    margin = state.margin + extra
    fresh = current | {
        "Margin": to_text(margin, digits),
        "MarginFree": to_text(state.equity - margin, digits),
        "MarginLevel": to_text(state.equity * 10_000 // margin if margin else 0, 2),
    }
    return Answer(body={"new": fresh, "current": current})


@command("TRADE_CALC_PROFIT")
def calc_profit(desk: Desk, ask: Ask) -> Answer:
    """Profit of a trade between two prices, at the conversion rate of now."""
    group, symbol = desk.group(ask.text("GROUP")), SYMBOLS.get(ask.text("SYMBOL"))
    if symbol is None:
        raise RefusedError(Ret.NOT_FOUND)
    try:
        opened = to_minor(ask.text("PRICE_OPEN"), symbol.digits)
        closed = to_minor(ask.text("PRICE_CLOSE"), symbol.digits)
    except ValueError:
        raise RefusedError(Ret.PARAMS) from None
    move = closed - opened if ask.number("TYPE") == Action.BUY else opened - closed
    rate = desk.floor.market.rate(symbol.profit, group.currency, desk.now)
    volume = ask.number("VOLUME")
    money = profit(symbol, move * volume, rate, group.digits)
    margin_rate = desk.floor.market.rate(symbol.margin_currency, group.currency, desk.now)
    margin = full_margin(symbol, volume, opened, margin_rate, group.digits)
    return Answer(
        body={
            "Profit": to_text(money, group.digits),
            "Margin": to_text(margin, group.digits),
            "RateProfit": to_text(rate, 8),
        }
    )


@command("TRADE_RATE_BUY")
def rate_buy(desk: Desk, ask: Ask) -> Answer:
    return _rate(desk, ask)


@command("TRADE_RATE_SELL")
def rate_sell(desk: Desk, ask: Ask) -> Answer:
    return _rate(desk, ask)


def _rate(desk: Desk, ask: Ask) -> Answer:
    try:
        rate = desk.floor.market.rate(ask.text("BASE"), ask.text("CURRENCY"), desk.now)
    except KeyError:
        raise RefusedError(Ret.NOT_FOUND) from None
    return Answer(fields={"RATE": to_text(rate, 8)})


@command("POSITION_GET")
def position_get(desk: Desk, ask: Ask) -> Answer:
    """One position of a symbol: on a hedging account, the first of perhaps many."""
    account, symbol = desk.account(ask.number("LOGIN")), ask.text("SYMBOL")
    for row in account.positions.values():
        if row.symbol == symbol:
            return Answer(body=views.position(desk.floor, account, row, desk.now))
    raise RefusedError(Ret.NOT_FOUND)


@command("POSITION_GET_TOTAL")
def position_total(desk: Desk, ask: Ask) -> Answer:
    return _total(len(desk.account(ask.number("LOGIN")).positions))


@command("POSITION_GET_PAGE")
def position_page(desk: Desk, ask: Ask) -> Answer:
    account = desk.account(ask.number("LOGIN"))
    rows = sorted(account.positions.values(), key=attrgetter("position"))
    return Answer(body=_positions(desk, account, desk.page(rows, ask)))


@command("POSITION_GET_BATCH")
def position_batch(desk: Desk, ask: Ask) -> Answer:
    mask = ask.given.get("SYMBOL") or "*"
    found = [
        row
        for account in batch(desk, ask)
        for row in _positions(desk, account, list(account.positions.values()))
        if matches(mask, row["Symbol"], SYMBOLS[row["Symbol"]].path)
    ]
    return Answer(body=found[:_BATCH_MAX])


@command("ORDER_GET")
def order_get(desk: Desk, ask: Ask) -> Answer:
    ticket = ask.number("TICKET")
    for account in desk.accounts("*"):
        row = account.orders.get(ticket)
        if row is not None:
            return Answer(body=views.order(desk.floor, account, row, desk.now))
    raise RefusedError(Ret.NOT_FOUND)


@command("ORDER_GET_TOTAL")
def order_total(desk: Desk, ask: Ask) -> Answer:
    return _total(len(desk.account(ask.number("LOGIN")).orders))


@command("ORDER_GET_PAGE")
def order_page(desk: Desk, ask: Ask) -> Answer:
    account = desk.account(ask.number("LOGIN"))
    rows = sorted(account.orders.values(), key=attrgetter("order"))
    return Answer(body=_orders(desk, account, desk.page(rows, ask)))


@command("ORDER_GET_BATCH")
def order_batch(desk: Desk, ask: Ask) -> Answer:
    found = [
        row
        for account in batch(desk, ask)
        for row in _orders(desk, account, list(account.orders.values()))
    ]
    return Answer(body=found[:_BATCH_MAX])


@command("HISTORY_GET")
def history_get(desk: Desk, ask: Ask) -> Answer:
    ticket = ask.number("TICKET")
    for account in desk.accounts("*"):
        row = next((each for each in account.history(0, 1 << 60) if each.order == ticket), None)
        if row is not None:
            return Answer(body=views.order(desk.floor, account, row, desk.now))
    raise RefusedError(Ret.NOT_FOUND)


@command("HISTORY_GET_TOTAL")
def history_total(desk: Desk, ask: Ask) -> Answer:
    return _total(len(desk.account(ask.number("LOGIN")).history(*desk.window(ask))))


@command("HISTORY_GET_PAGE")
def history_page(desk: Desk, ask: Ask) -> Answer:
    account = desk.account(ask.number("LOGIN"))
    rows = desk.page(account.history(*desk.window(ask)), ask)
    return Answer(body=_orders(desk, account, rows))


@command("HISTORY_GET_BATCH")
def history_batch(desk: Desk, ask: Ask) -> Answer:
    window = desk.window(ask)
    found = [
        row
        for account in batch(desk, ask)
        for row in _orders(desk, account, account.history(*window))
    ]
    return Answer(body=found[:_BATCH_MAX])


@command("DEAL_GET")
def deal_get(desk: Desk, ask: Ask) -> Answer:
    ticket = ask.number("TICKET")
    account = desk.account(desk.floor.book.deals.get(ticket, 0))
    row = next(deal for deal in account.deals if deal.deal == ticket)
    if desk.faults.hidden(ticket):
        raise RefusedError(Ret.NOT_FOUND)
    return Answer(body=views.deal(desk.floor, desk.floor.group(account), row))


@command("DEAL_GET_TOTAL")
def deal_total(desk: Desk, ask: Ask) -> Answer:
    return _total(len(desk.deals(desk.account(ask.number("LOGIN")), ask)))


@command("DEAL_GET_PAGE")
def deal_page(desk: Desk, ask: Ask) -> Answer:
    """Deals of a window in order of time, a page of them."""
    account = desk.account(ask.number("LOGIN"))
    rows = desk.page(desk.deals(account, ask), ask)
    if rows and desk.faults.fires("duplicate_deals"):
        rows = [*rows, rows[desk.faults.pick(len(rows))]]
    group = desk.floor.group(account)
    return Answer(body=[views.deal(desk.floor, group, row) for row in rows])


@command("DEAL_GET_BATCH")
def deal_batch(desk: Desk, ask: Ask) -> Answer:
    mask = ask.given.get("SYMBOL") or ""
    found = [
        views.deal(desk.floor, desk.floor.group(account), row)
        for account in batch(desk, ask)
        for row in desk.deals(account, ask)
        if not mask or matches(mask, row.symbol)
    ]
    return Answer(body=found[:_BATCH_MAX])


def _total(number: int) -> Answer:
    return Answer(fields={"TOTAL": str(number)})


def _positions(desk: Desk, account: Account, rows: list[Position]) -> list[views.Json]:
    now = desk.now
    return [views.position(desk.floor, account, row, now) for row in rows]


def _orders(desk: Desk, account: Account, rows: list[Order]) -> list[views.Json]:
    now = desk.now
    return [views.order(desk.floor, account, row, now) for row in rows]
