"""Accounts, positions and operations under the Brand API's names: amounts are texts, times are UTC."""

import datetime as dt
from typing import Any

from sandbox.tradelocker import ids
from sandbox.trading.amounts import share, to_text
from sandbox.trading.book import Account
from sandbox.trading.floor import Floor
from sandbox.trading.records import Action, Deal, Entry, Position, Reason
from sandbox.trading.symbols import SYMBOLS
from sandbox.trading.valuation import position_profit, worth

Json = dict[str, Any]

_ORDER_TYPES = {
    Reason.SL: "Stop loss",
    Reason.TP: "Take profit",
    Reason.STOP_OUT: "Stop Out",
}
OPERATIONS = {
    "TRADING": "1",
    "DEPOSIT": "2",
    "WITHDRAW": "3",
    "COMMISSION": "4",
    "SWAP": "5",
    "BLOCKING": "7",
    "UNBLOCKING": "8",
    "ADJUSTMENT": "12",
    "SPREAD": "18",
    "CREDIT": "19",
    "BALANCE_CREDIT": "100",
}


def iso(ms: int) -> str:
    at = dt.datetime.fromtimestamp(ms / 1000, dt.UTC)
    return f"{at:%Y-%m-%dT%H:%M:%S}.{ms % 1000:03d}Z"


def statement(floor: Floor, account: Account, at: int) -> Json:
    state, digits = worth(floor, account, at), floor.group(account).digits
    return {
        "accountId": ids.account_id(account),
        "balance": to_text(state.balance, digits),
        "credit": to_text(state.credit, digits),
        "equity": to_text(state.equity, digits),
        "pnl": to_text(state.floating, digits),
        "marginUsed": to_text(state.margin, digits),
        "marginAvailable": to_text(state.free, digits),
        "userGroupId": ids.group_id(ids.brand_group(account.user.group)),
    }


def details(floor: Floor, account: Account, at: int) -> Json:
    return {
        "accountName": account.user.name,
        "userId": account.user.account,
        "type": ids.type_of(account.user.group),
        "status": account.user.status or "ACTIVE",
        "tradingDisabledReason": None,
        "currency": floor.group(account).currency,
        "leverage": str(account.user.leverage),
        "blockedBalance": to_text(0, floor.group(account).digits),
        "createdDateTime": iso(account.user.registered),
        **statement(floor, account, at),
    }


def lots(volume: int) -> str:
    return to_text(volume, 4).rstrip("0").rstrip(".")


def units(symbol: str, volume: int) -> str:
    return to_text(volume * SYMBOLS[symbol].contract, 4).rstrip("0").rstrip(".")


def price(symbol: str, points: int) -> str:
    return to_text(points, SYMBOLS[symbol].digits)


def position(floor: Floor, account: Account, row: Position, at: int) -> Json:
    digits = floor.group(account).digits
    profit = position_profit(floor, account, row, at)
    return {
        "positionId": ids.number(row.position),
        "accountId": ids.account_id(account),
        "lots": lots(row.volume),
        "lotSize": str(SYMBOLS[row.symbol].contract),
        "units": units(row.symbol, row.volume),
        "openTime": row.created,
        "openDateTime": iso(row.created),
        "pnl": to_text(profit, digits),
        "swap": to_text(row.storage, digits),
        "slPrice": price(row.symbol, row.sl) if row.sl else None,
        "tpPrice": price(row.symbol, row.tp) if row.tp else None,
        "openPrice": price(row.symbol, share(row.cost, row.volume)),
        "side": "SELL" if row.action else "BUY",
        "instrument": row.symbol,
    }


def trades(floor: Floor, account: Account, row: Deal) -> list[Json]:
    """A deal as trades: one, or two where it turned a position round."""
    digits = floor.group(account).digits
    closed = row.volume if row.entry in (Entry.OUT, Entry.OUT_BY) else row.closed
    opened = row.volume - closed
    told: list[Json] = []
    for volume, second in ((closed, False), (opened, bool(closed))):
        if not volume:
            continue
        told.append(
            {
                "tradeId": ids.trade(row.deal, second=second),
                "orderId": ids.number(row.order),
                "accountId": ids.account_id(account),
                "side": "SELL" if row.action == Action.SELL else "BUY",
                "orderType": _ORDER_TYPES.get(Reason(row.reason), "Market")
                .upper()
                .replace(" ", "_"),
                "positionStatus": _status(account, row, closing=volume is closed and not second),
                "tradeTime": row.time,
                "tradeDateTime": iso(row.time),
                "price": price(row.symbol, row.price),
                "lots": lots(volume),
                "instrument": row.symbol,
                "positionId": ids.number(row.position),
                "pnl": to_text(0 if second else row.profit, digits),
                "executionFee": to_text(0 if second else -row.commission, digits),
                "stopLoss": price(row.symbol, row.sl) if row.sl else None,
                "stopLossLimit": None,
                "takeProfit": price(row.symbol, row.tp) if row.tp else None,
                "userGroupId": ids.group_id(ids.brand_group(account.user.group)),
            }
        )
    return told


def _status(account: Account, row: Deal, *, closing: bool) -> str:
    before = any(each.position == row.position and each.deal < row.deal for each in account.deals)
    if closing and row.closed:
        return "CLOSE" if row.position not in account.positions else "DECREASE"
    return "INCREASE" if before and not row.closed else "OPEN"


def closed_trade(floor: Floor, account: Account, row: Deal) -> Json:
    """One closing, a part of a position or all of it, with what opened it."""
    digits, symbol = floor.group(account).digits, SYMBOLS[row.symbol]
    opening = next(each for each in account.deals if each.position == row.position and each.trade)
    paid = share(opening.commission * row.closed, opening.volume) + row.commission
    return {
        "instrument": row.symbol,
        "accountId": ids.account_id(account),
        "openMilliseconds": str(opening.time),
        "openDateTime": iso(opening.time),
        "orderType": _ORDER_TYPES.get(Reason(row.reason), "Market"),
        "positionSide": "Sell" if row.action == Action.BUY else "Buy",
        "side": "Sell" if row.action == Action.BUY else "Buy",
        "openAmount": units(row.symbol, opening.volume),
        "closeAmount": units(row.symbol, row.closed),
        "lotSize": str(symbol.contract),
        "averageOpenPrice": price(row.symbol, row.opened),
        "closePrice": price(row.symbol, row.price),
        "closeMilliseconds": str(row.time),
        "closeDateTime": iso(row.time),
        "openTradeId": ids.trade(opening.deal),
        "closeTradeId": ids.trade(row.deal),
        "openOrderId": ids.number(opening.order),
        "closeOrderId": ids.number(row.order),
        "positionId": ids.number(row.position),
        "strategyId": None,
        "slPrice": None,
        "slOrderType": None,
        "slTrailingOffset": None,
        "tpPrice": None,
        "commission": to_text(-paid, digits),
        "swap": to_text(row.storage, digits),
        "profit": to_text(row.profit, digits),
        "netProfit": to_text(row.profit + row.storage + paid, digits),
        "userGroupId": ids.group_id(ids.brand_group(account.user.group)),
    }


def operation_type(row: Deal) -> str:
    if row.trade:
        return "TRADING"
    if row.action == Action.CREDIT:
        return "CREDIT"
    if row.action == Action.BALANCE:
        return "DEPOSIT" if row.profit > 0 else "WITHDRAW"
    return "ADJUSTMENT"
