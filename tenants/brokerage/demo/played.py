"""A client of the story, an account on a second platform, and a transfer that was announced."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from brokerage.demo.cast import Someone


@dataclass
class Played:
    """A client of the story and what has become of them."""

    id: UUID
    someone: Someone
    joined: datetime
    fate: str
    partner: UUID | None = None
    live: UUID | None = None
    demo: UUID | None = None
    logins: list[int] = field(default_factory=list)
    funded: datetime | None = None


@dataclass(frozen=True, slots=True)
class Beside:
    """A client's account on the second platform."""

    row: Played
    account: UUID
    login: int
    funded: datetime


@dataclass
class Wire:
    """A transfer that was announced: what the statement shows of it once it came."""

    client: UUID
    name: str
    deposit: UUID
    reference: str
    amount: Decimal
    at: datetime
    place: UUID | None
    arrived: bool = False
    back: UUID | None = None
