"""Facts about signing in. They carry ids and blind indexes, never an address."""

from typing import ClassVar
from uuid import UUID

from stoa.events.facts import Fact, fact


@fact
class StaffInvited(Fact, frozen=True, kw_only=True):
    kind: ClassVar[str] = "staff.invited"
    person: UUID


@fact
class ResetAsked(Fact, frozen=True, kw_only=True):
    """Somebody asked for a new password for an address, which may be nobody's."""

    kind: ClassVar[str] = "identity.reset-asked"
    lane: ClassVar[str] = "mail"
    person_kind: str
    whom: str


@fact
class SignInLocked(Fact, frozen=True, kw_only=True):
    """Too many wrong tries on an address, which may be nobody's."""

    kind: ClassVar[str] = "identity.locked"
    lane: ClassVar[str] = "mail"
    person_kind: str
    whom: str
    until: str
