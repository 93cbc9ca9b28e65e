"""What changed rules would have done: past payments decided again, with what was seen of providers.

A payment that would have gone to the same provider keeps its real end. One that would have gone
elsewhere is expected to be approved as that provider approved others like it, and is asked on along
the rule after technical trouble. Caps are counted anew as the volume moves. Pure.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from brokerage.payments.routing import deciding
from brokerage.payments.routing.deciding import Ask, CapUse, Seen
from brokerage.payments.routing.terms import Cap, Route

_Z: Final = Decimal("1.959964")
_MOST_LISTED: Final = 100
_LONGEST_LINE: Final = 3
_THIN: Final = 30
_ONE: Final = Decimal(1)
_NONE: Final = Decimal(0)


@dataclass(frozen=True, slots=True)
class Past:
    """One payment as it was: what was asked, who was asked first, and how it ended.

    `worth` is its amount and `cost` what was really kept of it, in the base currency.
    """

    id: UUID
    reference: str
    at: datetime
    ask: Ask
    seen: Mapping[str, Seen]
    first: str
    paid: bool
    worth: Decimal
    cost: Decimal


@dataclass(frozen=True, slots=True)
class Rate:
    """How a provider did with payments of one method."""

    answered: int = 0
    paid: int = 0
    technical: int = 0

    @property
    def approval(self) -> Decimal:
        """With one success and one failure added: nothing is certain of nothing."""
        return Decimal(self.paid + 1) / (self.answered + 2)

    @property
    def trouble(self) -> Decimal:
        return Decimal(self.technical) / self.answered if self.answered else _NONE


@dataclass(frozen=True, slots=True)
class Facts:
    """What a simulation knows besides the payments. `cost` is in the base currency."""

    rates: Mapping[tuple[str, str], Rate]
    caps: Mapping[str, Sequence[Cap]]
    cost: Callable[[str, Past], Decimal]
    in_cap: Callable[[Past, str], Decimal | None]
    """An amount in the currency of a cap; None without a rate."""
    days: Callable[[datetime], tuple[str, str]]
    """The day and the month of the tenant's calendar."""
    carries: Callable[[str, Ask], bool]
    """Whether a provider that was not there then would carry it."""


@dataclass(slots=True)
class Side:
    """One provider under one rule set."""

    count: int = 0
    volume: Decimal = _NONE
    paid: Decimal = _NONE
    cost: Decimal = _NONE
    fullest: Decimal = _NONE
    """The most of a cap that was used on any day or month, in percent."""
    turned: int = 0
    """Payments that a full cap sent elsewhere."""


@dataclass(slots=True)
class Outcome:
    """Both sides, and what is uncertain about the second."""

    looked: int = 0
    moved: int = 0
    lost: int = 0
    """Payments for which nobody would have been left."""
    was: dict[str, Side] = field(default_factory=lambda: defaultdict(Side))
    now: dict[str, Side] = field(default_factory=lambda: defaultdict(Side))
    noise: Decimal = _NONE
    unsure: dict[tuple[str, str], int] = field(default_factory=lambda: defaultdict(int))
    elsewhere: list[dict[str, Any]] = field(default_factory=list)


def simulate(past: Iterable[Past], routes: Sequence[Route], facts: Facts) -> Outcome:
    """Decide each payment again, in the order they came."""
    found = Outcome()
    used: dict[tuple[str, str, str], Decimal] = defaultdict(lambda: _NONE)
    for one in past:
        found.looked += 1
        _as_it_was(found, one)
        seen = _seen(one, facts, used)
        made = deciding.decide(routes, one.ask, seen)
        for psp, why in made.looked:
            if why.endswith("-cap"):
                found.now[psp].turned += 1
        if not made.order:
            found.lost += 1
            _listed(found, one, "", _NONE)
            continue
        _as_it_would(found, one, made.order, facts)
        _use(found, used, one, made.order[0], facts)
    return found


def _as_it_was(found: Outcome, one: Past) -> None:
    side = found.was[one.first]
    side.count += 1
    side.volume += one.worth
    side.paid += one.paid
    side.cost += one.cost


def _as_it_would(found: Outcome, one: Past, order: Sequence[str], facts: Facts) -> None:
    psp = order[0]
    side = found.now[psp]
    side.count += 1
    side.volume += one.worth
    if psp == one.first:
        side.paid += one.paid
        side.cost += one.cost
        return
    found.moved += 1
    chance, reached = _NONE, _ONE
    for at in order[:_LONGEST_LINE]:
        rate = facts.rates.get((at, str(one.ask.method)), Rate())
        here = reached * rate.approval
        chance += here
        side.cost += here * facts.cost(at, one)
        reached *= rate.trouble
    chance = min(chance, _ONE)
    side.paid += chance
    found.noise += chance * (1 - chance)
    found.unsure[psp, str(one.ask.method)] += 1
    _listed(found, one, psp, chance)


def _listed(found: Outcome, one: Past, psp: str, chance: Decimal) -> None:
    if len(found.elsewhere) < _MOST_LISTED:
        found.elsewhere.append(
            {
                "id": str(one.id),
                "reference": one.reference,
                "amount": one.ask.money.text(),
                "currency": one.ask.money.currency,
                "was": one.first,
                "now": psp,
                "paid": one.paid,
                "chance": str((chance * 100).quantize(Decimal("0.1"))),
            }
        )


def _seen(one: Past, facts: Facts, used: Mapping[tuple[str, str, str], Decimal]) -> dict[str, Seen]:
    """The providers as they stood then, with their caps as they would have been filled."""
    day, month = facts.days(one.at)
    found: dict[str, Seen] = {}
    for psp in {*one.seen, *facts.caps}:
        then = one.seen.get(psp) or Seen(psp, carries=facts.carries(psp, one.ask))
        caps = tuple(
            use
            for number, cap in enumerate(facts.caps.get(psp, ()))
            if (use := _cap(one, psp, number, cap, day, month, facts, used)) is not None
        )
        found[psp] = replace(then, caps=caps)
    return found


def _cap(
    one: Past,
    psp: str,
    number: int,
    cap: Cap,
    day: str,
    month: str,
    facts: Facts,
    used: Mapping[tuple[str, str, str], Decimal],
) -> CapUse | None:
    period = day if cap.per == "day" else month
    there = used[psp, str(number), period]
    if cap.count is not None:
        return CapUse(cap.per, there, _ONE, Decimal(cap.count))
    assert cap.most is not None  # noqa: S101 - a cap has either a count or an amount
    more = facts.in_cap(one, cap.most.currency)
    if more is None:
        return None
    return CapUse(cap.per, there, more, cap.most.amount, cap.most.currency)


def _use(
    found: Outcome,
    used: dict[tuple[str, str, str], Decimal],
    one: Past,
    psp: str,
    facts: Facts,
) -> None:
    day, month = facts.days(one.at)
    for number, cap in enumerate(facts.caps.get(psp, ())):
        use = _cap(one, psp, number, cap, day, month, facts, used)
        if use is None or not use.most:
            continue
        period = day if cap.per == "day" else month
        used[psp, str(number), period] += use.more
        share = used[psp, str(number), period] * 100 / use.most
        found.now[psp].fullest = max(found.now[psp].fullest, share)


@dataclass(frozen=True, slots=True)
class Approval:
    """Of all payments, in percent, with the bounds it lies in 95 times of 100."""

    was: Decimal
    now: Decimal
    low: Decimal
    high: Decimal
    thin: bool
    """Some provider has too little history for its bounds to mean much."""


def approval(found: Outcome, facts: Facts) -> Approval:
    """The bounds come from chance in each moved payment and from how little is known of a rate."""
    if not found.looked:
        return Approval(_NONE, _NONE, _NONE, _NONE, thin=True)
    was = sum((side.paid for side in found.was.values()), _NONE)
    now = sum((side.paid for side in found.now.values()), _NONE)
    spread, thin = found.noise, False
    for key, many in found.unsure.items():
        rate = facts.rates.get(key, Rate())
        p = rate.approval
        spread += Decimal(many) ** 2 * p * (1 - p) / (rate.answered + 3)
        thin = thin or rate.answered < _THIN
    reach = _Z * spread.sqrt()
    every = Decimal(found.looked)
    return Approval(
        _percent(was / every),
        _percent(now / every),
        _percent(max(now - reach, _NONE) / every),
        _percent(min(now + reach, every) / every),
        thin,
    )


def _percent(share: Decimal) -> Decimal:
    return (share * 100).quantize(Decimal("0.01"))


def told(found: Outcome, facts: Facts, base: str) -> dict[str, Any]:
    """The result as it is stored with the draft and shown."""
    rate = approval(found, facts)
    return {
        "currency": base,
        "looked": found.looked,
        "moved": found.moved,
        "lost": found.lost,
        "approval": {
            "was": str(rate.was),
            "now": str(rate.now),
            "low": str(rate.low),
            "high": str(rate.high),
            "thin": rate.thin,
        },
        "cost": {side: _cost(found, side) for side in ("was", "now")},
        "psps": {
            psp: {"was": _side(found.was[psp], found), "now": _side(found.now[psp], found)}
            for psp in sorted({*found.was, *found.now})
        },
        "elsewhere": found.elsewhere,
    }


def _cost(found: Outcome, which: str) -> dict[str, str]:
    sides = (found.was if which == "was" else found.now).values()
    cost = sum((side.cost for side in sides), _NONE)
    volume = sum((side.volume for side in sides), _NONE)
    percent = cost * 100 / volume if volume else _NONE
    return {"amount": _two(cost), "percent": str(percent.quantize(Decimal("0.001")))}


def _side(side: Side, found: Outcome) -> dict[str, Any]:
    share = Decimal(side.count) / found.looked if found.looked else _NONE
    return {
        "count": side.count,
        "share": str(_percent(share)),
        "volume": _two(side.volume),
        "approval": str(_percent(side.paid / side.count)) if side.count else None,
        "cost": _two(side.cost),
        "fullest": str(side.fullest.quantize(Decimal("0.1"))),
        "turned": side.turned,
    }


def _two(amount: Decimal) -> str:
    return str(amount.quantize(Decimal("0.01")))
