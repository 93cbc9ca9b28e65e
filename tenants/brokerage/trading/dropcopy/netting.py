"""From fills to deals: one net position per account and symbol at its average price. Pure.

A fill on the position's side adds to it; one against it closes, first in and average price out; what
is more than it holds opens the other way and is a deal of its own, so that lots count once.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Final

import msgspec

from brokerage.trading.values import DealKind, Entry
from stoa.kernel.money import EXACT

DEALS_OF_ONE: Final = 1_000
"""A deal's number is its execution's message times this, plus its place among that one's deals."""
_GRAIN: Final = Decimal(1).scaleb(-18)


class Fill(msgspec.Struct, frozen=True, kw_only=True):
    """One execution as it stands now; `root` is the message that first told of it."""

    root: int
    side: DealKind
    lots: Decimal
    price: Decimal
    at: datetime


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """A net position: `price` is the average it was opened at, kept to 18 places."""

    side: DealKind
    lots: Decimal
    price: Decimal
    position: int
    opened: datetime


class Leg(msgspec.Struct, frozen=True, kw_only=True):
    """A deal to be: `gain` is in the symbol's own currency, for one unit of contract size."""

    root: int
    side: DealKind
    entry: Entry
    lots: Decimal
    price: Decimal
    gain: Decimal
    position: int
    at: datetime


def take(held: Held | None, fill: Fill) -> tuple[list[Leg], Held | None]:
    """What one fill does to a position."""
    if held is None or held.side is fill.side:
        return _add(held, fill, fill.lots, 0)
    closed = min(held.lots, fill.lots)
    apart = EXACT.subtract(fill.price, held.price)
    gain = EXACT.multiply(apart if held.side is DealKind.BUY else -apart, closed)
    leg = _leg(fill, Entry.OUT, closed, gain, held.position)
    if fill.lots < held.lots:
        left = msgspec.structs.replace(held, lots=EXACT.subtract(held.lots, closed))
        return [leg], left
    rest = EXACT.subtract(fill.lots, closed)
    if not rest:
        return [leg], None
    more, turned = _add(None, fill, rest, 1)
    return [leg, *more], turned


def run(fills: Iterable[Fill]) -> tuple[dict[int, list[Leg]], Held | None]:
    """All legs by execution, and what is held in the end."""
    held: Held | None = None
    legs: dict[int, list[Leg]] = {}
    for fill in fills:
        legs[fill.root], held = take(held, fill)
    return legs, held


def changed(
    before: Mapping[int, list[Leg]], after: Mapping[int, list[Leg]]
) -> list[tuple[int, list[Leg]]]:
    """Executions whose deals are no longer what they were, in order, with what they are now."""
    roots = sorted({*before, *after})
    return [
        (root, after.get(root, [])) for root in roots if before.get(root, []) != after.get(root, [])
    ]


def _add(held: Held | None, fill: Fill, lots: Decimal, place: int) -> tuple[list[Leg], Held]:
    if held is None:
        position = fill.root * DEALS_OF_ONE + place
        held = Held(side=fill.side, lots=lots, price=fill.price, position=position, opened=fill.at)
    else:
        total = EXACT.add(held.lots, lots)
        cost = EXACT.add(EXACT.multiply(held.lots, held.price), EXACT.multiply(lots, fill.price))
        average = EXACT.divide(cost, total).quantize(_GRAIN, ROUND_HALF_EVEN, EXACT)
        held = msgspec.structs.replace(held, lots=total, price=average)
    return [_leg(fill, Entry.IN, lots, Decimal(0), held.position)], held


def _leg(fill: Fill, entry: Entry, lots: Decimal, gain: Decimal, position: int) -> Leg:
    return Leg(
        root=fill.root,
        side=fill.side,
        entry=entry,
        lots=lots,
        price=fill.price,
        gain=gain,
        position=position,
        at=fill.at,
    )
