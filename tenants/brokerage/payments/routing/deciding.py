"""Which provider takes a payment: pure. Same question, same rules, same answer, years later."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from brokerage.payments.routing.rates import lower_bound
from brokerage.payments.routing.terms import By, Route, When
from brokerage.payments.values import Method
from stoa.kernel.money import Money

POINTS: Final = 10_000
EXPLORE: Final = 1_000
"""Of `POINTS`: so many payments of a best-approval rule go by its shares, so that it learns."""
FAILING_CALLS: Final = 3


@dataclass(frozen=True, slots=True)
class Ask:
    """What is to be routed, with all a rule may look at.

    `at` is the time on the tenant's clock; `worth` is the amount in the currencies that limits are
    written in, at the rates of that moment.
    """

    id: UUID
    method: Method
    money: Money
    country: str = ""
    level: str = ""
    client_type: str = ""
    risk: str = ""
    tags: tuple[str, ...] = ()
    first: bool = False
    brand: str = ""
    card_country: str = ""
    at: datetime | None = None
    payout: bool = False
    worth: Mapping[str, Decimal] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CapUse:
    """How much of one cap is used, and what this payment adds; `currency` is empty for a count."""

    per: str
    used: Decimal
    more: Decimal
    most: Decimal
    currency: str = ""

    @property
    def room(self) -> bool:
        return self.used + self.more <= self.most


@dataclass(frozen=True, slots=True)
class Seen:
    """One provider at this moment: whether it can, and whether it should.

    `paused` says who paused it. `share` is the part of its traffic it gets while it comes back.
    `cost` is what it would keep of this payment, `paid` of `ended` its approvals lately.
    """

    psp: str
    carries: bool = True
    healthy: bool = True
    paused: str = ""
    share: int = 100
    caps: tuple[CapUse, ...] = ()
    cost: Decimal | None = None
    paid: int = 0
    ended: int = 0

    @property
    def full(self) -> CapUse | None:
        """The cap that leaves no room for this payment."""
        return next((one for one in self.caps if not one.room), None)

    def why(self, ask: UUID) -> str:
        """In one word why it is not asked, or `usable`."""
        if not self.carries:
            return "does-not-carry"
        if self.paused:
            return f"paused-{self.paused}"
        if self.full is not None:
            return f"{self.full.per}-cap"
        if not self.healthy:
            return "failing"
        if self.share < 100 and point(ask, self.psp) >= self.share * POINTS // 100:
            return "coming-back"
        return "usable"


@dataclass(frozen=True, slots=True)
class Decision:
    """Who is asked, in which order, and how that came about. An empty order means nobody.

    `passed` are the rules before it with what did not fit; `looked` its providers with why or
    why not.
    """

    route: str
    rule: int
    point: int
    by: str
    order: tuple[str, ...]
    looked: tuple[tuple[str, str], ...]
    passed: tuple[tuple[int, str, str], ...] = ()


def unfit(when: When, ask: Ask, seen: Mapping[str, Seen]) -> str:
    """The first condition that does not hold, or nothing."""
    return _about_payment(when, ask) or _about_client(when, ask) or _about_providers(when, seen)


def _about_payment(when: When, ask: Ask) -> str:
    if when.method and ask.method not in when.method:
        return "method"
    if when.currency and ask.money.currency not in when.currency:
        return "currency"
    if when.time is not None and (ask.at is None or not when.time.covers(ask.at)):
        return "time"
    if when.amount is None:
        return ""
    band = when.amount
    same = band.currency == ask.money.currency
    amount = ask.money.amount if same else ask.worth.get(band.currency)
    if amount is None:
        return "no-rate"
    low = band.min is None or amount >= band.min
    high = band.max is None or amount <= band.max
    return "" if low and high else "amount"


def _about_client(when: When, ask: Ask) -> str:
    listed: list[tuple[str, Sequence[str], str]] = [
        ("country", when.country, ask.country),
        ("level", when.level, ask.level),
        ("client-type", when.client_type, ask.client_type),
        ("risk", when.risk, ask.risk),
        ("brand", when.brand, ask.brand),
        ("card-country", when.card_country, ask.card_country),
    ]
    for name, wanted, value in listed:
        if wanted and value not in wanted:
            return name
    if when.not_country and ask.country in when.not_country:
        return "not-country"
    if when.tag and not set(when.tag) & set(ask.tags):
        return "tag"
    if set(when.not_tag) & set(ask.tags):
        return "not-tag"
    if when.first != "any" and (when.first == "yes") != ask.first:
        return "first"
    return ""


def _about_providers(when: When, seen: Mapping[str, Seen]) -> str:
    def up(psp: str) -> bool:
        return psp in seen and seen[psp].healthy and not seen[psp].paused

    if not all(up(psp) for psp in when.up):
        return "up"
    return "down" if any(up(psp) for psp in when.down) else ""


def point(key: UUID, salt: str = "") -> int:
    """Where a payment falls in a split: stable, so that asking again changes nothing."""
    return int.from_bytes(hashlib.sha256(key.bytes + salt.encode()).digest()[:8], "big") % POINTS


def decide(
    routes: Sequence[Route],
    ask: Ask,
    seen: Mapping[str, Seen],
    *,
    tried: frozenset[str] = frozenset(),
) -> Decision:
    """The first rule that fits and has somebody, and the order in which its providers are asked.

    Providers that fail at the moment, or only just come back, are asked last: a wrong guess about
    their health must not keep money away.
    """
    at = point(ask.id)
    passed: list[tuple[int, str, str]] = []
    looked: tuple[tuple[str, str], ...] = ()
    for number, route in enumerate(routes, start=1):
        missed = unfit(route.when, ask, seen) if route.on else "off"
        if missed:
            passed.append((number, route.name, missed))
            continue
        first, by = _first(route, ask, seen, at)
        wanted = dict.fromkeys([*first, *route.cascade, *(one.psp for one in route.use)])
        looked = tuple((psp, _why(psp, ask, seen, tried)) for psp in wanted)
        usable = [psp for psp, why in looked if why == "usable"]
        last = [psp for psp, why in looked if why in {"failing", "coming-back"}]
        if usable or last or route.otherwise == "stop":
            order = (*usable, *last)
            return Decision(route.name, number, at, by, order, looked, tuple(passed))
        passed.append((number, route.name, "nobody"))
    return Decision("", 0, at, "", (), looked, tuple(passed))


def _why(psp: str, ask: Ask, seen: Mapping[str, Seen], tried: frozenset[str]) -> str:
    if psp in tried:
        return "tried"
    return seen[psp].why(ask.id) if psp in seen else "off"


def _first(route: Route, ask: Ask, seen: Mapping[str, Seen], at: int) -> tuple[Sequence[str], str]:
    """Who comes first by the rule's way of choosing, and which way that really was."""
    if not route.use:
        return (), "stop"
    places = {one.psp: place for place, one in enumerate(route.use)}
    if route.by is By.COST:
        known = [psp for psp in places if psp in seen and seen[psp].cost is not None]
        ordered = sorted(known, key=lambda psp: (seen[psp].cost or Decimal(0), places[psp]))
        return [*ordered, *(psp for psp in places if psp not in known)], By.COST
    if route.by is By.APPROVAL and point(ask.id, "explore") >= EXPLORE:
        rate = {
            psp: lower_bound(seen[psp].paid, seen[psp].ended) if psp in seen else Decimal(0)
            for psp in places
        }
        return sorted(places, key=lambda psp: (-rate[psp], places[psp])), By.APPROVAL
    return (_drawn(route, at),), By.SPLIT


def _drawn(route: Route, at: int) -> str:
    total = sum(one.share for one in route.use)
    reached = 0
    for one in route.use:
        reached += one.share
        if at * total < reached * POINTS:
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
