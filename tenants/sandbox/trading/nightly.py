"""Swaps: what a position pays or gets for each night that the server's day turned over it."""

from msgspec.structs import replace as changed

from sandbox.trading.amounts import LOT, RATE, share
from sandbox.trading.book import Account
from sandbox.trading.clock import Zone
from sandbox.trading.floor import Floor
from sandbox.trading.records import Position, Record
from sandbox.trading.symbols import SYMBOLS, Symbol


def nights(symbol: Symbol, first: int, last: int) -> int:
    """Nights that count between two server days: none over a weekend, three in the middle.

    Crypto is open all week and counts each night once.
    """
    if symbol.weekend:
        return last - first
    total = 0
    for day in range(first, last):
        weekday = Zone.weekday(day)
        if weekday == symbol.triple_night:
            total += 3
        elif weekday < 6:
            total += 1
    return total


def accrued(floor: Floor, account: Account, position: Position, at: int) -> Position:
    """The position with the swaps of all nights until now; itself when there were none."""
    today = floor.zone.day(at)
    if today <= position.swap_day:
        return position
    symbol, group = SYMBOLS[position.symbol], floor.group(account)
    count = 0 if group.swap_free else nights(symbol, position.swap_day, today)
    rate = floor.market.rate(symbol.profit, group.currency, floor.zone.midnight(today))
    tenths = symbol.swap_short if position.action else symbol.swap_long
    number = tenths * position.volume * symbol.contract * count * rate * 10**group.digits
    amount = share(number, 10 ** (symbol.digits + 1) * LOT * RATE)
    return changed(position, storage=position.storage + amount, swap_day=today)


def turn(floor: Floor, account: Account, at: int) -> None:
    """Charge the nights to all positions of an account."""
    records: list[Record] = [
        charged
        for position in account.positions.values()
        if (charged := accrued(floor, account, position, at)) is not position
    ]
    if records:
        floor.commit(account, records)
