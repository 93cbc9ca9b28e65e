"""The server's JSON, where every value is a string, into our values; and the codes it uses. Pure."""

from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final, TypeVar

import msgspec

from brokerage.trading.connector import (
    Access,
    Deal,
    DealKind,
    Entry,
    Group,
    Position,
    Symbol,
    Tick,
)
from brokerage.trading.connectors.mt5_webapi.zones import Clock
from stoa.connectors.trouble import Unreadable

_ZERO: Final = Decimal(0)
_LOT: Final = Decimal(10_000)
_FINE_LOT: Final = Decimal(100_000_000)
_LONGEST_ZONE_MIN: Final = 14 * 60

ENABLED: Final = 0x1
TRADING_DISABLED: Final = 0x4
READ_ONLY: Final = 0x200
DEFAULT_RIGHTS: Final = 0x163

ACTIONS: Final = MappingProxyType(
    {
        0: DealKind.BUY,
        1: DealKind.SELL,
        2: DealKind.BALANCE,
        3: DealKind.CREDIT,
        4: DealKind.CHARGE,
        5: DealKind.CORRECTION,
        6: DealKind.BONUS,
        7: DealKind.COMMISSION,
        8: DealKind.COMMISSION,
        9: DealKind.COMMISSION,
        10: DealKind.AGENT,
        11: DealKind.AGENT,
        12: DealKind.INTEREST,
        13: DealKind.CANCELLED,
        14: DealKind.CANCELLED,
        15: DealKind.DIVIDEND,
        16: DealKind.DIVIDEND,
        17: DealKind.TAX,
        18: DealKind.AGENT,
        19: DealKind.COMPENSATION,
    }
)
ENTRIES: Final = MappingProxyType({0: Entry.IN, 1: Entry.OUT, 2: Entry.REVERSAL, 3: Entry.OUT_BY})
REASONS: Final = MappingProxyType(
    {
        0: "client",
        1: "expert",
        2: "dealer",
        3: "stop-loss",
        4: "take-profit",
        5: "stop-out",
        6: "rollover",
        16: "mobile",
        17: "web",
    }
)


class RawDeal(msgspec.Struct, rename="pascal", frozen=True):
    """A deal as the server names it; absent fields are those an older server does not write."""

    deal: int
    login: int
    action: int
    time: int
    entry: int = 0
    order: int = 0
    reason: int = 0
    symbol: str = ""
    price: Decimal = _ZERO
    volume: int = 0
    volume_ext: int = 0
    volume_closed: int = 0
    volume_closed_ext: int = 0
    contract_size: Decimal = _ZERO
    profit: Decimal = _ZERO
    storage: Decimal = _ZERO
    commission: Decimal = _ZERO
    rate_profit: Decimal = _ZERO
    time_msc: int = 0
    comment: str = ""
    position: int = msgspec.field(name="PositionID", default=0)
    external: str = msgspec.field(name="ExternalID", default="")

    def value(self, clock: Clock) -> Deal:
        kind = ACTIONS.get(self.action, DealKind.OTHER)
        return Deal(
            deal=self.deal,
            login=self.login,
            kind=kind,
            entry=ENTRIES.get(self.entry, Entry.NONE) if kind.trade else Entry.NONE,
            at=clock.to_utc(self.time, self.time_msc % 1000 if self.time_msc > 0 else 0),
            symbol=self.symbol,
            lots=lots(self.volume, self.volume_ext),
            lots_closed=lots(self.volume_closed, self.volume_closed_ext),
            contract_size=self.contract_size,
            price=self.price,
            profit=self.profit,
            swap=self.storage,
            commission=self.commission,
            position=self.position,
            order=self.order,
            rate_profit=self.rate_profit,
            comment=self.comment,
            external_id=self.external,
            reason=REASONS.get(self.reason, str(self.reason)),
        )


class RawPosition(msgspec.Struct, rename="pascal", frozen=True):
    position: int
    login: int
    symbol: str
    action: int
    time_create: int
    price_open: Decimal
    volume: int = 0
    volume_ext: int = 0
    price_current: Decimal = _ZERO
    stop: Decimal = msgspec.field(name="PriceSL", default=_ZERO)
    take: Decimal = msgspec.field(name="PriceTP", default=_ZERO)
    contract_size: Decimal = _ZERO
    profit: Decimal = _ZERO
    storage: Decimal = _ZERO
    comment: str = ""

    def value(self, clock: Clock) -> Position:
        return Position(
            position=self.position,
            login=self.login,
            symbol=self.symbol,
            kind=ACTIONS.get(self.action, DealKind.OTHER),
            lots=lots(self.volume, self.volume_ext),
            contract_size=self.contract_size,
            price_open=self.price_open,
            price_current=self.price_current,
            stop_loss=self.stop,
            take_profit=self.take,
            profit=self.profit,
            swap=self.storage,
            opened=clock.to_utc(self.time_create),
            comment=self.comment,
        )


class RawMargin(msgspec.Struct, rename="pascal", frozen=True):
    """The money side of an account, from USER_ACCOUNT_GET."""

    login: int
    balance: Decimal
    credit: Decimal = _ZERO
    margin: Decimal = _ZERO
    margin_free: Decimal = _ZERO
    margin_level: Decimal = _ZERO
    floating: Decimal = _ZERO
    equity: Decimal = _ZERO


class RawGroup(msgspec.Struct, rename="pascal", frozen=True):
    group: str
    currency: str
    currency_digits: int = 2
    company: str = ""
    margin_call: Decimal = _ZERO
    margin_stop_out: Decimal = _ZERO

    def value(self) -> Group:
        return Group(
            group=self.group,
            currency=self.currency,
            currency_digits=self.currency_digits,
            company=self.company,
            margin_call=self.margin_call,
            stop_out=self.margin_stop_out,
        )


class RawSymbol(msgspec.Struct, rename="pascal", frozen=True):
    symbol: str
    digits: int
    path: str = ""
    description: str = ""
    contract_size: Decimal = _ZERO
    currency_base: str = ""
    currency_profit: str = ""
    currency_margin: str = ""
    volume_min: int = 0
    volume_min_ext: int = 0
    volume_max: int = 0
    volume_max_ext: int = 0
    volume_step: int = 0
    volume_step_ext: int = 0

    def value(self) -> Symbol:
        return Symbol(
            symbol=self.symbol,
            path=self.path,
            description=self.description,
            digits=self.digits,
            contract_size=self.contract_size,
            currency_base=self.currency_base,
            currency_profit=self.currency_profit,
            currency_margin=self.currency_margin,
            lots_min=lots(self.volume_min, self.volume_min_ext),
            lots_max=lots(self.volume_max, self.volume_max_ext),
            lots_step=lots(self.volume_step, self.volume_step_ext),
        )


class RawTick(msgspec.Struct, rename="pascal", frozen=True):
    symbol: str
    bid: Decimal
    ask: Decimal
    digits: int = 0
    last: Decimal = _ZERO
    datetime: int = 0

    def value(self, clock: Clock) -> Tick:
        return Tick(
            symbol=self.symbol,
            bid=self.bid,
            ask=self.ask,
            last=self.last,
            digits=self.digits,
            at=clock.to_utc(self.datetime) if self.datetime > 0 else None,
        )


Raw = TypeVar("Raw")


def decode(json: str, kind: type[Raw]) -> Raw:
    """Strings to their types.

    Raises:
        Unreadable: a field that must be there is missing or is not what it should be.
    """
    try:
        return msgspec.json.decode(json, type=kind, strict=False)
    except (msgspec.MsgspecError, UnicodeEncodeError, RecursionError) as why:
        raise Unreadable("The trading server's answer could not be read.") from why


def record_of(json: str) -> dict[str, Any]:
    """A user's whole record, known fields and others, to be written back as it came."""
    return decode(json, dict[str, Any])


def lots(volume: int, fine: int) -> Decimal:
    """1/10,000 lot, or 1/100,000,000 lot where the finer field tells the same more exactly."""
    coarse = Decimal(volume) / _LOT
    exact = Decimal(fine) / _FINE_LOT
    return exact if fine and abs(exact - coarse) * _LOT < 1 else coarse


def access_of(rights: int) -> Access:
    if not rights & ENABLED:
        return Access.NO_LOGIN
    return Access.NO_TRADING if rights & (TRADING_DISABLED | READ_ONLY) else Access.FULL


def rights_for(access: Access, rights: int) -> int:
    """The other bits stay as they are; read-only is lifted only where trading is given back."""
    match access:
        case Access.FULL:
            return (rights | ENABLED) & ~(TRADING_DISABLED | READ_ONLY)
        case Access.NO_TRADING:
            return rights | ENABLED | TRADING_DISABLED
        case Access.NO_LOGIN:
            return (rights | TRADING_DISABLED) & ~ENABLED
        case Access.CLOSE_ONLY:
            raise ValueError("MT5 has no right that only closes")


def whole(record: dict[str, Any], name: str, default: int = 0) -> int:
    """An integer field of a user's record, written as a string or a number."""
    try:
        return int(str(record.get(name, default)).strip() or default)
    except ValueError as why:
        raise Unreadable("The trading server's answer could not be read.") from why


def zone_offset_s(json: str) -> int | None:
    """Seconds east of UTC from the server's time settings, summer time included.

    The zone is in minutes; servers that write more than 14 hours of them write seconds.
    """
    try:
        settings = msgspec.json.decode(json, type=dict[str, Any])
        zone = int(settings["TimeZone"])
        summer = 3600 if int(settings.get("DaylightState", 0)) else 0
    except (msgspec.MsgspecError, KeyError, TypeError, ValueError):
        return None
    return (zone if abs(zone) > _LONGEST_ZONE_MIN else zone * 60) + summer
