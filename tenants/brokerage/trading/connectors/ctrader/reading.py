"""From what the platform tells to the port's deals; what cannot be understood is put aside.

A deal of somebody who was not asked for is None, and so is one that moved nothing. Everything else
is a deal or a Misread: an unknown symbol, a price or volume not above zero, a time that cannot have
been, a code that is not in the list.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import Final

from brokerage.trading.connector import Account, Deal, DealKind, Entry, Misread, operation_of
from brokerage.trading.connectors.ctrader import lists, messages
from brokerage.trading.connectors.ctrader.directory import Instrument
from brokerage.trading.connectors.ctrader.messages import RawDeal
from brokerage.trading.connectors.ctrader.wire import BrokenMessage

OPERATION: Final = 10**15
BONUS: Final = 2 * 10**15
"""What is added to the numbers of balance and bonus operations."""

Login = Callable[[int], int | None]

_CENTS: Final = Decimal(100)
_EARLIEST_MS: Final = 946_684_800_000
_AHEAD: Final = timedelta(hours=26)

_IN_OUT: Final = (
    (0, 1, DealKind.BALANCE),
    (36, 37, DealKind.BALANCE),
    (31, 30, DealKind.BALANCE),
    (33, 32, DealKind.BALANCE),
    (25, 23, DealKind.BALANCE),
    (24, 26, DealKind.BALANCE),
    (19, 20, DealKind.CREDIT),
    (38, 13, DealKind.BONUS),
    (3, 4, DealKind.COMMISSION),
    (11, 12, DealKind.COMMISSION),
    (27, 28, DealKind.COMMISSION),
    (9, 10, DealKind.COMMISSION),
    (29, 34, DealKind.COMMISSION),
    (5, 6, DealKind.AGENT),
    (7, 14, DealKind.AGENT),
    (15, 16, DealKind.DIVIDEND),
    (21, 22, DealKind.INTEREST),
)
_TYPES: Final = MappingProxyType(
    {number: (kind, 1) for number, _, kind in _IN_OUT}
    | {number: (kind, -1) for _, number, kind in _IN_OUT}
    | {
        8: (DealKind.AGENT, 1),
        17: (DealKind.CHARGE, -1),
        18: (DealKind.CHARGE, -1),
        35: (DealKind.CHARGE, -1),
        39: (DealKind.COMPENSATION, 1),
    }
)
"""Types of balance operations: what they are, and whether they add or take."""
_BONUS_TYPES: Final = MappingProxyType({0: (DealKind.CREDIT, 1), 1: (DealKind.CREDIT, -1)})
_CLOSES_POSITION: Final = 2
"""The closing deal's own entry in the balance history: it is the deal, not another movement."""


def of_deal(
    data: bytes, login_of: Login, instruments: Mapping[int, Instrument]
) -> Deal | Misread | None:
    login = 0
    try:
        raw = messages.deal(data)
        login = login_of(raw.trader) or 0
        if not login or raw.status in messages.UNFILLED:
            return None
        return _deal(raw, login, instruments)
    except (BrokenMessage, ValueError, ArithmeticError) as why:
        return Misread(login, data.hex()[:2000], str(why)[:200])


def of_operation(data: bytes, login_of: Login) -> Deal | Misread | None:
    login = 0
    try:
        raw = messages.operation(data)
        login = login_of(raw.trader) or 0
        if not login or raw.type == _CLOSES_POSITION:
            return None
        kind, sign = _type(raw.type, _TYPES)
        return _moved(raw, login, kind, sign * raw.amount, OPERATION)
    except (BrokenMessage, ValueError, ArithmeticError) as why:
        return Misread(login, data.hex()[:2000], str(why)[:200])


def of_bonus(data: bytes, login_of: Login) -> Deal | Misread | None:
    login = 0
    try:
        raw = messages.bonus(data)
        login = login_of(raw.trader) or 0
        if not login:
            return None
        kind, sign = _type(raw.type, _BONUS_TYPES)
        return _moved(raw, login, kind, sign * raw.amount, BONUS)
    except (BrokenMessage, ValueError, ArithmeticError) as why:
        return Misread(login, data.hex()[:2000], str(why)[:200])


def of_list(
    row: lists.Closed | lists.Bent,
    instruments: Mapping[str, Instrument],
    digits: int,
    *,
    minor: bool,
) -> Deal | Misread:
    """A row of the closed positions: the closing deal of one position, or of a part of it."""
    if isinstance(row, lists.Bent):
        return Misread(row.login, row.raw, row.why)
    try:
        found = _instrument(instruments.get(row.symbol), row.symbol)
        lots = row.units / _lot(found)
        scale = digits if minor else 0
        return Deal(
            deal=_number(row.deal),
            login=row.login,
            kind=DealKind.SELL if row.buys else DealKind.BUY,
            entry=Entry.OUT,
            at=row.closed,
            symbol=row.symbol,
            lots=lots,
            lots_closed=lots,
            contract_size=_lot(found),
            price=row.close_price,
            profit=row.profit.scaleb(-scale),
            swap=row.swap.scaleb(-scale),
            commission=row.commission.scaleb(-scale),
            position=row.position,
            order=0,
            rate_profit=row.rate,
            opened=row.opened,
        )
    except (ValueError, ArithmeticError) as why:
        return Misread(row.login, f"deal {row.deal} of position {row.position}", str(why)[:200])


def digits_of(account: Account) -> int:
    """How many digits the account's money was told with."""
    exponent = account.balance.as_tuple().exponent
    return -exponent if isinstance(exponent, int) else 0


def _deal(raw: RawDeal, login: int, instruments: Mapping[int, Instrument]) -> Deal:
    if raw.status not in messages.FILLED:
        raise ValueError(f"there is no status {raw.status} of a deal")
    if raw.side not in {messages.BUY, messages.SELL}:
        raise ValueError(f"there is no side {raw.side} of a deal")
    found = _instrument(instruments.get(raw.symbol), str(raw.symbol))
    if raw.price <= 0:
        raise ValueError("the price is not above zero")
    closing = raw.closing
    closed = (closing.closed or raw.filled) if closing is not None else 0
    if raw.filled <= 0 or not 0 <= closed <= raw.filled:
        raise ValueError("the volume is impossible")
    unit = _lot(found) * _CENTS
    return Deal(
        deal=_number(raw.deal),
        login=login,
        kind=DealKind.BUY if raw.side == messages.BUY else DealKind.SELL,
        entry=_entry(closed, raw.filled),
        at=_time(raw.executed),
        symbol=found.name,
        lots=Decimal(raw.filled) / unit,
        lots_closed=Decimal(closed) / unit,
        contract_size=_lot(found),
        price=raw.price,
        profit=closing.profit if closing is not None else Decimal(0),
        swap=closing.swap if closing is not None else Decimal(0),
        commission=closing.commission if closing is not None else Decimal(0),
        position=_number(raw.position),
        order=raw.order,
        rate_profit=closing.rate if closing is not None else Decimal(1),
        comment=raw.comment,
        opened=_time(closing.opened) if closing is not None and closing.opened else None,
    )


def _entry(closed: int, filled: int) -> Entry:
    if not closed:
        return Entry.IN
    return Entry.OUT if closed == filled else Entry.REVERSAL


def _moved(
    raw: messages.Operation, login: int, kind: DealKind, amount: Decimal, offset: int
) -> Deal:
    """Where the external id is a mark of ours and the comment does not show it, it is put there."""
    nothing = Decimal(0)
    comment = raw.comment
    if operation_of(raw.external_id) is not None and not comment.startswith(raw.external_id):
        comment = f"{raw.external_id} {comment}".rstrip()
    return Deal(
        deal=offset + _number(raw.number),
        login=login,
        kind=kind,
        entry=Entry.NONE,
        at=_time(raw.at),
        symbol="",
        lots=nothing,
        lots_closed=nothing,
        contract_size=nothing,
        price=nothing,
        profit=amount,
        swap=nothing,
        commission=nothing,
        position=0,
        order=0,
        rate_profit=Decimal(1),
        comment=comment,
        external_id=raw.external_id,
    )


def _type(number: int, types: Mapping[int, tuple[DealKind, int]]) -> tuple[DealKind, int]:
    if number not in types:
        raise ValueError(f"there is no operation of type {number}")
    return types[number]


def _instrument(found: Instrument | None, name: str) -> Instrument:
    if found is None:
        raise ValueError(f"there is no symbol {name[:32]}")
    return found


def _lot(found: Instrument) -> Decimal:
    if found.lot is None:
        raise ValueError(f"nobody said how large a lot of {found.name} is")
    return found.lot


def _number(number: int) -> int:
    if not 0 < number < OPERATION:
        raise ValueError("the number is beyond those the platform gives")
    return number


def _time(ms: int) -> datetime:
    """UTC, and within the years in which it can have been."""
    if ms < _EARLIEST_MS or ms > (datetime.now(UTC) + _AHEAD).timestamp() * 1000:
        raise ValueError("the time lies beyond all that can have been")
    return datetime.fromtimestamp(ms // 1000, UTC) + timedelta(milliseconds=ms % 1000)
