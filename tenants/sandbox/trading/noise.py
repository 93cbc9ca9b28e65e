"""A price path that can be read at any moment, past or future, without walking there.

A coarse mean-reverting series (its nodes three days apart) is refined by Brownian bridges down
to a quarter of a second. Every random number is a hash of the seed and of the place it belongs
to, so the same seed always gives the same path, live and in history, before and after a restart.
"""

import math

SLOT_MS = 250
"""One tick at most each quarter of a second."""

LEVELS = 20
SLOTS_A_YEAR = 365 * 86_400 * 1000 // SLOT_MS
_MASK = (1 << 64) - 1
_PULL = 0.97
_REACH = 120
_SPREAD_OF_FOUR = 37837.2


def mix(number: int) -> int:
    """Scatter a number over 64 bits (the finaliser of splitmix64)."""
    number = (number + 0x9E3779B97F4A7C15) & _MASK
    number = ((number ^ (number >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    number = ((number ^ (number >> 27)) * 0x94D049BB133111EB) & _MASK
    return number ^ (number >> 31)


def bell(number: int) -> float:
    """Turn a place into a number that is about normal: four uniform pieces of its hash."""
    bits = mix(number)
    pieces = (bits & 0xFFFF) + ((bits >> 16) & 0xFFFF) + ((bits >> 32) & 0xFFFF) + (bits >> 48)
    return (pieces - 131_070) / _SPREAD_OF_FOUR


class Walk:
    """The logarithm of one asset's price around its anchor, for a yearly volatility."""

    def __init__(self, seed: int, volatility: float) -> None:
        self._key = mix(seed)
        per_slot = volatility / math.sqrt(SLOTS_A_YEAR)
        self._coarse = per_slot * math.sqrt(1 << LEVELS)
        self._bridge = [per_slot * math.sqrt(2 << level) / 2 for level in range(LEVELS)]
        self._nodes: dict[int, float] = {}

    def at(self, slot: int) -> float:
        """Read the path at a slot; twenty halvings at most."""
        cell = slot >> LEVELS
        left, right = self._node(cell), self._node(cell + 1)
        low, key, bridge = cell << LEVELS, self._key, self._bridge
        for level in range(LEVELS - 1, -1, -1):
            if slot == low:
                break
            middle = low + (1 << level)
            between = (left + right) / 2 + bell(key + middle) * bridge[level]
            if slot >= middle:
                low, left = middle, between
            else:
                right = between
        return left

    def _node(self, cell: int) -> float:
        known = self._nodes.get(cell)
        if known is not None:
            return known
        place = self._key ^ 0x5DEECE66D
        value, weight = 0.0, self._coarse
        for back in range(_REACH):
            value += weight * bell(place + cell - back)
            weight *= _PULL
        if len(self._nodes) > 4096:
            self._nodes.clear()
        self._nodes[cell] = value
        return value
