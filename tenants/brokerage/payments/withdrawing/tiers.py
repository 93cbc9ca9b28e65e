"""Who must agree to a withdrawal, by how much was asked for lately. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

from brokerage.payments.rules import Convert
from brokerage.payments.settings import AutoApprove, Rolling, Tier
from stoa.kernel.money import Money
from stoa.kernel.refusals import Invalid
from stoa.theming.texts import N_


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of auto-approval and how it came out."""

    code: str
    text: str
    passed: bool
    places: Mapping[str, str] = field(default_factory=dict)

    def record(self) -> dict[str, Any]:
        return {
            "code": self.code,
            "text": self.text,
            "passed": self.passed,
            "places": dict(self.places),
        }


@dataclass(frozen=True, slots=True)
class Totals:
    """All one client asked for within 24 hours, 7 and 30 days, with this one; in one currency.

    `rate` is what the amount itself was compared at.
    """

    day: Money
    week: Money
    month: Money
    rate: Decimal

    def within(self, hours: int) -> Money:
        return {24: self.day, 168: self.week, 720: self.month}[hours]

    def record(self) -> dict[str, str]:
        return {
            "currency": self.day.currency,
            "day": self.day.text(),
            "week": self.week.text(),
            "month": self.month.text(),
            "rate": f"{self.rate.normalize():f}",
        }


@dataclass(frozen=True, slots=True)
class Standing:
    """What auto-approval looks at, besides the checks."""

    totals: Totals
    level: str
    risk: str
    to_source: bool
    checks_clean: bool
    used_before: bool


def auto(settings: AutoApprove, seen: Standing, convert: Convert) -> list[Rule]:
    """Every rule, passed or not, in their order."""
    return [
        Rule("auto-on", N_("Automatic approval is on."), settings.on),
        Rule("auto-checks", N_("Every check passed without a flag."), seen.checks_clean),
        *_amounts(settings, seen.totals, convert),
        Rule(
            "auto-level",
            N_("The verification level “{level}” may be paid without a person."),
            not settings.levels or seen.level in settings.levels,
            {"level": seen.level},
        ),
        Rule(
            "auto-risk",
            N_("The client's risk is not among those that need a person."),
            seen.risk in settings.risk,
            {"risk": seen.risk},
        ),
        Rule(
            "auto-source",
            N_("All of it returns to where it came from, or to a destination used before."),
            not settings.returned_to_source or seen.to_source or seen.used_before,
        ),
    ]


def _amounts(settings: AutoApprove, totals: Totals, convert: Convert) -> list[Rule]:
    bounds = (
        ("auto-amount", N_("{total} within 24 hours is not above {most}."), 24, settings.max),
        ("auto-week", N_("{total} within 7 days is not above {most}."), 168, settings.max_week),
        ("auto-month", N_("{total} within 30 days is not above {most}."), 720, settings.max_month),
    )
    found: list[Rule] = []
    for code, text, hours, bound in bounds:
        if bound is not None:
            total = convert(totals.within(hours), bound.currency)
            places = {"total": str(total), "most": str(bound.money)}
            found.append(Rule(code, text, total <= bound.money, places))
    return found


def needed(tiers: Sequence[Tier], totals: Totals, convert: Convert) -> int:
    """How many people must agree: by all that was asked for in the windows, not by this one alone."""
    for tier in tiers:
        bounds = (
            (totals.day, tier.up_to),
            (totals.week, tier.up_to_week),
            (totals.month, tier.up_to_month),
        )
        if all(
            bound is None or convert(total, bound.currency) <= bound.money
            for total, bound in bounds
        ):
            return tier.need
    return tiers[-1].need


def must_fit(limits: Sequence[Rolling], money: Money, totals: Totals, convert: Convert) -> None:
    """Raises Invalid naming the tightest limit that is passed and what is left of it."""
    tightest: tuple[Money, Rolling] | None = None
    for one in limits:
        before = totals.within(one.hours) - convert(money, totals.day.currency)
        left = one.most.money - convert(before, one.most.currency)
        if convert(money, one.most.currency) > left:
            here = Money(max(left.amount, Decimal(0)), left.currency).floored()
            if tightest is None or convert(here, money.currency) < convert(
                tightest[0], money.currency
            ):
                tightest = (here, one)
    if tightest is not None:
        left, limit = tightest
        raise Invalid(
            _OVER[limit.hours],
            field="amount",
            code=f"limit-{limit.hours}h",
            most=limit.most.money,
            left=left,
        )


_OVER: Final = {
    24: N_("You can withdraw {most} within 24 hours; {left} are left. Nothing was set aside."),
    168: N_("You can withdraw {most} within 7 days; {left} are left. Nothing was set aside."),
    720: N_("You can withdraw {most} within 30 days; {left} are left. Nothing was set aside."),
}
