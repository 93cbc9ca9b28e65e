"""Decisions about withdrawals: what goes where, what stops it, who must agree. Pure."""

import hashlib
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

import msgspec

from brokerage.payments.values import Method
from stoa.kernel.money import Money
from stoa.kernel.refusals import Invalid

Convert = Callable[[Money, str], Money]
Verdict = Literal["passed", "flagged", "waiting", "skipped"]


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


def payload_hash(withdrawal: UUID, client: UUID, content: Mapping[str, Any]) -> str:
    """What an approval is bound to: the amount, the fee, each part and where it goes."""
    told = {"withdrawal": str(withdrawal), "client": str(client), **content}
    return hashlib.sha256(msgspec.json.encode(told, order="sorted")).hexdigest()


def same_name(typed: str, known: str) -> bool:
    """Whether an account's name is the person's: the same words in any order, accents aside.

    A middle name more or less does not matter; another family name does.
    """
    one, other = _words(typed), _words(known)
    if not one or not other:
        return False
    few, many = sorted((one, other), key=len)
    return len(few) >= min(2, len(many)) and few <= many


def _words(name: str) -> set[str]:
    plain = unicodedata.normalize("NFKD", name)
    bare = "".join(
        " " if sign in "-'.," else sign for sign in plain if not unicodedata.combining(sign)
    )
    return set(bare.casefold().split())


def promised(asked: datetime, hours: int) -> datetime:
    return asked + timedelta(hours=hours)
