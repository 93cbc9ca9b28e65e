"""Pending orders: place, change, take back; and the stops of a position."""

from dataclasses import dataclass

from msgspec.structs import replace as changed

from sandbox.trading.book import Account
from sandbox.trading.floor import Floor
from sandbox.trading.guard import reached
from sandbox.trading.records import Kind, Order, Position, Reason, State
from sandbox.trading.retcodes import RefusedError, Ret
from sandbox.trading.rules import COMMENT, allowed, check_stops, check_volume

ORDERS_MAX = 200
"""Pending orders one account may have waiting."""


@dataclass(frozen=True)
class Waiting:
    """A pending order as asked for. Prices in points."""

    symbol: str
    kind: Kind
    volume: int
    price: int
    sl: int = 0
    tp: int = 0
    expires: int = 0
    comment: str = ""
    reason: int = Reason.CLIENT


def place(floor: Floor, account: Account, want: Waiting, at: int) -> Order:
    """Put an order in; its price must not have been reached already."""
    symbol = allowed(floor, account, want.symbol, at, want.reason)
    check_volume(symbol, want.volume)
    if len(account.orders) >= ORDERS_MAX:
        raise RefusedError(Ret.TRADE_LIMIT)
    if want.price <= 0 or reached(want.kind, want.price, floor.quote(account, symbol, at)):
        raise RefusedError(Ret.INVALID_PRICE)
    check_stops(want.kind.side, want.price, want.price, want.sl, want.tp)
    if want.expires and want.expires <= at:
        raise RefusedError(Ret.REQUEST_INVALID)
    order = Order(
        order=floor.book.next_order(),
        login=account.login,
        symbol=want.symbol,
        kind=want.kind,
        volume=want.volume,
        price=want.price,
        setup=at,
        expires=want.expires,
        sl=want.sl,
        tp=want.tp,
        reason=want.reason,
        comment=want.comment[:COMMENT],
    )
    floor.commit(account, [order])
    return order


def cancel(floor: Floor, account: Account, order: Order, at: int) -> Order:
    gone = changed(order, state=State.CANCELLED, done=at)
    floor.commit(account, [gone])
    return gone


def protect(
    floor: Floor, account: Account, position: Position, at: int, *, sl: int, tp: int
) -> Position:
    """Set the stops of a position; zero takes one away."""
    if (sl, tp) == (position.sl, position.tp):
        raise RefusedError(Ret.NO_CHANGES)
    symbol = allowed(floor, account, position.symbol, at, position.reason)
    quote = floor.quote(account, symbol, at)
    side = Kind(position.action).side
    # What counts for a stop is the price at which the position would be closed.
    price = quote.ask if position.action else quote.bid
    check_stops(side, price, price, sl, tp)
    fresh = changed(position, sl=sl, tp=tp, updated=at)
    floor.commit(account, [fresh])
    return fresh
