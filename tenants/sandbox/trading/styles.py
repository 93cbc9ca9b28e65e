"""How people trade here: what they pick, how much of it, and for how long."""

import random
from dataclasses import dataclass

from sandbox.trading.amounts import LOT, RATE
from sandbox.trading.book import Account
from sandbox.trading.dealing import Want
from sandbox.trading.floor import Floor
from sandbox.trading.records import Action, Reason
from sandbox.trading.symbols import SYMBOLS, Calc, Symbol

_MINUTE, _HOUR, _DAY = 60_000, 3_600_000, 86_400_000

_SHORTNESS = 2.2
_SHARE_OF_MONEY = 0.25
"""No single position takes more of the account than this as margin."""

_MAJORS = ("EURUSD", "GBPUSD", "USDJPY", "AUDUSD", "USDCAD", "USDCHF", "NZDUSD")
_CROSSES = ("EURGBP", "EURJPY", "GBPJPY", "EURCHF", "AUDJPY")
_REST = ("XAUUSD", "XAGUSD", "US500", "US100", "US30", "DE40", "UK100", "USOIL")
_COINS = ("BTCUSD", "ETHUSD")


@dataclass(frozen=True)
class Style:
    """Hold times in milliseconds; ``follow`` is +1 with the trend, -1 against it, 0 by chance."""

    name: str
    symbols: tuple[str, ...]
    hold: tuple[int, int]
    gear: tuple[float, float]
    follow: int = 0
    look_back: int = _HOUR
    reasons: tuple[Reason, ...] = (Reason.CLIENT, Reason.MOBILE, Reason.WEB)


STYLES: dict[str, Style] = {
    style.name: style
    for style in (
        Style(
            "scalper",
            (*_MAJORS[:4], "XAUUSD", "US100", "DE40"),
            (_MINUTE, 20 * _MINUTE),
            (2.0, 9.0),
            follow=1,
            look_back=5 * _MINUTE,
            reasons=(Reason.EXPERT, Reason.CLIENT),
        ),
        Style("day", (*_MAJORS, *_CROSSES, *_REST), (10 * _MINUTE, 9 * _HOUR), (1.0, 5.0)),
        Style(
            "swing",
            (*_MAJORS, *_CROSSES, *_REST, *_COINS),
            (8 * _HOUR, 6 * _DAY),
            (0.5, 2.5),
            follow=1,
            look_back=2 * _DAY,
        ),
        Style(
            "contrarian",
            (*_MAJORS, *_CROSSES, "XAUUSD", "US500"),
            (30 * _MINUTE, 30 * _HOUR),
            (0.8, 4.0),
            follow=-1,
            look_back=6 * _HOUR,
        ),
        Style("coins", _COINS, (20 * _MINUTE, 3 * _DAY), (0.2, 0.8)),
        Style(
            "mixed",
            (*_MAJORS, *_MAJORS[:3], *_CROSSES, *_REST, "XAUUSD", "XAUUSD", *_COINS),
            (2 * _MINUTE, 40 * _HOUR),
            (0.4, 4.5),
            reasons=(Reason.CLIENT, Reason.CLIENT, Reason.MOBILE, Reason.WEB, Reason.EXPERT),
        ),
    )
}


def pick(
    floor: Floor,
    account: Account,
    style: Style,
    at: int,
    dice: random.Random,
    *,
    expert: int = 0,
    calm: float = 1.0,
) -> Want:
    """Choose an instrument, a side and a size that fits what the account is worth.

    ``calm`` below 1 makes sizes smaller, for those who hold many positions at once.
    """
    names = [name for name in style.symbols if weekday(floor, SYMBOLS[name], at)] or ["BTCUSD"]
    symbol = SYMBOLS[dice.choice(names)]
    side = _side(floor, symbol, style, at, dice)
    return Want(
        symbol=symbol.name,
        side=side,
        volume=size(floor, account, symbol, dice.uniform(*style.gear) * calm, at),
        reason=dice.choice(style.reasons),
        expert=expert,
    )


def size(floor: Floor, account: Account, symbol: Symbol, gear: float, at: int) -> int:
    """A volume whose value is ``gear`` times the account's own money, in whole steps."""
    group = floor.group(account)
    rate = floor.market.rate(symbol.profit, group.currency, at)
    price = floor.market.quote(symbol, at).ask
    # Money in minor units of one lot; sizes need no exactness, only a sensible order.
    lot: int = symbol.contract * price * rate * 10**group.digits // (10**symbol.digits * RATE)
    most = 10_000 // symbol.margin_bp if symbol.calc is Calc.CFD else account.user.leverage
    gear = min(gear, most * _SHARE_OF_MONEY)
    wanted = int(max(0, account.balance + account.credit) * gear * LOT) // max(1, lot)
    steps = max(1, wanted // symbol.volume_step)
    return min(max(steps * symbol.volume_step, symbol.volume_min), symbol.volume_max // 5)


def hold_ms(style: Style, dice: random.Random) -> int:
    """How long a position is kept: mostly short, sometimes long."""
    low, high = style.hold
    return int(low + (high - low) * dice.random() ** _SHORTNESS)


def usual_hold_ms(style: Style) -> float:
    """The mean of ``hold_ms``."""
    low, high = style.hold
    return low + (high - low) / (_SHORTNESS + 1)


def weekday(floor: Floor, symbol: Symbol, at: int) -> bool:
    """Whether people trade this symbol on such a day."""
    return symbol.weekend or floor.zone.weekday(floor.zone.day(at)) < 6


def _side(floor: Floor, symbol: Symbol, style: Style, at: int, dice: random.Random) -> Action:
    if style.follow == 0 or dice.random() < 0.25:
        return dice.choice((Action.BUY, Action.SELL))
    past = floor.market.quote(symbol, at - style.look_back).bid
    rising = floor.market.quote(symbol, at).bid >= past
    return Action.BUY if rising == (style.follow > 0) else Action.SELL
