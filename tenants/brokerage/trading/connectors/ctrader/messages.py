"""The Manager API's messages: every number in one place, and what is read of each.

The framing and the common messages are public. Payload types and field numbers of the rest were
read in the interface description that a public client (MIT) carries; none was confirmed against a
running server, and what they say beyond their names, such as the sign of an amount, is taken in the
way that cannot lose money: amounts without their sign, the direction from the type.
"""

from decimal import Decimal, InvalidOperation
from typing import Final

import msgspec

from brokerage.trading.connectors.ctrader import wire
from brokerage.trading.connectors.ctrader.wire import BrokenMessage, Fields


class Kind:
    """Payload types."""

    SPOT_EVENT: Final = 3
    ERROR: Final = 50
    HEARTBEAT: Final = 51
    PING: Final = 52
    PONG: Final = 53
    EXECUTION: Final = 300
    AUTH: Final = 301
    AUTH_DONE: Final = 302
    TIME: Final = 313
    TIME_TOLD: Final = 314
    TRADERS: Final = 403
    TRADERS_TOLD: Final = 404
    OPERATIONS: Final = 417
    OPERATIONS_TOLD: Final = 418
    DEALS: Final = 431
    DEALS_TOLD: Final = 432
    ASSETS: Final = 465
    ASSETS_TOLD: Final = 466
    SYMBOLS: Final = 467
    SYMBOLS_TOLD: Final = 468
    TRADER_CHANGED: Final = 503
    SPOTS: Final = 601
    SPOTS_TOLD: Final = 602
    TRADERS_BY_ID: Final = 703
    TRADERS_BY_ID_TOLD: Final = 704
    BONUSES: Final = 786
    BONUSES_TOLD: Final = 787
    HELLO: Final = 990


FILLED: Final = frozenset({2, 3})
"""Deal statuses that moved something: filled, and filled in part."""
UNFILLED: Final = frozenset({4, 5, 6, 7})
"""Rejected, internally rejected, error, missed."""
BUY, SELL = 1, 2

_MOST_DIGITS: Final = 15
_USUAL_DIGITS: Final = 2
_SCALE: Final = Decimal(100_000)


class Trader(msgspec.Struct, frozen=True):
    trader: int
    login: int
    registered: int


class Symbol(msgspec.Struct, frozen=True):
    symbol: int
    name: str
    digits: int
    lot_size: int
    base: int
    quote: int
    description: str = ""
    enabled: bool = True


class Asset(msgspec.Struct, frozen=True):
    asset: int
    name: str


class Closing(msgspec.Struct, frozen=True):
    profit: Decimal
    swap: Decimal
    commission: Decimal
    closed: int
    rate: Decimal
    opened: int


class RawDeal(msgspec.Struct, frozen=True):
    """Volumes in hundredths of a unit, times in milliseconds of UTC."""

    deal: int
    order: int
    position: int
    trader: int
    filled: int
    symbol: int
    created: int
    executed: int
    price: Decimal
    side: int
    status: int
    lot_size: int
    comment: str
    closing: Closing | None


class Operation(msgspec.Struct, frozen=True):
    """A deposit, withdrawal, credit or fee; `amount` has no sign."""

    number: int
    trader: int
    type: int
    amount: Decimal
    at: int
    comment: str
    external_id: str = ""


class Spot(msgspec.Struct, frozen=True):
    symbol: int
    bid: Decimal | None
    ask: Decimal | None
    at: int


def auth(plant: str, environment: str, login: int, hashed: str) -> bytes:
    return wire.write([(2, plant), (3, environment), (4, login), (5, hashed)])


def window(first: int, last: int, traders: tuple[int, ...] = ()) -> bytes:
    """For deals: between two instants, of some traders or of all."""
    return wire.write([*((2, one) for one in traders), (3, first), (4, last)])


def window_of_one(first: int, last: int, trader: int | None) -> bytes:
    """For balance and bonus operations."""
    return wire.write([(2, trader), (3, first), (4, last)])


def registered(first: int, last: int) -> bytes:
    return wire.write([(2, first), (3, last)])


def by_id(traders: tuple[int, ...]) -> bytes:
    return wire.write([(2, one) for one in traders])


def spots(symbols: tuple[int, ...]) -> bytes:
    return wire.write([*((3, one) for one in symbols), (5, True)])


def ping(at_ms: int) -> bytes:
    return wire.write([(2, at_ms)])


def error(payload: bytes) -> tuple[str, str]:
    """The platform's name for what went wrong, and its sentence."""
    fields = wire.read(payload)
    return fields.text(2) or "UNKNOWN_ERROR", fields.text(3)


def time_told(payload: bytes) -> int:
    return wire.read(payload).whole(2)


def rows(kind: int, payload: bytes) -> tuple[list[bytes], bool]:
    """The rows of a list that was answered, unread, and whether there are more of them."""
    fields = wire.read(payload)
    at, more = (3, 4) if kind in {Kind.OPERATIONS_TOLD, Kind.BONUSES_TOLD} else (2, 3)
    return fields.each(at), bool(fields.whole(more, 0)) if _pages(kind) else False


def _pages(kind: int) -> bool:
    return kind in {
        Kind.TRADERS_TOLD,
        Kind.DEALS_TOLD,
        Kind.OPERATIONS_TOLD,
        Kind.BONUSES_TOLD,
    }


def trader(data: bytes) -> Trader:
    fields = wire.read(data)
    return Trader(fields.whole(1), fields.whole(2), fields.whole(25, 0))


def symbol(data: bytes) -> Symbol:
    fields = wire.read(data)
    return Symbol(
        symbol=fields.whole(1),
        name=fields.text(2),
        digits=fields.whole(4),
        lot_size=fields.whole(32, 0),
        base=fields.whole(53, 0),
        quote=fields.whole(54, 0),
        description=fields.text(15),
        enabled=bool(fields.whole(8, 1)),
    )


def asset(data: bytes) -> Asset:
    fields = wire.read(data)
    return Asset(fields.whole(1), fields.text(2))


def deal(data: bytes) -> RawDeal:
    fields = wire.read(data)
    closing = fields.one(32)
    return RawDeal(
        deal=fields.whole(1),
        order=fields.whole(2),
        position=fields.whole(3),
        trader=fields.whole(4),
        filled=fields.whole(6),
        symbol=fields.whole(7),
        created=fields.whole(8),
        executed=fields.whole(9),
        price=_decimal(fields.double(11)),
        side=fields.whole(13),
        status=fields.whole(14),
        lot_size=fields.whole(42, 0),
        comment=fields.text(24),
        closing=_closing(closing) if closing is not None else None,
    )


def _closing(fields: Fields) -> Closing:
    digits = _digits(fields, 43)
    fee = fields.whole(44, 0)
    return Closing(
        profit=_money(fields.whole(7), digits),
        swap=_money(fields.whole(3), digits),
        commission=_money(fields.whole(4) + fee, digits),
        closed=fields.whole(16, 0),
        rate=_decimal(fields.double(15)),
        opened=fields.whole(40, 0),
    )


def operation(data: bytes) -> Operation:
    fields = wire.read(data)
    return Operation(
        number=fields.whole(2),
        trader=fields.whole(3),
        type=fields.whole(1),
        amount=abs(_money(fields.whole(5), _digits(fields, 16))),
        at=fields.whole(6),
        comment=fields.text(7),
        external_id=fields.text(15),
    )


def bonus(data: bytes) -> Operation:
    """Of the broker's bonus and the introducing broker's together."""
    fields = wire.read(data)
    moved = abs(fields.whole(5)) + abs(fields.whole(7, 0))
    return Operation(
        number=fields.whole(2),
        trader=fields.whole(3),
        type=fields.whole(1),
        amount=_money(moved, _digits(fields, 13)),
        at=fields.whole(8),
        comment=fields.text(10),
    )


def spot(payload: bytes) -> Spot:
    """Prices come in hundred thousandths, whatever the symbol's digits are."""
    fields = wire.read(payload)
    bid, ask = (
        Decimal(fields.whole(number)) / _SCALE if fields.has(number) else None for number in (3, 4)
    )
    return Spot(fields.whole(2), bid, ask, fields.whole(9, 0))


def execution(payload: bytes) -> tuple[bytes, bytes, bytes]:
    """The deal, the operation and the bonus operation of an event, unread; empty where none is."""
    fields = wire.read(payload)
    fields.whole(2)
    return fields.data(8), fields.data(7), fields.data(10)


def changed_trader(payload: bytes) -> Trader:
    return trader(wire.read(payload).data(2))


def _digits(fields: Fields, number: int) -> int:
    digits = fields.whole(number, _USUAL_DIGITS)
    if not 0 <= digits <= _MOST_DIGITS:
        raise BrokenMessage("money has an impossible number of digits")
    return digits


def _money(told: int, digits: int) -> Decimal:
    return Decimal(told).scaleb(-digits)


def _decimal(told: float | None) -> Decimal:
    """The shortest decimal that is this double, which is what was meant. Zero where it is missing."""
    if told is None:
        return Decimal(0)
    try:
        value = Decimal(repr(told))
    except InvalidOperation as why:  # pragma: no cover - repr of a float is a number
        raise BrokenMessage("a price is no number") from why
    if not value.is_finite():
        raise BrokenMessage("a price is no number")
    return value
