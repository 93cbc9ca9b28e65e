"""What higher floors add to a withdrawal's checks. They register here when imported.

A hook runs inside the transaction that asks or looks again, after the checks of this floor that
come before it in the fixed order.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from brokerage.payments.rules import Check
from stoa.kernel.money import Money
from stoa.tenancy.work import Work

MoreChecks = Callable[[Work, UUID, Money], Awaitable[Sequence[Check]]]


@dataclass(frozen=True, slots=True)
class Loss:
    """What of one bonus a withdrawal takes away, and why, as the client reads it."""

    grant: UUID
    label: str
    money: Money
    text: str
    places: dict[str, str] = field(default_factory=dict)

    def record(self) -> dict[str, Any]:
        return {
            "grant": str(self.grant),
            "label": self.label,
            "amount": self.money.text(),
            "currency": self.money.currency,
            "text": self.text,
            "places": dict(self.places),
        }


@dataclass(frozen=True, slots=True)
class Undoing:
    """What of a credited deposit is undone, or stands again, and by which dispute.

    `turn` counts how often this dispute has undone it; `share` is its part of the deposit.
    """

    deposit: UUID
    client: UUID
    dispute: UUID
    turn: int
    money: Money
    share: Decimal


@dataclass(frozen=True, slots=True)
class Condition:
    """What else stands between money and its way out, as the client reads it before paying in.

    `loses`: something has to be done first; otherwise something is lost by not doing it.
    """

    title: str
    text: str
    places: dict[str, str] = field(default_factory=dict)
    href: str = ""
    loses: bool = False


Losses = Callable[[Work, UUID, Money], Awaitable[Sequence[Loss]]]
Leaving = Callable[[Work, UUID, UUID, Sequence[Mapping[str, Any]]], Awaitable[None]]
Maker = Callable[[Work, UUID, UUID, datetime], Awaitable[bool]]

margin_checks: Final[list[MoreChecks]] = []
"""Asked for (client, amount): whether open positions need this money."""
losses: Final[list[Losses]] = []
"""Asked for (client, amount): which bonus is lost by taking it out."""
conditions: Final[list[Callable[[Work, UUID], Awaitable[Sequence[Condition]]]]] = []
"""Asked for (client): what a later withdrawal would cost that is not earned yet."""
leaving: Final[list[Leaving]] = []
"""Told (client, withdrawal, its losses) in the transaction that sends the first part."""
deposit_undone: Final[list[Callable[[Work, Undoing], Awaitable[None]]]] = []
"""Told once each time a credited deposit is undone by its payer's bank, in that transaction."""
deposit_restored: Final[list[Callable[[Work, Undoing], Awaitable[None]]]] = []
"""Told once each time one that was undone stands again."""
evidence: Final[list[Callable[[Work, UUID, datetime], Awaitable[Mapping[str, Any]]]]] = []
"""Asked for (client, since): what else shows that a payment was the client's own, as lists by title."""
offers: Final[list[Callable[[Work, UUID], Awaitable[Sequence[Mapping[str, Any]]]]]] = []
"""Asked for (client): what is offered with the next deposit, as {title, text, places, href}."""
related_makers: Final[list[Maker]] = []
"""Asked for (client, person, since): whether the person gave this client money by hand."""
