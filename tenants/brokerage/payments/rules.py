"""Decisions about withdrawals: what goes where, what stops it, who must agree. Pure."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from statistics import median
from typing import Any, Literal
from uuid import UUID

import msgspec

from brokerage.payments.settings import AutoApprove, Fee, Tier
from brokerage.payments.values import Method
from stoa.kernel.money import Money
from stoa.kernel.refusals import Invalid
from stoa.theming.texts import N_

Convert = Callable[[Money, str], Money]
Verdict = Literal["passed", "flagged", "waiting", "skipped"]


def fee_of(fee: Fee, money: Money, convert: Convert) -> Money:
    """What is kept of an amount; rounded down. Raises Invalid when nothing would be left."""
    kept = money.times(fee.percent / 100).floored()
    if fee.least is not None and fee.least.amount:
        kept = max(kept, convert(fee.least.money, money.currency), key=lambda one: one.amount)
    if kept >= money:
        raise Invalid(
            "The fee of {fee} would take all of it. Choose a larger amount.",
            field="amount",
            fee=kept,
        )
    return kept


def within(money: Money, least: Money, most: Money, convert: Convert) -> None:
    """Raises Invalid naming the limit in the currency that was typed."""
    low, high = convert(least, money.currency), convert(most, money.currency)
    if money < low:
        raise Invalid("The least is {least}.", field="amount", least=low)
    if money > high:
        raise Invalid("The most at once is {most}.", field="amount", most=high)


@dataclass(frozen=True, slots=True)
class Source:
    """A paid deposit that money can go back to."""

    deposit: UUID
    psp: str
    method: Method
    left: Money
    label: str
    token: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a withdrawal. `refund` goes back along a deposit, `payout` to a destination."""

    way: Literal["refund", "payout"]
    method: Method
    money: Money
    label: str
    psp: str = ""
    source: UUID | None = None

    def record(self) -> dict[str, Any]:
        return {
            "way": self.way,
            "method": str(self.method),
            "amount": self.money.text(),
            "currency": self.money.currency,
            "label": self.label,
            "psp": self.psp,
            "source": str(self.source) if self.source else None,
        }


def plan(
    net: Money, method: Method, sources: Sequence[Source], *, label: str, card_rest: bool
) -> list[Part]:
    """Sources first, the oldest first, the rest to what was chosen.

    Raises Invalid when only a card was chosen and the cards have had less than is asked.
    """
    parts: list[Part] = []
    rest = net
    for source in sources:
        if not rest:
            break
        back = min(rest, source.left, key=lambda one: one.amount)
        if back:
            parts.append(
                Part("refund", source.method, back, source.label, source.psp, source.deposit)
            )
            rest = rest - back
    if not rest:
        return parts
    if method is not Method.CARD:
        return [*parts, Part("payout", method, rest, label)]
    newest = next((one for one in reversed(sources) if one.token), None)
    if newest is None or not card_rest:
        raise Invalid(
            "{back} can go back to your cards. Choose a bank account or a wallet, and the rest "
            "goes there.",
            field="amount",
            code="card-rest",
            back=net - rest,
        )
    return [*parts, Part("payout", method, rest, newest.label, newest.psp, newest.deposit)]


@dataclass(frozen=True, slots=True)
class Check:
    """One check in its order. `text` is a message id; `places` fill it, as text."""

    code: str
    title: str
    verdict: Verdict
    text: str
    places: Mapping[str, str] = field(default_factory=dict)
    until: datetime | None = None

    def record(self) -> dict[str, Any]:
        return {
            "code": self.code,
            "title": self.title,
            "verdict": self.verdict,
            "text": self.text,
            "places": dict(self.places),
            "until": self.until.isoformat() if self.until else None,
        }


def stopped(checks: Sequence[Check]) -> Check | None:
    """The first that waits for the client or for time."""
    return next((one for one in checks if one.verdict == "waiting"), None)


def flagged(checks: Sequence[Check]) -> list[Check]:
    return [one for one in checks if one.verdict == "flagged"]


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
class Standing:
    """What auto-approval looks at, besides the checks."""

    day_total: Money
    level: str
    risk: str
    to_source: bool
    checks_clean: bool
    used_before: bool


def auto(settings: AutoApprove, seen: Standing, convert: Convert) -> list[Rule]:
    """Every rule, passed or not, in their order."""
    most = settings.max.money
    total = convert(seen.day_total, most.currency)
    return [
        Rule("auto-on", N_("Automatic approval is on."), settings.on),
        Rule("auto-checks", N_("Every check passed without a flag."), seen.checks_clean),
        Rule(
            "auto-amount",
            N_("{total} within 24 hours is not above {most}."),
            total <= most,
            {"total": str(total), "most": str(most)},
        ),
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


def needed(tiers: Sequence[Tier], day_total: Money, convert: Convert) -> int:
    """How many people must agree: by all that was asked for in 24 hours, not by this one alone."""
    for tier in tiers:
        if tier.up_to is None:
            return tier.need
        limit = tier.up_to.money
        if convert(day_total, limit.currency) <= limit:
            return tier.need
    return tiers[-1].need


def payload_hash(withdrawal: UUID, client: UUID, content: Mapping[str, Any]) -> str:
    """What an approval is bound to: the amount, the fee, each part and where it goes."""
    told = {"withdrawal": str(withdrawal), "client": str(client), **content}
    return hashlib.sha256(msgspec.json.encode(told, order="sorted")).hexdigest()


def promised(asked: datetime, hours: int) -> datetime:
    return asked + timedelta(hours=hours)


def estimate(hours: Sequence[Decimal], promise_h: int) -> Decimal:
    """How long it takes, by the last ones that were paid; the promise where there are too few."""
    return Decimal(median(hours)) if len(hours) >= 3 else Decimal(promise_h)
