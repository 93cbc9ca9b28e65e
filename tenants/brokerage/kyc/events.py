"""Facts about verification. They name cases and codes, never what a document or a list says."""

from typing import ClassVar
from uuid import UUID

from stoa.events.facts import Fact, fact


@fact
class KycSubmitted(Fact, frozen=True, kw_only=True):
    """A client handed a case in; `attempt` counts how often."""

    kind: ClassVar[str] = "kyc.submitted"
    lane: ClassVar[str] = "kyc"
    public: ClassVar[bool] = True

    client: UUID
    case: UUID
    attempt: int


@fact
class KycAsked(Fact, frozen=True, kw_only=True):
    """A case went back to the client, who can mend what is named by `reason`."""

    kind: ClassVar[str] = "kyc.asked"
    lane: ClassVar[str] = "kyc"
    public: ClassVar[bool] = True

    client: UUID
    case: UUID
    reason: str


@fact
class KycApproved(Fact, frozen=True, kw_only=True):
    kind: ClassVar[str] = "kyc.approved"
    lane: ClassVar[str] = "kyc"
    public: ClassVar[bool] = True

    client: UUID
    case: UUID
    level: str


@fact
class KycRejected(Fact, frozen=True, kw_only=True):
    kind: ClassVar[str] = "kyc.rejected"
    lane: ClassVar[str] = "kyc"
    public: ClassVar[bool] = True

    client: UUID
    case: UUID
    reason: str


@fact
class CallbackTaken(Fact, frozen=True, kw_only=True):
    """A provider's callback was stored; what it means is worked out off the request."""

    kind: ClassVar[str] = "kyc.callback-taken"
    lane: ClassVar[str] = "kyc"

    callback: UUID


@fact
class ScreeningDue(Fact, frozen=True, kw_only=True):
    """A client is to be screened again outside a submission."""

    kind: ClassVar[str] = "kyc.screening-due"
    lane: ClassVar[str] = "kyc"

    client: UUID
    why: str


@fact
class ListImported(Fact, frozen=True, kw_only=True):
    """A newer version of a list is in force; the book is screened against what changed in it."""

    kind: ClassVar[str] = "kyc.list-imported"
    lane: ClassVar[str] = "reports"

    listing: str
    number: int
    after: UUID | None = None
    """The last client done: a large book is gone through in several turns."""
