"""What a reward is worth, as a pure sum that anyone can repeat."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import (
    ROUND_HALF_UP,
    Context,
    Decimal,
    DivisionByZero,
    InvalidOperation,
    Overflow,
)
from typing import Any, Final
from uuid import UUID

from brokerage.partners.settings import Plan
from stoa.kernel.refusals import Invalid

_WIDE: Final = Context(prec=250, traps=[InvalidOperation, DivisionByZero, Overflow])
"""Wide enough that products of stored numbers are exact."""
DIGITS: Final = Decimal("1e-12")
"""Accruals keep twelve digits and are rounded once, where they become a posting."""


def amount(
    base: Decimal,
    rate: Decimal,
    below: Decimal,
    factor: Decimal | None = None,
    *,
    ratio: Decimal | None = None,
) -> Decimal:
    """round(base * (rate - below) * ratio * factor, 12), halves up, (rate - below) never below zero.

    The database computes the same with NUMERIC; `recompute` holds the two against each other.
    """
    difference = max(_WIDE.subtract(rate, below), Decimal(0))
    product = _WIDE.multiply(base, difference)
    for share in (ratio, factor):
        if share is not None:
            product = _WIDE.multiply(product, share)
    return product.quantize(DIGITS, rounding=ROUND_HALF_UP, context=_WIDE)


def factor_of(income: Decimal, cap: Decimal, together: Decimal) -> Decimal:
    """What is left of each reward of a deal where all of them would be more than the cap; cut off
    after eighteen digits, so that they are never more.
    """
    whole = _WIDE.multiply(_WIDE.multiply(income, cap), Decimal(10) ** 18)
    return _WIDE.scaleb(_WIDE.divide_int(whole, together), -18)


def recompute(reward: Any) -> Decimal:
    """The amount of a stored reward from its own stored inputs."""
    already = reward.already or Decimal(0)
    if reward.excluded:
        return -already
    factor = reward.factor
    if reward.cap is not None:
        factor = factor_of(reward.income, reward.cap, reward.together)
    whole = amount(reward.base, reward.rate, reward.below, factor, ratio=reward.ratio)
    return _WIDE.subtract(whole, already)


def within_parent(own: dict[str, Any], parent: dict[str, Any], plan: Plan) -> None:
    """A partner's agreed rate never exceeds what the one above has to give. Raises Invalid."""
    usual: dict[str, Decimal] = {}
    for rule in plan.rewards:
        most = rule.percent if rule.rate is None else rule.rate.amount
        usual[rule.kind] = max(usual.get(rule.kind, Decimal(0)), most or Decimal(0))
    for kind, stated in own.items():
        most = Decimal(str(parent.get(kind, usual.get(kind, 0))))
        if Decimal(str(stated)) > most:
            raise Invalid(
                "The rate cannot exceed {most}, which is what the partner above earns.",
                field="rate",
                most=str(most),
            )


@dataclass(frozen=True, slots=True)
class Touch:
    partner: UUID | None
    at: datetime
    source: str


def decide(
    touches: Sequence[Touch], rule: str, days: int, now: datetime
) -> tuple[UUID | None, str]:
    """Whose client somebody is, by the tenant's rule over all touches in the window."""
    fresh = [t for t in touches if t.at >= now - timedelta(days=days) and t.partner is not None]
    if not fresh:
        return None, "no partner touched within the window"
    fresh.sort(key=lambda touch: touch.at)
    if rule == "last-touch":
        return fresh[-1].partner, f"last touch within {days} days"
    return fresh[0].partner, f"first touch within {days} days"
