"""Facts about clients."""

from typing import ClassVar
from uuid import UUID

from stoa.events.facts import Fact, fact


@fact
class ClientRegistered(Fact, frozen=True, kw_only=True):
    """Someone signed up; their address is not yet proven. `visitor` names their touches."""

    kind: ClassVar[str] = "client.registered"
    public: ClassVar[bool] = True

    client: UUID
    country: str
    language: str
    client_type: str
    visitor: UUID | None = None


@fact
class EmailVerified(Fact, frozen=True, kw_only=True):
    kind: ClassVar[str] = "client.email-verified"
    public: ClassVar[bool] = True

    client: UUID


@fact
class LevelChanged(Fact, frozen=True, kw_only=True):
    """A verification level was granted or stepped down."""

    kind: ClassVar[str] = "client.level-changed"
    lane: ClassVar[str] = "kyc"
    public: ClassVar[bool] = True

    client: UUID
    was: str
    level: str


@fact
class CountryChanged(Fact, frozen=True, kw_only=True):
    """Residence moved: what was resolved by country must be resolved again."""

    kind: ClassVar[str] = "client.country-changed"
    lane: ClassVar[str] = "kyc"
    public: ClassVar[bool] = True

    client: UUID
    was: str
    country: str


@fact
class OwnerAssigned(Fact, frozen=True, kw_only=True):
    kind: ClassVar[str] = "client.owner-assigned"

    client: UUID
    owner: UUID | None


@fact
class ClientClosed(Fact, frozen=True, kw_only=True):
    kind: ClassVar[str] = "client.closed"
    public: ClassVar[bool] = True

    client: UUID
    by_client: bool
