"""Rows of the Brand API into our values. Pure; what cannot be raises Unreadable with a reason."""

from collections.abc import Container
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final

import msgspec

from brokerage.trading.connector import Access, Account, Deal, DealKind, Entry, Position
from brokerage.trading.connectors.tradelocker import ids
from brokerage.trading.told import above_zero, bent, moment, number, one_of, whole, word

Row = dict[str, Any]
_ZERO: Final = Decimal(0)
_HUNDRED: Final = Decimal(100)

ACCESS: Final = MappingProxyType(
    {"ACTIVE": Access.FULL, "RESTRICTED": Access.CLOSE_ONLY, "SUSPENDED": Access.NO_LOGIN}
)
VERBS: Final = MappingProxyType(
    {Access.FULL: "activate", Access.CLOSE_ONLY: "restrict", Access.NO_LOGIN: "suspend"}
)
_SIDES: Final = MappingProxyType(
    {
        "BUY": DealKind.BUY,
        "SELL": DealKind.SELL,
        "SHORT_SELL": DealKind.SELL,
        "BUY_TO_COVER": DealKind.BUY,
    }
)
_ENTRIES: Final = MappingProxyType(
    {"OPEN": Entry.IN, "INCREASE": Entry.IN, "CLOSE": Entry.OUT, "DECREASE": Entry.OUT}
)
_REASONS: Final = MappingProxyType(
    {
        "STOP_LOSS": "stop-loss",
        "TRAILING_STOP_LOSS": "stop-loss",
        "PROTECTIVE_STOP": "stop-loss",
        "TAKE_PROFIT": "take-profit",
        "PROTECTIVE_LIMIT": "take-profit",
        "STOP_OUT": "stop-out",
    }
)
MONEY_TYPES: Final = ("DEPOSIT", "WITHDRAW", "ADJUSTMENT", "CREDIT", "BALANCE_CREDIT")
"""Operations that are deals of their own."""

PARTS: Final = ("TRADING", "COMMISSION", "SWAP", "SPREAD", "BLOCKING", "UNBLOCKING")
"""Operations that are parts of trades, or move nothing: the trades tell them."""


class Trade(msgspec.Struct, frozen=True):
    """One trade of the trades report: what was traded, not what came of it."""

    trade: int
    order: int
    login: int
    position: int
    kind: DealKind
    entry: Entry
    at: datetime
    price: Decimal
    lots: Decimal
    symbol: str
    fee: Decimal
    reason: str


class Closing(msgspec.Struct, frozen=True):
    """One row of the report of closed trades: what a closing brought."""

    trade: int
    login: int
    profit: Decimal
    swap: Decimal
    lot_size: Decimal


class Operation(msgspec.Struct, frozen=True):
    """Money that came, went or was lent; `amount` is signed, `note` is told by newer servers."""

    deal: int
    at: datetime
    type: str
    amount: Decimal
    note: str


def trade(row: Row, kind: str, symbols: Container[str]) -> Trade:
    symbol = word(row, "instrument", 64)
    if symbol not in symbols:
        raise bent(f"instrument {symbol!r} is not known")
    return Trade(
        trade=whole(row.get("tradeId"), "tradeId"),
        order=whole(row.get("orderId"), "orderId"),
        login=ids.login_of(row.get("accountId"), kind),
        position=whole(row.get("positionId"), "positionId"),
        kind=_SIDES[one_of(row.get("side"), _SIDES, "side")],
        entry=_ENTRIES[one_of(row.get("positionStatus"), _ENTRIES, "positionStatus")],
        at=moment(row.get("tradeDateTime"), "tradeDateTime"),
        price=above_zero(row.get("price"), "price"),
        lots=above_zero(row.get("lots"), "lots"),
        symbol=symbol,
        fee=number(row.get("executionFee"), "executionFee"),
        reason=_REASONS.get(str(row.get("orderType")).upper().replace(" ", "_"), "client"),
    )


def closing(row: Row, kind: str) -> Closing:
    """Raises Unreadable also where the parts do not make the net profit that is told."""
    told = {name: number(row.get(name), name) for name in ("profit", "swap", "netProfit")}
    paid = abs(number(row.get("commission"), "commission"))
    above_zero(row.get("closePrice"), "closePrice")
    above_zero(row.get("closeAmount"), "closeAmount")
    if abs(told["netProfit"] - told["profit"] - told["swap"]) != paid:
        raise bent("profit, swap and commission do not make netProfit")
    return Closing(
        trade=whole(row.get("closeTradeId"), "closeTradeId"),
        login=ids.login_of(row.get("accountId"), kind),
        profit=told["profit"],
        swap=told["swap"],
        lot_size=above_zero(row.get("lotSize"), "lotSize"),
    )


def operation(row: Row) -> Operation:
    """`amount` is signed. Credit does not change the balance, so its own amount counts."""
    kind = one_of(row.get("operationTypeName"), MONEY_TYPES, "operationTypeName")
    change = number(row.get("balanceChange"), "balanceChange")
    own = row.get("amount")
    if not change and own is not None:
        change = number(own, "amount")
    return Operation(
        deal=ids.deal_of_operation(row.get("id")),
        at=moment(row.get("dateTime"), "dateTime"),
        type=kind,
        amount=change,
        note=str(row.get("note") or "")[:255],
    )


def deal_of_trade(of: Trade, closed: Closing | None, lot_size: Decimal) -> Deal:
    """A trade as a deal; a closing has its profit and swap from the other report."""
    return Deal(
        deal=of.trade,
        login=of.login,
        kind=of.kind,
        entry=of.entry,
        at=of.at,
        symbol=of.symbol,
        lots=of.lots,
        lots_closed=of.lots if of.entry is Entry.OUT else _ZERO,
        contract_size=closed.lot_size if closed else lot_size,
        price=of.price,
        profit=closed.profit if closed else _ZERO,
        swap=closed.swap if closed else _ZERO,
        commission=-of.fee,
        position=of.position,
        order=of.order,
        rate_profit=_ZERO,
        reason=of.reason,
    )


def deal_of_operation(of: Operation, login: int, reference: str) -> Deal:
    kind = DealKind.CORRECTION if of.type == "ADJUSTMENT" else DealKind.BALANCE
    return Deal(
        deal=of.deal,
        login=login,
        kind=DealKind.CREDIT if "CREDIT" in of.type else kind,
        entry=Entry.NONE,
        at=of.at,
        symbol="",
        lots=_ZERO,
        lots_closed=_ZERO,
        contract_size=_ZERO,
        price=_ZERO,
        profit=of.amount,
        swap=_ZERO,
        commission=_ZERO,
        position=0,
        order=0,
        rate_profit=_ZERO,
        comment=of.note,
        external_id=reference,
    )


def position(row: Row, kind: str) -> Position:
    """The report tells no price of the moment: until a price is known, the open one stands in."""
    opened = above_zero(row.get("openPrice"), "openPrice")
    return Position(
        position=whole(row.get("positionId"), "positionId"),
        login=ids.login_of(row.get("accountId"), kind),
        symbol=word(row, "instrument", 64),
        kind=_SIDES[one_of(row.get("side"), _SIDES, "side")],
        lots=above_zero(row.get("lots"), "lots"),
        contract_size=above_zero(row.get("lotSize"), "lotSize"),
        price_open=opened,
        price_current=opened,
        stop_loss=number(row.get("slPrice") or "0", "slPrice"),
        take_profit=number(row.get("tpPrice") or "0", "tpPrice"),
        profit=number(row.get("pnl"), "pnl"),
        swap=number(row.get("swap"), "swap"),
        opened=moment(row.get("openDateTime"), "openDateTime"),
    )


def account(row: Row, kind: str, group: str) -> Account:
    equity = number(row.get("equity"), "equity")
    margin = number(row.get("marginUsed"), "marginUsed")
    leverage = row.get("leverage")
    return Account(
        login=ids.login_of(row.get("accountId"), kind),
        group=group,
        currency=word(row, "currency", 10),
        name="",
        external_id=str(row.get("accountName") or ""),
        leverage=whole(leverage, "leverage") if leverage is not None else 0,
        access=ACCESS[one_of(row.get("status"), ACCESS, "status")],
        balance=number(row.get("balance"), "balance"),
        credit=number(row.get("credit"), "credit"),
        equity=equity,
        margin=margin,
        margin_free=number(row.get("marginAvailable"), "marginAvailable"),
        margin_level=(equity / margin * _HUNDRED).quantize(Decimal("0.01")) if margin else _ZERO,
        floating=number(row.get("pnl"), "pnl"),
        registered=moment(row.get("createdDateTime"), "createdDateTime"),
    )
