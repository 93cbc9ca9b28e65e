"""Accounts, orders, positions and transfers under DXtrade's names: amounts are JSON numbers."""

import datetime as dt
from decimal import Decimal
from typing import Any

from sandbox.trading.amounts import share, to_text
from sandbox.trading.book import Account
from sandbox.trading.config import Config, Group
from sandbox.trading.floor import Floor
from sandbox.trading.records import Action, Deal, Entry, Position, Right
from sandbox.trading.symbols import SYMBOLS, Calc, Symbol
from sandbox.trading.valuation import position_profit, worth

Json = dict[str, Any]

CLEARING = "default"
DOMAIN = "Trading"
BROKER = "root_broker"
STATUSES = {
    "FULL_TRADING": Right.DEFAULT,
    "CLOSE_ONLY": Right.DEFAULT | Right.CLOSE_ONLY,
    "NO_TRADING": Right.DEFAULT | Right.TRADE_DISABLED,
    "TERMINATED": Right.DEFAULT & ~Right.ENABLED | Right.TRADE_DISABLED,
}


def iso(ms: int) -> str:
    at = dt.datetime.fromtimestamp(ms / 1000, dt.UTC)
    return f"{at:%Y-%m-%dT%H:%M:%S}.{ms % 1000:03d}Z"


def kind_of(group: str) -> str:
    return "DEMO" if group.lower().startswith("demo\\") else "LIVE"


def category_of(group: str) -> str:
    """Conditions without type and currency, which an account has of its own."""
    stem = group.partition("\\")[2]
    for ending in ("-usd", "-eur", "-gbp", "-jpy"):
        stem = stem.removesuffix(ending)
    return stem.upper()


def engine_group(config: Config, kind: str, category: str, currency: str) -> Group | None:
    return next(
        (
            group
            for group in config.groups
            if kind_of(group.name) == kind
            and category_of(group.name) == category
            and group.currency == currency
        ),
        None,
    )


def code(account: Account) -> str:
    return f"{CLEARING}:{account.login}"


def number(minor: int, digits: int) -> Decimal:
    return Decimal(to_text(minor, digits))


def account(floor: Floor, one: Account, metadata: Json) -> Json:
    group = floor.group(one)
    return {
        "clearingCode": CLEARING,
        "accountCode": str(one.login),
        "brokerCode": BROKER,
        "type": kind_of(group.name),
        "status": one.user.status or "FULL_TRADING",
        "accountCashType": "MARGIN",
        "accountType": "CLIENT",
        "currency": group.currency,
        "balance": number(one.balance, group.digits),
        "credit": number(one.credit, group.digits),
        "categories": [{"category": DOMAIN, "value": category_of(group.name)}],
        "metadata": metadata,
    }


def metrics(floor: Floor, one: Account, at: int, *, with_positions: bool) -> Json:
    state, digits = worth(floor, one, at), floor.group(one).digits
    told: Json = {
        "account": code(one),
        "version": len(one.deals),
        "equity": number(state.equity, digits),
        "balance": number(state.balance, digits),
        "availableBalance": number(state.balance, digits),
        "availableFunds": number(state.free, digits),
        "credit": number(state.credit, digits),
        "marginFree": number(state.free, digits),
        "openPL": number(state.floating, digits),
        "totalPL": number(state.floating, digits),
        "margin": number(state.margin, digits),
        "openPositionsCount": len(one.positions),
        "openOrdersCount": len(one.orders),
    }
    if with_positions:
        told["positions"] = [
            _position_metrics(floor, one, row, at) for row in one.positions.values()
        ]
    return told


def _position_metrics(floor: Floor, one: Account, row: Position, at: int) -> Json:
    symbol, digits = SYMBOLS[row.symbol], floor.group(one).digits
    now = floor.closing_price(one, row, at)
    return {
        "positionCode": str(row.position),
        "version": 1,
        "symbol": name(symbol),
        "fpl": number(position_profit(floor, one, row, at), digits),
        "totalFinancing": number(row.storage, digits),
        "quantity": units(symbol, row.volume),
        "openPrice": number(share(row.cost, row.volume), symbol.digits),
        "currentPriceInstrumentCcy": number(now, symbol.digits),
        "instrumentCurrency": symbol.profit,
    }


def name(symbol: Symbol) -> str:
    """A pair is written with a stroke, all else as it is."""
    if symbol.calc is Calc.FOREX and len(symbol.name) == 6:
        return f"{symbol.name[:3]}/{symbol.name[3:]}"
    return symbol.name


def units(symbol: Symbol, volume: int) -> Decimal:
    text = to_text(volume * symbol.contract, 4)
    return Decimal(text.rstrip("0").rstrip("."))


def position(one: Account, row: Position) -> Json:
    symbol = SYMBOLS[row.symbol]
    told: Json = {
        "account": code(one),
        "version": 1,
        "positionCode": str(row.position),
        "symbol": name(symbol),
        "quantity": units(symbol, row.volume),
        "side": "SELL" if row.action else "BUY",
        "openTime": iso(row.created),
        "lastUpdateTime": iso(row.updated),
        "openPrice": number(share(row.cost, row.volume), symbol.digits),
    }
    if row.sl:
        told["stopLossPrice"] = number(row.sl, symbol.digits)
    if row.tp:
        told["takeProfitPrice"] = number(row.tp, symbol.digits)
    return told


def instrument(symbol: Symbol) -> Json:
    return {
        "type": "FOREX" if symbol.calc is Calc.FOREX else "CFD",
        "symbol": name(symbol),
        "version": 1,
        "description": symbol.text,
        "priceIncrement": number(1, symbol.digits),
        "currency": symbol.profit,
        "lotSize": Decimal(symbol.contract),
        "multiplier": Decimal(1),
        "firstCurrency": symbol.base,
        "product": symbol.folder,
    }


def orders(floor: Floor, one: Account, row: Deal) -> list[Json]:
    """A deal as completed orders: one, or two where it turned a position round."""
    closed = row.volume if row.entry in (Entry.OUT, Entry.OUT_BY) else row.closed
    opened = row.volume - closed
    told: list[Json] = []
    if closed:
        told.append(_order(floor, one, row, closed, "CLOSE", mark=""))
    if opened:
        told.append(_order(floor, one, row, opened, "OPEN", mark="-2" if closed else ""))
    return told


def _order(floor: Floor, one: Account, row: Deal, volume: int, effect: str, *, mark: str) -> Json:
    symbol, side = SYMBOLS[row.symbol], "SELL" if row.action == Action.SELL else "BUY"
    quantity, price = units(symbol, volume), number(row.price, symbol.digits)
    order, execution = f"{row.order}{mark}", f"{row.deal}{mark}"
    if row.entry == Entry.OUT_BY:
        order = f"{row.order}-{row.deal}"  # Both sides of a close-by have one ticket in the engine.
    filled: Json = {
        "account": code(one),
        "executionCode": execution,
        "orderCode": order,
        "instrument": name(symbol),
        "status": "COMPLETED",
        "finalStatus": True,
        "filledQuantity": quantity,
        "lastQuantity": quantity,
        "lastPrice": price,
        "averagePrice": price,
        "transactionTime": iso(row.time),
    }
    leg = {
        "instrument": name(symbol),
        "positionEffect": effect,
        "positionCode": str(row.position),
        "side": side,
        "quantity": quantity,
        "legRatio": 1,
        "filledQuantity": quantity,
        "averagePrice": price,
    }
    return {
        "account": code(one),
        "version": 1,
        "orderId": row.order,
        "orderCode": order,
        "clientOrderId": f"client-{order}",
        "type": "MARKET",
        "instrument": name(symbol),
        "status": "COMPLETED",
        "finalStatus": True,
        "legCount": 1,
        "legs": [leg],
        "side": side,
        "tif": "GTC",
        "issueTime": iso(row.time),
        "transactionTime": iso(row.time),
        "executions": [filled],
        "cashTransactions": [] if mark else _cash(floor, one, row, order, execution),
    }


def _cash(floor: Floor, one: Account, row: Deal, order: str, execution: str) -> list[Json]:
    group = floor.group(one)
    parts = (
        ("SETTLEMENT", row.profit),
        ("COMMISSION", row.commission),
        ("FINANCING", row.storage),
    )
    return [
        {
            "account": code(one),
            "transactionCode": f"{execution}-{kind[0]}",
            "orderCode": order,
            "tradeCode": execution,
            "version": 1,
            "type": kind,
            "value": number(value, group.digits),
            "currency": group.currency,
            "transactionTime": iso(row.time),
        }
        for kind, value in parts
        if value
    ]


def transfer(floor: Floor, one: Account, row: Deal, transfer_code: str) -> Json:
    group = floor.group(one)
    kind = "ADJUSTMENT"
    if row.action == Action.BALANCE:
        kind = "DEPOSIT" if row.profit > 0 else "WITHDRAWAL"
    return {
        "account": code(one),
        "version": 1,
        "transferCode": transfer_code,
        "comment": row.comment,
        "transactionTime": iso(row.time),
        "cashTransactions": [
            {
                "account": code(one),
                "transactionCode": str(row.deal),
                "version": 1,
                "type": kind,
                "value": number(row.profit, group.digits),
                "currency": group.currency,
                "transactionTime": iso(row.time),
            }
        ],
    }
