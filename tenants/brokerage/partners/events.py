"""What this module tells."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from stoa.events.facts import Fact, fact


@fact
class PartnerJoined(Fact, frozen=True, kw_only=True):
    kind: ClassVar[str] = "partner.joined"
    public: ClassVar[bool] = True

    partner: UUID
    parent: UUID | None


@fact
class PartnerPaid(Fact, frozen=True, kw_only=True):
    """`amount` in the payout's currency, as text."""

    kind: ClassVar[str] = "partner.paid"
    lane: ClassVar[str] = "money"
    public: ClassVar[bool] = True

    payout: UUID
    partner: UUID
    amount: str
    currency: str


@fact
class ObjectionRaised(Fact, frozen=True, kw_only=True):
    kind: ClassVar[str] = "partner.objection-raised"
    public: ClassVar[bool] = True

    objection: UUID
    partner: UUID
    due_at: datetime


@fact
class ObjectionDecided(Fact, frozen=True, kw_only=True):
    """`state` is agreed, refused or withdrawn."""

    kind: ClassVar[str] = "partner.objection-decided"
    public: ClassVar[bool] = True

    objection: UUID
    partner: UUID
    state: str


@fact
class EngineResumed(Fact, frozen=True, kw_only=True):
    """Rewards go on; deals imported between the two instants were left for now."""

    kind: ClassVar[str] = "rewards.resumed"

    since: datetime
    until: datetime


@fact
class RecountAsked(Fact, frozen=True, kw_only=True):
    """Rewards of deals that closed from `first` until before `last` are to be counted again.

    What is left of it tells itself on: `server` and `number` name the last deal done with, `lines` is
    how many were written so far.
    """

    kind: ClassVar[str] = "rewards.recount-asked"
    lane: ClassVar[str] = "reports"

    first: datetime
    last: datetime
    why: str
    server: str = ""
    number: int = 0
    lines: int = 0
