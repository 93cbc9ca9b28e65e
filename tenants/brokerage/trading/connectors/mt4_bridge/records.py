"""The bridge's JSON as values, and a trade's two deals out of its one ticket.

The opening is deal 2 x ticket, the closing 2 x ticket + 1, money 2 x ticket; the position is the
root ticket, whatever number its rest bears after partial closes. So the lots opened are told once, under
the root, and the lots closed once, under each ticket that ended.
"""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import Annotated, Any, Final, TypeVar

import msgspec
from msgspec import Meta

from brokerage.trading.connector import (
    Access,
    Account,
    Deal,
    DealKind,
    Entry,
    Group,
    Misread,
    Position,
    Symbol,
    Tick,
)
from stoa.connectors.trouble import Unreadable

_ZERO: Final = Decimal(0)
_ONE: Final = Decimal(1)
_AHEAD: Final = timedelta(days=1)
_BEFORE: Final = datetime(1990, 1, 1, tzinfo=UTC)
_BENT: Final = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
_SIDES: Final = MappingProxyType({0: DealKind.BUY, 1: DealKind.SELL})
_MONEY: Final = MappingProxyType({6: DealKind.BALANCE, 7: DealKind.CREDIT})
_WAITING: Final = frozenset({2, 3, 4, 5})
_OTHER: Final = MappingProxyType({DealKind.BUY: DealKind.SELL, DealKind.SELL: DealKind.BUY})

Ticket = Annotated[int, Meta(ge=1, lt=1 << 61)]
Moment = Annotated[datetime, Meta(tz=True)]
Raw = TypeVar("Raw")


class RawTrade(msgspec.Struct, frozen=True):
    """A ticket as the bridge tells it, opened or ended."""

    ticket: Ticket
    login: Annotated[int, Meta(ge=1)]
    cmd: int
    root: Ticket
    open_time: Moment
    close_time: Moment | None
    profit: Decimal
    volume: Decimal = _ZERO
    volume_opened: Decimal = _ZERO
    symbol: str = ""
    contract_size: Decimal = _ZERO
    open_price: Decimal = _ZERO
    close_price: Decimal = _ZERO
    price_now: Decimal = _ZERO
    stop_loss: Decimal = _ZERO
    take_profit: Decimal = _ZERO
    swap: Decimal = _ZERO
    commission: Decimal = _ZERO
    by: int = 0
    reason: str = ""
    comment: str = ""

    def deals(self) -> tuple[Deal, ...]:
        """None, one or two. Raises Unreadable for a ticket that cannot be."""
        if self.cmd in _WAITING:
            return ()
        if self.cmd in _MONEY:
            return (self._money(),)
        if self.cmd not in _SIDES:
            raise _cannot(f"command {self.cmd}")
        self._sane()
        opening = (self._opening(),) if self.volume_opened else ()
        return opening if self.close_time is None else (*opening, self._closing(self.close_time))

    def position(self) -> Position:
        """Of an open trade. Raises Unreadable for one that cannot be."""
        if self.cmd not in _SIDES:
            raise _cannot(f"command {self.cmd}")
        self._sane()
        return Position(
            position=self.root,
            login=self.login,
            symbol=self.symbol,
            kind=_SIDES[self.cmd],
            lots=self.volume,
            contract_size=self.contract_size,
            price_open=self.open_price,
            price_current=self.price_now,
            stop_loss=self.stop_loss,
            take_profit=self.take_profit,
            profit=self.profit,
            swap=self.swap,
            opened=self.open_time,
            comment=self.comment,
        )

    def _sane(self) -> None:
        numbers = (self.volume, self.volume_opened, self.contract_size, self.open_price)
        if not all(one.is_finite() and one >= 0 for one in numbers):
            raise _cannot("a number that is none or below zero")
        if not self.symbol or not self.volume or not self.open_price or not self.contract_size:
            raise _cannot("no symbol, volume, price or contract size")
        if self.volume_opened and self.volume_opened < self.volume:
            raise _cannot("more lots than were opened")
        self._timely(self.open_time)
        if self.close_time is not None:
            self._timely(self.close_time)
            if self.close_time < self.open_time:
                raise _cannot("closed before it was opened")
            if not (self.close_price.is_finite() and self.close_price > 0):
                raise _cannot(f"closed at {self.close_price}")

    def _timely(self, at: datetime) -> None:
        if not _BEFORE < at < datetime.now(UTC) + _AHEAD:
            raise _cannot(f"of {at}")

    def _opening(self) -> Deal:
        return self._deal(
            deal=2 * self.ticket,
            kind=_SIDES[self.cmd],
            entry=Entry.IN,
            at=self.open_time,
            lots=self.volume_opened,
            price=self.open_price,
        )

    def _closing(self, at: datetime) -> Deal:
        return self._deal(
            deal=2 * self.ticket + 1,
            kind=_OTHER[_SIDES[self.cmd]],
            entry=Entry.OUT_BY if self.by else Entry.OUT,
            at=at,
            lots=self.volume,
            lots_closed=self.volume,
            price=self.close_price,
            profit=self.profit,
            swap=self.swap,
            commission=self.commission,
        )

    def _money(self) -> Deal:
        if not self.profit.is_finite() or not self.profit:
            raise _cannot(f"an amount of {self.profit}")
        self._timely(self.open_time)
        return self._deal(
            deal=2 * self.ticket,
            kind=_MONEY[self.cmd],
            entry=Entry.NONE,
            at=self.open_time,
            profit=self.profit,
        )

    def _deal(
        self,
        *,
        deal: int,
        kind: DealKind,
        entry: Entry,
        at: datetime,
        lots: Decimal = _ZERO,
        lots_closed: Decimal = _ZERO,
        price: Decimal = _ZERO,
        profit: Decimal = _ZERO,
        swap: Decimal = _ZERO,
        commission: Decimal = _ZERO,
    ) -> Deal:
        money = kind in _MONEY.values()
        # A ticket's comment and reason are those of its end; the opening was told before that.
        final = entry is not Entry.IN
        if not all(one.is_finite() for one in (profit, swap, commission)):
            raise _cannot("money that is no number")
        return Deal(
            deal=deal,
            login=self.login,
            kind=kind,
            entry=entry,
            at=at,
            symbol=self.symbol,
            lots=lots,
            lots_closed=lots_closed,
            contract_size=self.contract_size,
            price=price,
            profit=profit,
            swap=swap,
            commission=commission,
            position=0 if money else self.root,
            order=self.ticket,
            rate_profit=_ONE,
            comment=self.comment if final else "",
            external_id=self.comment.partition(" ")[0] if money else "",
            reason=self.reason if final else "",
        )


class RawAccount(msgspec.Struct, frozen=True):
    login: int
    group: str
    currency: str
    leverage: int
    access: Access
    balance: Decimal
    credit: Decimal
    equity: Decimal
    margin: Decimal
    margin_free: Decimal
    margin_level: Decimal
    floating: Decimal
    name: str = ""
    external_id: str = ""
    registered: datetime | None = None
    last_access: datetime | None = None

    def value(self) -> Account:
        return Account(**msgspec.structs.asdict(self))


class RawGroup(msgspec.Struct, frozen=True):
    group: str
    currency: str
    digits: int
    company: str = ""
    margin_call: Decimal = _ZERO
    stop_out: Decimal = _ZERO

    def value(self) -> Group:
        return Group(
            group=self.group,
            currency=self.currency,
            currency_digits=self.digits,
            company=self.company,
            margin_call=self.margin_call,
            stop_out=self.stop_out,
        )


class RawPrice(msgspec.Struct, frozen=True):
    symbol: str
    bid: Decimal
    ask: Decimal
    digits: int
    at: datetime | None = None

    def value(self) -> Tick:
        return Tick(
            symbol=self.symbol,
            bid=self.bid,
            ask=self.ask,
            last=_ZERO,
            digits=self.digits,
            at=self.at,
        )


class Journal:
    """Tickets read one by one: what cannot be is put aside and stops nothing."""

    def __init__(self) -> None:
        self.deals: dict[int, Deal] = {}
        self.misread: dict[str, Misread] = {}

    def take(self, rows: list[Any], logins: frozenset[int]) -> None:
        for row in rows:
            try:
                trade = convert(row, RawTrade)
                found = trade.deals()
                if trade.login not in logins:
                    raise _cannot("a ticket of another login")
            except Unreadable as why:
                self._put_aside(row, str(why.__cause__ or why))
                continue
            self.deals.update({deal.deal: deal for deal in found})

    def _put_aside(self, row: Any, why: str) -> None:
        text = msgspec.json.encode(row).decode()[:2000]
        login = row.get("login") if isinstance(row, dict) else None
        known = login if isinstance(login, int) and 0 < login < 1 << 63 else 0
        self.misread[text] = Misread(known, text, why[:200])


def convert(value: Any, kind: type[Raw]) -> Raw:
    """Raises Unreadable where a field is missing or is not what it should be."""
    try:
        return msgspec.convert(value, kind, strict=False)
    except (*_BENT, ValueError, OverflowError) as why:
        raise Unreadable("The trading server's answer could not be read.") from why


def rows(said: dict[str, Any], name: str) -> list[Any]:
    found = said.get(name)
    if not isinstance(found, list):
        raise Unreadable("The trading server's answer could not be read.")
    return found


def symbol_of(row: Any) -> Symbol:
    return convert(row, Symbol)


def _cannot(why: str) -> Unreadable:
    refusal = Unreadable("The trading server's answer could not be read.")
    refusal.__cause__ = ValueError(why)
    return refusal
