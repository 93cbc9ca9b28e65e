"""Which provider takes a payment: pure. Same question, same rules, same answer, years later."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from brokerage.payments.settings import Route, When
from brokerage.payments.values import Method
from stoa.kernel.money import Money

Convert = Callable[[Money, str], Money]
_POINTS: Final = 10_000
FAILING_CALLS: Final = 3


@dataclass(frozen=True, slots=True)
class Ask:
    """What is to be routed."""

    id: UUID
    method: Method
    money: Money
    country: str = ""
    level: str = ""


@dataclass(frozen=True, slots=True)
class Seen:
    """One provider at this moment: whether it can, and whether it should."""

    psp: str
    carries: bool = True
    healthy: bool = True
    room: bool = True

    @property
    def usable(self) -> bool:
        return self.carries and self.healthy and self.room

    @property
    def why(self) -> str:
        if not self.carries:
            return "does-not-carry"
        if not self.healthy:
            return "failing"
        return "usable" if self.room else "daily-cap"


@dataclass(frozen=True, slots=True)
class Decision:
    """Who is asked, in which order, and how that came about."""

    route: str
    rule: int
    point: int
    order: tuple[str, ...]
    looked: tuple[tuple[str, str], ...]

    def record(self, ask: Ask, version: int) -> dict[str, Any]:
        """What is stored beside the attempt, so that it can be explained and replayed."""
        return {
            "route": self.route,
            "rule": self.rule,
            "point": self.point,
            "order": list(self.order),
            "looked": [list(one) for one in self.looked],
            "version": version,
            "ask": {
                "id": str(ask.id),
                "method": str(ask.method),
                "amount": ask.money.text(),
                "currency": ask.money.currency,
                "country": ask.country,
                "level": ask.level,
            },
        }


def fits(when: When, ask: Ask, convert: Convert) -> bool:
    """Whether every condition that is given holds."""
    listed: list[tuple[Sequence[str], str]] = [
        (when.method, ask.method),
        (when.currency, ask.money.currency),
        (when.country, ask.country),
        (when.level, ask.level),
    ]
    if any(wanted and value not in wanted for wanted, value in listed):
        return False
    if when.amount is None:
        return True
    amount = convert(ask.money, when.amount.currency).amount
    low, high = when.amount.min, when.amount.max
    return (low is None or amount >= low) and (high is None or amount <= high)


def point(key: UUID) -> int:
    """Where a payment falls in the split: stable, so that asking again changes nothing."""
    return int.from_bytes(hashlib.sha256(key.bytes).digest()[:8], "big") % _POINTS


def decide(
    routes: Sequence[Route],
    ask: Ask,
    seen: Mapping[str, Seen],
    convert: Convert,
    *,
    tried: frozenset[str] = frozenset(),
) -> Decision | None:
    """The first route that fits and the order in which its providers are asked.

    None when no route fits, or nobody on it carries this payment. Providers that fail at the moment
    come last: a wrong guess about their health must not keep money away.
    """
    for number, route in enumerate(routes, start=1):
        if not fits(route.when, ask, convert):
            continue
        at = point(ask.id)
        wanted = [_drawn(route, at), *route.cascade, *(one.psp for one in route.use)]
        line = [psp for psp in dict.fromkeys(wanted) if psp not in tried]
        looked = tuple((psp, seen[psp].why if psp in seen else "off") for psp in line)
        usable = [psp for psp in line if psp in seen and seen[psp].usable]
        last = [
            psp
            for psp in line
            if psp in seen and seen[psp].carries and seen[psp].room and not seen[psp].healthy
        ]
        if usable or last:
            return Decision(route.name, number, at, (*usable, *last), looked)
        return None
    return None


def _drawn(route: Route, at: int) -> str:
    total = sum(one.share for one in route.use)
    reached = 0
    for one in route.use:
        reached += one.share
        if at * total < reached * _POINTS:
            return one.psp
    return route.use[-1].psp


def failing(calls: Sequence[bool]) -> bool:
    """Whether a provider's last calls (newest first; True is a technical failure) say it fails.

    What other processes saw counts here, which their own breakers do not know.
    """
    newest = calls[:FAILING_CALLS]
    if len(newest) == FAILING_CALLS and all(newest):
        return True
    return len(calls) >= FAILING_CALLS * 2 and Decimal(sum(calls)) * 2 >= len(calls)
