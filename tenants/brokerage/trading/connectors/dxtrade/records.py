"""Rows of DXtrade into our values. Pure; what cannot be raises Unreadable with a reason."""

from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final

from brokerage.trading.connector import Access, Account, Deal, DealKind, Entry, Position, Symbol
from brokerage.trading.connectors.dxtrade import ids
from brokerage.trading.connectors.dxtrade.settings import Settings
from brokerage.trading.told import above_zero, bent, moment, number, one_of, word
from stoa.kernel.money import EXACT

Row = dict[str, Any]
_ZERO: Final = Decimal(0)

ACCESS: Final = MappingProxyType(
    {
        "FULL_TRADING": Access.FULL,
        "CLOSE_ONLY": Access.CLOSE_ONLY,
        "NO_TRADING": Access.NO_TRADING,
        "TERMINATED": Access.NO_LOGIN,
        "EXPIRED": Access.NO_LOGIN,
    }
)
STATUSES: Final = MappingProxyType(
    {
        Access.FULL: "FULL_TRADING",
        Access.CLOSE_ONLY: "CLOSE_ONLY",
        Access.NO_TRADING: "NO_TRADING",
    }
)
_SIDES: Final = MappingProxyType({"BUY": DealKind.BUY, "SELL": DealKind.SELL})
_EFFECTS: Final = MappingProxyType({"OPEN": Entry.IN, "CLOSE": Entry.OUT})
_CASH: Final = MappingProxyType(
    {
        "DEPOSIT": DealKind.BALANCE,
        "WITHDRAWAL": DealKind.BALANCE,
        "ADJUSTMENT": DealKind.CORRECTION,
        "COMMISSION": DealKind.COMMISSION,
        "FINANCING": DealKind.INTEREST,
        "COST": DealKind.CHARGE,
        "SETTLEMENT": DealKind.OTHER,
        "EX_DIVIDEND": DealKind.DIVIDEND,
        "REBATE": DealKind.OTHER,
        "NEGATIVE_BALANCE_CORRECTION": DealKind.COMPENSATION,
    }
)


def row(value: Any) -> Row:
    if not isinstance(value, dict):
        raise bent("a row is no object")
    return value


def rows(value: Any, name: str) -> list[Row]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise bent(f"{name} is no list")
    return [row(one) for one in value]


def symbol(told: Row, settings: Settings) -> Symbol:
    name = word(told, "symbol", 32)
    step = above_zero(told.get("priceIncrement"), "priceIncrement")
    profit = word(told, "currency", 10)
    base = told.get("firstCurrency")
    base = base if isinstance(base, str) and base else name[:10]
    return Symbol(
        symbol=name,
        path=str(told.get("product") or told.get("type") or name)[:64],
        description=str(told.get("description") or name)[:128],
        digits=max(0, -int(step.normalize().as_tuple().exponent)),
        contract_size=above_zero(told.get("lotSize"), "lotSize"),
        currency_base=base,
        currency_profit=profit,
        currency_margin=base,
        lots_min=settings.lots_min,
        lots_max=settings.lots_max,
        lots_step=settings.lots_step,
    )


def account(admin: Row, metrics: Row, settings: Settings, name: str) -> Account:
    """An account of both APIs: its terms from the one, its money from the other."""
    group = group_of(admin, settings)
    metadata = admin.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    equity, margin = (
        number(metrics.get("equity"), "equity"),
        number(metrics.get("margin"), "margin"),
    )
    level = EXACT.divide(EXACT.multiply(equity, Decimal(100)), margin) if margin else _ZERO
    return Account(
        login=ids.login(metrics.get("account"), settings.clearing),
        group=group,
        currency=word(admin, "currency", 10),
        name=name,
        external_id=str(metadata.get("externalId") or ""),
        leverage=settings.leverages.get(group, settings.leverage),
        access=ACCESS[one_of(admin.get("status"), ACCESS, "status")],
        balance=number(metrics.get("balance"), "balance"),
        credit=number(metrics.get("credit", 0), "credit"),
        equity=equity,
        margin=margin,
        margin_free=number(metrics.get("marginFree"), "marginFree"),
        margin_level=level,
        floating=number(metrics.get("openPL"), "openPL"),
    )


def group_of(admin: Row, settings: Settings) -> str:
    """The value of the category that is the group; empty where the account has none."""
    found = [
        one.get("value")
        for one in rows(admin.get("categories"), "categories")
        if one.get("category") == settings.group_domain
    ]
    return str(found[0]) if found and found[0] else ""


def position(
    told: Row, metrics: Mapping[str, Row], sizes: Mapping[str, Decimal], login: int
) -> Position:
    name, code = word(told, "symbol", 32), told.get("positionCode")
    size = size_of(name, sizes)
    worth = metrics.get(str(code), {})
    price = above_zero(told.get("openPrice"), "openPrice")
    return Position(
        position=ids.number(code, "positionCode"),
        login=login,
        symbol=name,
        kind=_SIDES[one_of(told.get("side"), _SIDES, "side")],
        lots=EXACT.divide(above_zero(told.get("quantity"), "quantity"), size),
        contract_size=size,
        price_open=price,
        price_current=number(worth.get("currentPriceInstrumentCcy", price), "currentPrice"),
        stop_loss=number(told.get("stopLossPrice") or 0, "stopLossPrice"),
        take_profit=number(told.get("takeProfitPrice") or 0, "takeProfitPrice"),
        profit=number(worth.get("fpl", 0), "fpl"),
        swap=number(worth.get("totalFinancing", 0), "totalFinancing"),
        opened=moment(told.get("openTime") or told.get("lastUpdateTime"), "openTime"),
    )


def size_of(name: str, sizes: Mapping[str, Decimal]) -> Decimal:
    size = sizes.get(name)
    if size is None:
        raise bent(f"the symbol {name} is not one of the server's")
    return size


def trades(told: Row, sizes: Mapping[str, Decimal], clearing: str) -> list[Deal]:
    """The deals of one order: one for each fill, the money of the order with the last of them."""
    fills = [one for one in rows(told.get("executions"), "executions") if _filled(one)]
    if not fills:
        return []
    legs = rows(told.get("legs"), "legs")
    if len(legs) != 1:
        raise bent("an order of several legs")
    money: dict[str, dict[str, Decimal]] = {}
    last = str(fills[-1].get("executionCode"))
    known = {str(one.get("executionCode")) for one in fills}
    for cash in rows(told.get("cashTransactions"), "cashTransactions"):
        kind = one_of(cash.get("type"), _CASH, "type")
        trade = str(cash.get("tradeCode"))
        of = money.setdefault(trade if trade in known else last, {})
        of[kind] = of.get(kind, _ZERO) + number(cash.get("value"), "value")
    return [_trade(told, legs[0], one, money, sizes, clearing) for one in fills]


def _filled(execution: Row) -> bool:
    return execution.get("lastQuantity") not in (None, 0) and execution.get("rejectCode") is None


def _trade(
    order: Row,
    leg: Row,
    fill: Row,
    money: Mapping[str, Mapping[str, Decimal]],
    sizes: Mapping[str, Decimal],
    clearing: str,
) -> Deal:
    name = word(leg, "instrument", 32)
    size = size_of(name, sizes)
    lots = EXACT.divide(above_zero(fill.get("lastQuantity"), "lastQuantity"), size)
    entry = _EFFECTS[one_of(leg.get("positionEffect"), _EFFECTS, "positionEffect")]
    of = money.get(str(fill.get("executionCode")), {})
    others = sum(
        (value for kind, value in of.items() if kind not in {"COMMISSION", "FINANCING"}), _ZERO
    )
    return Deal(
        deal=ids.number(fill.get("executionCode"), "executionCode"),
        login=ids.login(order.get("account"), clearing),
        kind=_SIDES[one_of(leg.get("side"), _SIDES, "side")],
        entry=entry,
        at=moment(fill.get("transactionTime"), "transactionTime"),
        symbol=name,
        lots=lots,
        lots_closed=lots if entry is Entry.OUT else _ZERO,
        contract_size=size,
        price=above_zero(fill.get("lastPrice"), "lastPrice"),
        profit=others,
        swap=of.get("FINANCING", _ZERO),
        commission=of.get("COMMISSION", _ZERO),
        position=ids.number(leg.get("positionCode"), "positionCode"),
        order=ids.number(order.get("orderCode"), "orderCode"),
        rate_profit=Decimal(1),
    )


def transfer(told: Row, clearing: str) -> list[Deal]:
    """The deals of one cash transfer; what belongs to an order is told by the order."""
    comment = str(told.get("comment") or "")
    code = str(told.get("transferCode") or "")
    found: list[Deal] = []
    for cash in rows(told.get("cashTransactions"), "cashTransactions"):
        if cash.get("orderCode"):
            continue
        kind = _CASH[one_of(cash.get("type"), _CASH, "type")]
        found.append(
            Deal(
                deal=ids.number(cash.get("transactionCode"), "transactionCode"),
                login=ids.login(cash.get("account") or told.get("account"), clearing),
                kind=kind,
                entry=Entry.NONE,
                at=moment(cash.get("transactionTime") or told.get("transactionTime"), "time"),
                symbol="",
                lots=_ZERO,
                lots_closed=_ZERO,
                contract_size=_ZERO,
                price=_ZERO,
                profit=number(cash.get("value"), "value"),
                swap=_ZERO,
                commission=_ZERO,
                position=0,
                order=0,
                rate_profit=Decimal(1),
                comment=comment[:64],
                external_id=code if code == comment.partition(" ")[0] else "",
            )
        )
    return found
