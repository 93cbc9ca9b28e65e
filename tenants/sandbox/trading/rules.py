"""Whether something may be traded: rights, sessions, volumes, stops; and what the group takes."""

from sandbox.trading.amounts import LOT, share, to_minor
from sandbox.trading.book import Account
from sandbox.trading.config import Group
from sandbox.trading.floor import Floor
from sandbox.trading.masks import matches
from sandbox.trading.records import Action, Reason, Right
from sandbox.trading.retcodes import RefusedError, Ret
from sandbox.trading.symbols import SYMBOLS, Calc, Symbol

COMMENT = 31
"""Comments are cut to what the platform stores."""


def allowed(floor: Floor, account: Account, name: str, at: int, reason: int) -> Symbol:
    """Tell the instrument, or refuse: no rights, no such symbol here, or a closed market."""
    symbol = SYMBOLS.get(name)
    if symbol is None or not matches(floor.group(account).symbols, symbol.path, symbol.name):
        raise RefusedError(Ret.REQUEST_INVALID)
    rights = account.user.rights
    free_hand = reason in (Reason.DEALER, Reason.STOP_OUT)
    if not free_hand and (not rights & Right.ENABLED or rights & Right.TRADE_DISABLED):
        raise RefusedError(Ret.TRADE_DISABLED)
    if not floor.market.is_open(symbol, at):
        raise RefusedError(Ret.MARKET_CLOSED)
    return symbol


def may_open(account: Account, reason: int) -> None:
    """Refuse what would make an account that may only close hold more."""
    if reason != Reason.DEALER and account.user.rights & Right.CLOSE_ONLY:
        raise RefusedError(Ret.TRADE_DISABLED)


def check_volume(symbol: Symbol, volume: int) -> None:
    if volume % symbol.volume_step or not symbol.volume_min <= volume <= symbol.volume_max:
        raise RefusedError(Ret.INVALID_VOLUME)


def check_stops(side: Action, low: int, high: int, sl: int, tp: int) -> None:
    """A purchase stops below and takes above the prices given; a sale the other way round."""
    wrong = (
        (sl and sl >= low) or (tp and tp <= high)
        if side == Action.BUY
        else (sl and sl <= high) or (tp and tp >= low)
    )
    if wrong or sl < 0 or tp < 0:
        raise RefusedError(Ret.INVALID_STOPS)


def commission(group: Group, symbol: Symbol, volume: int) -> int:
    """What the group takes for a side, as a negative amount; CFDs pay by the spread alone."""
    if symbol.calc is Calc.CFD:
        return 0
    return -share(to_minor(group.commission, group.digits) * volume, LOT)
