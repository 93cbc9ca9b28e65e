"""What a reward is worth, as a pure sum that anyone can repeat."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final
from uuid import UUID

from brokerage.partners.settings import Plan
from stoa.kernel.money import EXACT
from stoa.kernel.refusals import Invalid

DIGITS: Final = Decimal("1e-12")
"""Accruals keep twelve digits and are rounded once, where they become a posting."""


def amount(base: Decimal, rate: Decimal, below: Decimal, factor: Decimal) -> Decimal:
    """round(base * (rate - below) * factor, 12), halves up, never below zero.

    The database computes the same with NUMERIC; `recompute` holds the two against each other.
    """
    difference = max(EXACT.subtract(rate, below), Decimal(0))
    product = EXACT.multiply(EXACT.multiply(base, difference), factor)
    return product.quantize(DIGITS, rounding=ROUND_HALF_UP, context=EXACT)


def recompute(reward: Any) -> Decimal:
    """The amount of a stored reward from its own stored inputs."""
    if reward.excluded:
        return Decimal(0)
    return amount(reward.base, reward.rate, reward.below, reward.factor)


def rates_of(
    plan: Plan, own: dict[str, Any], groups: Sequence[str]
) -> list[tuple[str, str, Decimal]]:
    """A partner's (kind, symbol group, rate) under a plan; the first rule that fits a group wins.

    `own` holds agreed overrides by kind, such as {"per-lot": "6.00"}.
    """
    found: list[tuple[str, str, Decimal]] = []
    for group in groups:
        for rule in plan.rewards:
            if rule.kind == "cpa" or (
                rule.when.symbol_group and group not in rule.when.symbol_group
            ):
                continue
            if rule.kind == "commission-share":
                stated = Decimal(str(own.get(rule.kind, rule.percent))) / 100
            else:
                assert rule.rate is not None  # noqa: S101 - settings refuse a rule without it
                stated = Decimal(str(own.get(rule.kind, rule.rate.amount)))
            found.append((rule.kind, group, stated))
            break
    return found


def within_parent(own: dict[str, Any], parent: dict[str, Any], plan: Plan) -> None:
    """A partner's agreed rate never exceeds what the one above has to give. Raises Invalid."""
    usual: dict[str, Decimal] = {
        rule.kind: rule.rate.amount for rule in plan.rewards if rule.rate is not None
    }
    usual |= {rule.kind: rule.percent for rule in plan.rewards if rule.percent is not None}
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
