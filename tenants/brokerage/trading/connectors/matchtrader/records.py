"""Rows of the Broker API into our values. Pure; what cannot be raises Unreadable with a reason.

A position that was closed in parts is told in parts; whether more of it is open tells another list. Of
ledgers only money that came, went or was lent is a deal: closed positions tell their own profit,
commission and swap, so that counting the ledgers' entries of these would count them twice.
"""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final

import msgspec

from brokerage.trading.connector import (
    MARK_LENGTH,
    Access,
    Account,
    Deal,
    DealKind,
    Entry,
    Position,
    Symbol,
    operation_of,
)
from brokerage.trading.connectors.matchtrader import ids
from brokerage.trading.told import above_zero, bent, moment, number, one_of, whole, word

Row = dict[str, Any]
_ZERO: Final = Decimal(0)
_PERCENT: Final = 100

ACCESS: Final = MappingProxyType(
    {
        "FULL": Access.FULL,
        "CLOSE_ONLY": Access.CLOSE_ONLY,
        "LOCKED_CLOSE_ONLY": Access.CLOSE_ONLY,
        "TRADING_DISABLED": Access.NO_TRADING,
        "TRADING_AND_LOGIN_DISABLED": Access.NO_LOGIN,
    }
)
RIGHTS: Final = MappingProxyType(
    {
        Access.FULL: "FULL",
        Access.CLOSE_ONLY: "CLOSE_ONLY",
        Access.NO_TRADING: "TRADING_DISABLED",
        Access.NO_LOGIN: "TRADING_AND_LOGIN_DISABLED",
    }
)
_SIDES: Final = MappingProxyType({"BUY": DealKind.BUY, "SELL": DealKind.SELL})
_OTHER_SIDE: Final = MappingProxyType({DealKind.BUY: DealKind.SELL, DealKind.SELL: DealKind.BUY})
_REASONS: Final = MappingProxyType(
    {"STOP_LOSS": "stop-loss", "TAKE_PROFIT": "take-profit", "STOP_OUT": "stop-out"}
)
MONEY_TYPES: Final = MappingProxyType(
    {
        "DEPOSIT": DealKind.BALANCE,
        "WITHDRAWAL": DealKind.BALANCE,
        "CREDIT_IN": DealKind.CREDIT,
        "CREDIT_OUT": DealKind.CREDIT,
        "AGENT_COMMISSION": DealKind.AGENT,
        "OTHER": DealKind.OTHER,
    }
)
_OUTWARD: Final = frozenset({"WITHDRAWAL", "CREDIT_OUT"})
_INWARD: Final = frozenset({"DEPOSIT", "CREDIT_IN"})
CLOSED: Final = "CLOSED_POSITION"


class Part(msgspec.Struct, frozen=True):
    """A position, or the part of it that one closing closed."""

    position: int
    symbol: str
    kind: DealKind
    lots: Decimal
    opened: datetime
    price: Decimal
    comment: str


def part(row: Row, symbols: Mapping[str, Symbol]) -> Part:
    symbol = word(row, "symbol", 64)
    if symbol not in symbols:
        raise bent(f"symbol {symbol!r} is not known")
    return Part(
        position=ids.number(row.get("id"), "id"),
        symbol=symbol,
        kind=_SIDES[one_of(row.get("side"), _SIDES, "side")],
        lots=above_zero(row.get("volume"), "volume"),
        opened=moment(row.get("openTime"), "openTime"),
        price=above_zero(row.get("openPrice"), "openPrice"),
        comment=str(row.get("comment") or "")[:255],
    )


def closing(row: Row, login: int, symbols: Mapping[str, Symbol]) -> tuple[Part, Deal]:
    """What was closed, and the deal that closed it: the other way round, with what it brought."""
    of, at = part(row, symbols), moment(row.get("closeTime") or row.get("time"), "closeTime")
    if at < of.opened:
        raise bent("closeTime is before openTime")
    order = row.get("closingOrderId")
    told = {name: number(row.get(name), name) for name in ("profit", "swap", "commission")}
    paid = -abs(told["commission"])
    before = told["profit"] + told["swap"]
    # Whether the net is before or after the commission is not told, so either is believed.
    if number(row.get("netProfit", before), "netProfit") not in (before, before + paid):
        raise bent("profit, swap and commission do not make netProfit")
    return of, Deal(
        deal=ids.closing(str(row.get("id")), str(order or row.get("uid") or ""), at.isoformat()),
        login=login,
        kind=_OTHER_SIDE[of.kind],
        entry=Entry.OUT,
        at=at,
        symbol=of.symbol,
        lots=of.lots,
        lots_closed=of.lots,
        contract_size=symbols[of.symbol].contract_size,
        price=above_zero(row.get("closePrice"), "closePrice"),
        profit=told["profit"],
        swap=told["swap"],
        commission=paid,
        position=of.position,
        order=ids.number(order, "closingOrderId") if order else 0,
        rate_profit=_ZERO,
        comment=of.comment,
        reason=_REASONS.get(str(row.get("reason")).upper(), "client"),
    )


def opening(of: Part, lots: Decimal, login: int, symbols: Mapping[str, Symbol]) -> Deal:
    """The deal that opened a position of so many lots, closed by now or not."""
    return Deal(
        deal=ids.opening(of.position),
        login=login,
        kind=of.kind,
        entry=Entry.IN,
        at=of.opened,
        symbol=of.symbol,
        lots=lots,
        lots_closed=_ZERO,
        contract_size=symbols[of.symbol].contract_size,
        price=of.price,
        profit=_ZERO,
        swap=_ZERO,
        commission=_ZERO,
        position=of.position,
        order=0,
        rate_profit=_ZERO,
        comment=of.comment,
    )


def entry(row: Row, login: int) -> Deal:
    """A ledger's entry of money that came, went or was lent. Its sign is made sure of."""
    kind = one_of(row.get("type"), MONEY_TYPES, "type")
    profit, comment = number(row.get("profit"), "profit"), str(row.get("comment") or "")[:255]
    if kind in _OUTWARD or kind in _INWARD:
        profit = -abs(profit) if kind in _OUTWARD else abs(profit)
    return Deal(
        deal=ids.entry(ids.number(row.get("id"), "id")),
        login=login,
        kind=MONEY_TYPES[kind],
        entry=Entry.NONE,
        at=moment(row.get("time"), "time"),
        symbol="",
        lots=_ZERO,
        lots_closed=_ZERO,
        contract_size=_ZERO,
        price=_ZERO,
        profit=profit,
        swap=_ZERO,
        commission=_ZERO,
        position=0,
        order=0,
        rate_profit=_ZERO,
        comment=comment,
        external_id=comment[:MARK_LENGTH] if operation_of(comment) else "",
    )


def position(row: Row, login: int, symbols: Mapping[str, Symbol]) -> Position:
    of = part(row, symbols)
    return Position(
        position=of.position,
        login=login,
        symbol=of.symbol,
        kind=of.kind,
        lots=of.lots,
        contract_size=symbols[of.symbol].contract_size,
        price_open=of.price,
        price_current=above_zero(row.get("currentPrice"), "currentPrice"),
        stop_loss=number(row.get("stopLoss") or 0, "stopLoss"),
        take_profit=number(row.get("takeProfit") or 0, "takeProfit"),
        profit=number(row.get("profit"), "profit"),
        swap=number(row.get("swap"), "swap"),
        opened=of.opened,
        comment=of.comment,
    )


def account(row: Row) -> Account:
    details, money = row.get("accountDetails"), row.get("financeInfo")
    names = details if isinstance(details, dict) else {}
    told: Row = money if isinstance(money, dict) else {}
    floating = told.get("netProfit", told.get("profit"))
    return Account(
        login=ids.login_of(row.get("login")),
        group=word(row, "group"),
        currency=word(told, "currency", 10),
        name=f"{names.get('firstName') or ''} {names.get('lastName') or ''}".strip(),
        external_id=str(row.get("remarks") or "").partition(" ")[0],
        leverage=whole(row.get("leverageRatioPercent"), "leverageRatioPercent") // _PERCENT,
        access=ACCESS[one_of(row.get("accessRight"), ACCESS, "accessRight")],
        balance=number(told.get("balance"), "balance"),
        credit=number(told.get("credit"), "credit"),
        equity=number(told.get("equity"), "equity"),
        margin=number(told.get("margin"), "margin"),
        margin_free=number(told.get("freeMargin"), "freeMargin"),
        margin_level=number(told.get("marginLevel") or 0, "marginLevel"),
        floating=number(floating, "netProfit"),
        registered=moment(row.get("created"), "created"),
    )
