"""Accounts, positions and ledgers under the Broker API's names: amounts are numbers, times are UTC."""

import datetime as dt
from typing import Any

import msgspec

from sandbox.trading.amounts import share, to_text
from sandbox.trading.book import Account
from sandbox.trading.floor import Floor
from sandbox.trading.records import Action, Deal, Position, Reason
from sandbox.trading.symbols import SYMBOLS
from sandbox.trading.valuation import position_profit, worth

Json = dict[str, Any]

_REASONS = {
    Reason.SL: "STOP_LOSS",
    Reason.TP: "TAKE_PROFIT",
    Reason.STOP_OUT: "STOP_OUT",
    Reason.DEALER: "ADMIN",
}
_PERCENT = 100


def iso(ms: int) -> str:
    at = dt.datetime.fromtimestamp(ms / 1000, dt.UTC)
    return f"{at:%Y-%m-%dT%H:%M:%S}.{ms % 1000:03d}Z"


def amount(minor: int, digits: int) -> msgspec.Raw:
    return msgspec.Raw(to_text(minor, digits).encode())


def position_id(number: int) -> str:
    return f"W{number:013d}"


def account(floor: Floor, account: Account, at: int) -> Json:
    user, group = account.user, floor.group(account)
    first, _, last = user.name.partition(" ")
    state = worth(floor, account, at)

    def money(minor: int) -> msgspec.Raw:
        return amount(minor, group.digits)

    return {
        "uuid": user.mqid,
        "created": iso(user.registered),
        "login": str(user.login),
        "group": user.group,
        "leverageRatioPercent": user.leverage * _PERCENT,
        "accessRight": user.status,
        "accountType": "DEMO" if group.demo else "REAL",
        "accountDetails": {
            "firstName": first,
            "lastName": last,
            "phoneNumber": user.phone,
            "addressDetails": {
                "address": user.address,
                "country": user.country,
                "state": user.state,
                "city": user.city,
                "zipCode": user.zip_code,
            },
        },
        "remarks": user.comment,
        "version": str(user.client),
        "financeInfo": {
            "balance": money(state.balance),
            "equity": money(state.equity),
            "profit": money(state.profit),
            "netProfit": money(state.floating),
            "margin": money(state.margin),
            "freeMargin": money(state.free),
            "marginLevel": amount(share(state.equity * 10_000, state.margin), 2)
            if state.margin
            else 0,
            "credit": money(state.credit),
            "currency": group.currency,
            "currencyPrecision": group.digits,
        },
    }


def volume(engine: int) -> msgspec.Raw:
    return msgspec.Raw((to_text(engine, 4).rstrip("0").rstrip(".") or "0").encode())


def price(symbol: str, points: int) -> msgspec.Raw:
    return amount(points, SYMBOLS[symbol].digits)


def position(floor: Floor, account: Account, row: Position, at: int) -> Json:
    digits = floor.group(account).digits
    profit = position_profit(floor, account, row, at)
    opening = next(each for each in account.deals if each.position == row.position and each.trade)
    return {
        "id": position_id(row.position),
        "symbol": row.symbol,
        "alias": row.symbol,
        "volume": volume(row.volume),
        "side": "SELL" if row.action else "BUY",
        "openTime": iso(row.created),
        "openPrice": price(row.symbol, share(row.cost, row.volume)),
        "currentPrice": price(row.symbol, floor.closing_price(account, row, at)),
        "stopLoss": price(row.symbol, row.sl),
        "takeProfit": price(row.symbol, row.tp),
        "commission": amount(share(opening.commission * row.volume, opening.volume), digits),
        "swap": amount(row.storage, digits),
        "profit": amount(profit, digits),
        "netProfit": amount(profit + row.storage, digits),
        "comment": row.comment,
    }


def closed_position(floor: Floor, account: Account, row: Deal) -> Json:
    """One closing, of a part of a position or of all of it; whose it is, is not told."""
    digits = floor.group(account).digits
    opening = next(each for each in account.deals if each.position == row.position and each.trade)
    paid = share(opening.commission * row.closed, opening.volume) + row.commission
    return {
        "id": position_id(row.position),
        "symbol": row.symbol,
        "alias": row.symbol,
        "volume": volume(row.closed),
        "side": "SELL" if row.action == Action.BUY else "BUY",
        "openTime": iso(opening.time),
        "openPrice": price(row.symbol, row.opened),
        "time": iso(row.time),
        "closeTime": iso(row.time),
        "closePrice": price(row.symbol, row.price),
        "stopLoss": price(row.symbol, row.sl),
        "takeProfit": price(row.symbol, row.tp),
        "commission": amount(paid, digits),
        "swap": amount(row.storage, digits),
        "profit": amount(row.profit, digits),
        "netProfit": amount(row.profit + row.storage + paid, digits),
        "closingOrderId": f"M{row.order:010d}",
        "reason": _REASONS.get(Reason(row.reason), "USER"),
        "comment": row.comment,
    }


def ledger(row: Deal, digits: int) -> list[Json]:
    """What a deal did to an account's money, one entry for each part."""
    if not row.trade:
        return [_entry(row, 0, operation_type(row), row.profit, digits)]
    parts = (
        ("CLOSED_POSITION", row.profit if row.closed else None),
        ("COMMISSIONS", row.commission or None),
        ("SWAPS", row.storage or None),
    )
    return [
        _entry(row, at, kind, moved, digits)
        for at, (kind, moved) in enumerate(parts)
        if moved is not None
    ]


def operation_type(row: Deal) -> str:
    if row.action == Action.CREDIT:
        return "CREDIT_IN" if row.profit > 0 else "CREDIT_OUT"
    if row.action == Action.BALANCE:
        return "DEPOSIT" if row.profit > 0 else "WITHDRAWAL"
    return "OTHER"


def _entry(row: Deal, at: int, kind: str, moved: int, digits: int) -> Json:
    return {
        "id": str(row.deal * 4 + at),
        "type": kind,
        "time": iso(row.time),
        "profit": amount(moved, digits),
        "comment": "" if row.trade else row.comment,
    }
