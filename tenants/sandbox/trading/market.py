"""Prices: every quote and every conversion rate at any moment, from the seeded paths."""

import math

import msgspec

from sandbox.trading.amounts import RATE
from sandbox.trading.clock import Zone
from sandbox.trading.noise import SLOT_MS, Walk, mix
from sandbox.trading.symbols import ASSETS, SYMBOLS, Symbol

FIRST_SLOT = 1_577_836_800_000 // SLOT_MS
"""Ticks are numbered from the first of January 2020, so that the number fits 32 bits."""


class Quote(msgspec.Struct, frozen=True, gc=False):
    """Bid and ask in points of the symbol, and the moment they are of."""

    bid: int
    ask: int
    at: int


class Market:
    """All instruments under one seed. Prices of pairs agree with one another through the dollar."""

    def __init__(self, seed: int, zone: Zone, *, closed_weekends: bool = False) -> None:
        self._zone = zone
        self._closed_weekends = closed_weekends
        self._walks = {
            name: Walk(mix(seed * 1_000_003 + number), asset.volatility)
            for number, (name, asset) in enumerate(ASSETS.items())
        }
        self._noise = mix(seed ^ 0xA5A5)
        self._shocks: dict[str, list[tuple[int, float]]] = {}
        self._levels: dict[str, tuple[int, float]] = {}
        self._quotes: dict[tuple[str, int], Quote] = {}

    def shock(self, name: str, percent: float, at: int) -> None:
        """Move one instrument at once and for good, as news would."""
        symbol = SYMBOLS[name]
        move = math.log1p(percent / 100)
        asset, move = (symbol.base, move) if symbol.base in ASSETS else (symbol.profit, -move)
        self._shocks.setdefault(asset, []).append((at // SLOT_MS, move))
        self._levels.clear()
        self._quotes.clear()

    def is_open(self, symbol: Symbol, at: int) -> bool:
        if symbol.weekend or not self._closed_weekends:
            return True
        return self._zone.weekday(self._zone.day(at)) < 6

    def quote(self, symbol: Symbol, at: int, markup: int = 0) -> Quote:
        """Quote a symbol at a moment; ``markup`` points are the group's own spread on top."""
        slot = self._last_slot(symbol, at)
        known = self._quotes.get((symbol.name, markup))
        if known is not None and known.at == slot * SLOT_MS:
            return known
        middle = self._usd(symbol.base, slot) / self._usd(symbol.profit, slot) * 10**symbol.digits
        spread = self._spread(symbol, slot) + markup
        bid = max(1, math.floor(middle - spread / 2 + 0.5))
        quote = Quote(bid, bid + spread, slot * SLOT_MS)
        self._quotes[symbol.name, markup] = quote
        return quote

    def rate(self, source: str, target: str, at: int) -> int:
        """Middle rate from one currency to another, in 1e-8."""
        if source == target:
            return RATE
        slot = at // SLOT_MS
        return max(1, round(self._usd(source, slot) / self._usd(target, slot) * RATE))

    def _last_slot(self, symbol: Symbol, at: int) -> int:
        if not self.is_open(symbol, at):
            day = self._zone.day(at)
            at = self._zone.midnight(day - (self._zone.weekday(day) - 6)) - SLOT_MS
        return at // SLOT_MS

    def _spread(self, symbol: Symbol, slot: int) -> int:
        """Spreads breathe: mostly the base, sometimes more, thrice around the night's turn."""
        bits = mix(self._noise + (slot >> 2) * 31 + symbol.contract + symbol.spread)
        spread = symbol.spread + (bits & 7) * symbol.spread // 40
        minutes = (slot * SLOT_MS + self._zone.shift_ms) // 60_000 % 1440
        quiet = minutes < 15 or minutes > 1425
        return spread * 3 if quiet and not symbol.weekend else spread

    def _usd(self, asset: str, slot: int) -> float:
        if asset == "USD":
            return 1.0
        known = self._levels.get(asset)
        if known is not None and known[0] == slot:
            return known[1]
        spec = ASSETS[asset]
        path = self._walks[asset].at(slot)
        path += sum(move for since, move in self._shocks.get(asset, ()) if slot >= since)
        value = spec.anchor * math.exp(path) * self._usd(spec.unit, slot)
        self._levels[asset] = (slot, value)
        return value
