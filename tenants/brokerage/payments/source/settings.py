"""What a tenant decides about the sources of incoming coins."""

from decimal import Decimal
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from brokerage.payments.written import Amount
from stoa.kernel.refusals import Unfit


class Analyst(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The account at a chain analyst; `settings` is its connector's own type."""

    connector: str
    settings: dict[str, Any] = {}


class Sources(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """When coins that arrived are credited, wait for a person, or are proposed to be given back.

    Scores are 0 to 100 in every analyst's scale; a category counts from `least_percent` of the money.
    """

    analyst: Analyst | None = None
    hold_from: Decimal = Decimal(40)
    refuse_from: Decimal = Decimal(80)
    hold: tuple[str, ...] = ("Mixer", "Dark Market", "Gambling", "High Risk Jurisdiction")
    refuse: tuple[str, ...] = ("Sanctioned Entity", "Terrorist Financing", "Child Abuse Material")
    least_percent: Decimal = Decimal(1)
    alone: Amount = Amount(amount=Decimal(1_000), currency="USD")
    """Without a finding up to so much is credited; above it a person looks. 0: a person always."""
    wait_min: Annotated[int, Meta(ge=1, le=1_440)] = 30
    """How long an analyst that does not answer is asked again before it counts as no finding."""

    def __post_init__(self) -> None:
        for one in (self.hold_from, self.refuse_from, self.least_percent):
            if not one.is_finite() or not 0 <= one <= 100:
                raise Unfit("scores and shares are 0 to 100")
        if self.hold_from > self.refuse_from:
            raise Unfit("hold_from is at most refuse_from")
        if self.alone.amount < 0:
            raise Unfit("alone is 0 or more")
