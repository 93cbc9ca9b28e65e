"""What is told, as JSON."""

import datetime as dt
from typing import Any

from sandbox.mt4bridge.tickets import Ticket, position_of, waiting
from sandbox.trading.amounts import to_text
from sandbox.trading.book import Account
from sandbox.trading.config import Group
from sandbox.trading.floor import Floor
from sandbox.trading.market import Quote
from sandbox.trading.records import Reason, Right
from sandbox.trading.symbols import SYMBOLS, Symbol
from sandbox.trading.valuation import position_profit, worth

Json = dict[str, Any]
_REASONS = {
    Reason.EXPERT: "expert",
    Reason.DEALER: "dealer",
    Reason.SL: "sl",
    Reason.TP: "tp",
    Reason.STOP_OUT: "so",
}
_LOT_DIGITS = 4


def iso(utc_ms: int) -> str | None:
    if not utc_ms:
        return None
    moment = dt.datetime.fromtimestamp(utc_ms / 1000, dt.UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def lots(volume: int) -> str:
    return to_text(volume, _LOT_DIGITS)


def access(rights: int) -> str:
    if not rights & Right.ENABLED:
        return "no-login"
    return "no-trading" if rights & (Right.TRADE_DISABLED | Right.READ_ONLY) else "full"


def account(floor: Floor, one: Account, now: int) -> Json:
    user, group, value = one.user, floor.group(one), worth(floor, one, now)
    later = waiting(one)
    money = {
        "balance": value.balance - later,
        "credit": value.credit,
        "equity": value.equity,
        "margin": value.margin,
        "margin_free": value.free,
        "floating": value.floating + later,
    }
    return {
        "login": user.login,
        "external_id": user.identity,
        "group": user.group,
        "currency": group.currency,
        "leverage": user.leverage,
        "access": access(user.rights),
        "name": user.name,
        "email": user.email,
        "phone": user.phone,
        "country": user.country,
        "city": user.city,
        "state": user.state,
        "zip_code": user.zip_code,
        "address": user.address,
        "company": user.company,
        **{name: to_text(amount, group.digits) for name, amount in money.items()},
        "margin_level": to_text(value.level, 2),
        "registered": iso(user.registered),
        "last_access": iso(one.last_access),
    }


def trade(floor: Floor, one: Account, ticket: Ticket, now: int) -> Json:
    """A ticket; of an open one with what it is worth now."""
    digits = floor.group(one).digits
    told: Json = {
        "ticket": ticket.ticket,
        "login": ticket.login,
        "cmd": ticket.cmd,
        "volume": lots(ticket.volume),
        "root": ticket.root,
        "volume_opened": lots(ticket.volume_opened),
        "open_time": iso(ticket.opened),
        "close_time": iso(ticket.closed),
        "by": ticket.by,
        "reason": _REASONS.get(Reason(ticket.reason), "client"),
        "comment": ticket.comment,
    }
    profit, swap = ticket.profit, ticket.swap
    if ticket.symbol:
        symbol = SYMBOLS[ticket.symbol]
        told |= {
            "symbol": symbol.name,
            "contract_size": str(symbol.contract),
            "open_price": to_text(ticket.open_price, symbol.digits),
            "close_price": to_text(ticket.close_price, symbol.digits),
        }
        held = one.positions.get(position_of(ticket.root))
        if not ticket.closed and held is not None:
            profit, swap = position_profit(floor, one, held, now), held.storage
            told |= {
                "price_now": to_text(floor.closing_price(one, held, now), symbol.digits),
                "stop_loss": to_text(held.sl, symbol.digits),
                "take_profit": to_text(held.tp, symbol.digits),
            }
    money = {"profit": profit, "swap": swap, "commission": ticket.commission}
    return told | {name: to_text(amount, digits) for name, amount in money.items()}


def group(one: Group) -> Json:
    return {
        "group": one.name,
        "currency": one.currency,
        "digits": one.digits,
        "company": one.company,
        "margin_call": str(one.margin_call),
        "stop_out": str(one.stop_out),
    }


def symbol(one: Symbol) -> Json:
    return {
        "symbol": one.name,
        "path": one.path,
        "description": one.text,
        "digits": one.digits,
        "contract_size": str(one.contract),
        "currency_base": one.base,
        "currency_profit": one.profit,
        "currency_margin": one.margin_currency,
        "lots_min": lots(one.volume_min),
        "lots_max": lots(one.volume_max),
        "lots_step": lots(one.volume_step),
    }


def price(one: Symbol, quote: Quote) -> Json:
    return {
        "symbol": one.name,
        "bid": to_text(quote.bid, one.digits),
        "ask": to_text(quote.ask, one.digits),
        "digits": one.digits,
        "at": iso(quote.at),
    }
