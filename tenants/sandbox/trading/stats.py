"""What the day was like for a symbol: its open, low and high so far."""

import msgspec

from sandbox.trading.clock import Zone
from sandbox.trading.market import Market, Quote
from sandbox.trading.symbols import Symbol

_STEP_MS = 900_000
"""The day is sampled each quarter of an hour, and wherever somebody asks."""


class Day(msgspec.Struct):
    """One symbol's server day so far, in points."""

    number: int
    seen: int
    opened: int
    bid_low: int
    bid_high: int
    ask_low: int
    ask_high: int
    last: Quote
    rising: int = 0

    def take(self, quote: Quote) -> None:
        self.rising = (quote.bid > self.last.bid) - (quote.bid < self.last.bid)
        self.bid_low, self.bid_high = min(self.bid_low, quote.bid), max(self.bid_high, quote.bid)
        self.ask_low, self.ask_high = min(self.ask_low, quote.ask), max(self.ask_high, quote.ask)
        self.last = quote


class Days:
    """The running day of each symbol that somebody asked for."""

    def __init__(self, market: Market, zone: Zone) -> None:
        self._market = market
        self._zone = zone
        self._days: dict[str, Day] = {}

    def of(self, symbol: Symbol, at: int) -> Day:
        number = self._zone.day(at)
        day = self._days.get(symbol.name)
        if day is None or day.number != number or at < day.seen:
            start = self._zone.midnight(number)
            first = self._market.quote(symbol, start)
            day = Day(number, start, first.bid, first.bid, first.bid, first.ask, first.ask, first)
            self._days[symbol.name] = day
        while day.seen + _STEP_MS < at:
            day.seen += _STEP_MS
            day.take(self._market.quote(symbol, day.seen))
        day.take(self._market.quote(symbol, at))
        return day
