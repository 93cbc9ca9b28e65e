"""What an account is worth: floating profit, margin, equity, free margin, margin level."""

from collections import defaultdict

import msgspec

from sandbox.trading.amounts import LOT, RATE, share
from sandbox.trading.book import Account
from sandbox.trading.floor import Floor
from sandbox.trading.records import Position
from sandbox.trading.symbols import SYMBOLS, Calc, Symbol, digits_of

_HEDGED_SHARE = 2
"""A covered lot takes half the margin of a lot that stands alone."""


class Worth(msgspec.Struct, frozen=True):
    """Minor units of the account's currency; ``level`` is equity over margin in 1/10,000."""

    balance: int
    credit: int
    profit: int
    storage: int
    margin: int

    @property
    def floating(self) -> int:
        return self.profit + self.storage

    @property
    def equity(self) -> int:
        return self.balance + self.credit + self.floating

    @property
    def free(self) -> int:
        return self.equity - self.margin

    @property
    def level(self) -> int:
        return self.equity * 10_000 // self.margin if self.margin else 0


def profit(symbol: Symbol, points: int, rate: int, digits: int) -> int:
    """Money of a move: ``points`` is price points times volume, ``rate`` to the money's currency."""
    number = points * symbol.contract * rate * 10**digits
    return share(number, 10**symbol.digits * LOT * RATE)


def points_of(position: Position, price: int, volume: int, cost: int) -> int:
    """Points times volume won by closing ``volume`` (that cost ``cost``) at a price."""
    won = price * volume - cost
    return -won if position.action else won


def full_margin(symbol: Symbol, volume: int, price: int, rate: int, digits: int) -> int:
    """Margin before leverage: of the base amount for currencies, of the value for the rest."""
    number = volume * symbol.contract * symbol.margin_bp * rate * 10**digits
    whole = LOT * 10_000 * RATE
    if symbol.calc is Calc.FOREX:
        return share(number, whole)
    return share(number * price, whole * 10**symbol.digits)


def position_profit(floor: Floor, account: Account, position: Position, at: int) -> int:
    symbol, group = SYMBOLS[position.symbol], floor.group(account)
    price = floor.closing_price(account, position, at)
    rate = floor.market.rate(symbol.profit, group.currency, at)
    points = points_of(position, price, position.volume, position.cost)
    return profit(symbol, points, rate, group.digits)


def margin_of(account: Account) -> int:
    """Margin of all positions: by symbol, covered volume at half, then leverage where it counts."""
    legs: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for position in account.positions.values():
        leg = legs[position.symbol]
        leg[position.action] += position.volume
        leg[2 + position.action] += position.margin
    leveraged = plain = 0
    for name, (bought, sold, margin_bought, margin_sold) in legs.items():
        amount = _covered((bought, margin_bought), (sold, margin_sold))
        if SYMBOLS[name].calc is Calc.CFD:
            plain += amount
        else:
            leveraged += amount
    return plain + share(leveraged, max(1, account.user.leverage))


def _covered(one: tuple[int, int], other: tuple[int, int]) -> int:
    (small, small_margin), (large, large_margin) = sorted((one, other))
    if not small:
        return large_margin
    alone = share(large_margin * (large - small), large)
    both = small_margin + large_margin
    return alone + share(both * small, (small + large) * _HEDGED_SHARE)


def worth(floor: Floor, account: Account, at: int) -> Worth:
    """Value an account at a moment."""
    gained = storage = 0
    if account.positions:
        for position in account.positions.values():
            gained += position_profit(floor, account, position, at)
            storage += position.storage
    return Worth(account.balance, account.credit, gained, storage, margin_of(account))


def needed(floor: Floor, account: Account, symbol: Symbol, volume: int, at: int) -> int:
    """Margin that one more position alone would take, at the leverage of the account."""
    group = floor.group(account)
    rate = floor.market.rate(symbol.margin_currency, group.currency, at)
    price = floor.quote(account, symbol, at).ask
    whole = full_margin(symbol, volume, price, rate, digits_of(group.currency))
    return whole if symbol.calc is Calc.CFD else share(whole, max(1, account.user.leverage))
