"""What the server does by itself as prices move: stops, pending orders, margin call, stop-out."""

from contextlib import suppress

from msgspec.structs import replace as changed

from sandbox.trading import dealing
from sandbox.trading.amounts import to_text
from sandbox.trading.book import Account
from sandbox.trading.dealing import Want
from sandbox.trading.floor import Floor
from sandbox.trading.market import Quote
from sandbox.trading.records import (
    Action,
    Deal,
    Kind,
    Order,
    Position,
    Reason,
    State,
    StopOut,
)
from sandbox.trading.retcodes import RefusedError
from sandbox.trading.symbols import SYMBOLS
from sandbox.trading.valuation import Worth, position_profit, worth

CALLED, STOPPED = 1, 2


def watch(floor: Floor, account: Account, at: int) -> None:
    """Look after one account at one moment."""
    for order in list(account.orders.values()):
        _pending(floor, account, order, at)
    for position in list(account.positions.values()):
        if position.sl or position.tp:
            _stops(floor, account, position, at)
    check_margin(floor, account, at)


def check_margin(floor: Floor, account: Account, at: int) -> None:
    """Call for margin, or close the worst positions until the level is above the stop-out."""
    if not account.positions:
        return
    group, state = floor.group(account), worth(floor, account, at)
    if state.level <= group.stop_out * 100:
        _stop_out(floor, account, state, at)
    elif state.level <= group.margin_call * 100:
        if account.stop is None:
            floor.commit(account, [_mark(account, CALLED, state, at)])
    elif account.stop is not None:
        floor.commit(account, [StopOut(account.login, 0)])


def _stop_out(floor: Floor, account: Account, state: Worth, at: int) -> None:
    group = floor.group(account)
    floor.commit(account, [_mark(account, STOPPED, state, at)])
    while account.positions and state.level <= group.stop_out * 100:
        worst = min(
            account.positions.values(),
            key=lambda each: position_profit(floor, account, each, at) + each.storage,
        )
        money = to_text(state.equity, group.digits), to_text(state.margin, group.digits)
        words = f"so {state.level / 100:.2f}%/{money[0]}/{money[1]}"
        dealing.close(floor, account, worst, at, reason=Reason.STOP_OUT, comment=words)
        state = worth(floor, account, at)
    if not account.positions and account.balance < 0 and group.protected:
        gift = Deal(
            deal=floor.book.next_deal(),
            login=account.login,
            action=Action.SO_COMPENSATION,
            time=at,
            profit=-account.balance,
            comment="so compensation",
            reason=Reason.STOP_OUT,
        )
        floor.commit(account, [gift])


def _mark(account: Account, activation: int, state: Worth, at: int) -> StopOut:
    return StopOut(account.login, activation, at, state.level, state.equity, state.margin)


def _stops(floor: Floor, account: Account, position: Position, at: int) -> None:
    price = floor.closing_price(account, position, at)
    # Of a sale everything is the other way round, so look at it in the mirror.
    sign = -1 if position.action else 1
    if position.sl and sign * price <= sign * position.sl:
        words = f"sl {_price(position.symbol, position.sl)}"
        dealing.close(floor, account, position, at, reason=Reason.SL, comment=words)
    elif position.tp and sign * price >= sign * position.tp:
        words = f"tp {_price(position.symbol, position.tp)}"
        dealing.close(floor, account, position, at, reason=Reason.TP, comment=words)


def _pending(floor: Floor, account: Account, order: Order, at: int) -> None:
    if order.expires and at >= order.expires:
        floor.commit(account, [changed(order, state=State.EXPIRED, done=at)])
        return
    symbol = SYMBOLS[order.symbol]
    quote = floor.quote(account, symbol, at)
    if not reached(Kind(order.kind), order.price, quote) or not floor.market.is_open(symbol, at):
        return
    want = Want(
        symbol=order.symbol,
        side=Kind(order.kind).side,
        volume=order.volume,
        reason=order.reason,
        sl=order.sl,
        tp=order.tp,
        comment=order.comment,
        expert=order.expert,
    )
    with suppress(RefusedError):
        dealing.trade(floor, account, want, at, order=order)
        return
    floor.commit(account, [changed(order, state=State.REJECTED, done=at)])


def reached(kind: Kind, price: int, quote: Quote) -> bool:
    """Tell whether the market is where a pending order waits for it."""
    match kind:
        case Kind.BUY_LIMIT:
            return quote.ask <= price
        case Kind.SELL_LIMIT:
            return quote.bid >= price
        case Kind.BUY_STOP:
            return quote.ask >= price
        case Kind.SELL_STOP:
            return quote.bid <= price
        case _:
            return False


def _price(symbol: str, points: int) -> str:
    return to_text(points, SYMBOLS[symbol].digits)
