"""A client of the story."""

from dataclasses import dataclass, field
from datetime import datetime
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
