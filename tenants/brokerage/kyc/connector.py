"""What every verification provider must speak, whichever it is: neutral states, and why.

A callback names an applicant and what became of it; whoever takes one compares `our_id` with the
person the applicant was made for, and asks `fetch_result` before anything depends on it.
"""

from datetime import date, datetime
from enum import StrEnum
from typing import Any, ClassVar, Protocol

import msgspec

from stoa.connectors.checks import Check
from stoa.connectors.keyring import Keyring
from stoa.connectors.lines import Line
from stoa.connectors.outcomes import Outcome
from stoa.connectors.signatures import Headers


class State(StrEnum):
    """Where an applicant stands. What a provider says that we do not know is IN_REVIEW."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    IN_REVIEW = "in-review"
    APPROVED = "approved"
    REJECTED_RETRY = "rejected-retry"
    REJECTED_FINAL = "rejected-final"
    EXPIRED = "expired"

    @property
    def decided(self) -> bool:
        return self in {State.APPROVED, State.REJECTED_RETRY, State.REJECTED_FINAL, State.EXPIRED}


class Paper(StrEnum):
    """Kinds of documents, as the trade names them."""

    PASSPORT = "passport"
    ID_CARD = "id-card"
    DRIVING_LICENCE = "driving-licence"
    RESIDENCE_PERMIT = "residence-permit"
    SELFIE = "selfie"
    PROOF_OF_ADDRESS = "proof-of-address"
    BANK_STATEMENT = "bank-statement"
    OTHER = "other"

    @property
    def identity(self) -> bool:
        return self in {
            Paper.PASSPORT,
            Paper.ID_CARD,
            Paper.DRIVING_LICENCE,
            Paper.RESIDENCE_PERMIT,
        }


class Side(StrEnum):
    FRONT = "front"
    BACK = "back"
    WHOLE = "whole"


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """Whom to verify. `reference` is ours, stable, and finds the applicant again."""

    reference: str
    first_name: str
    last_name: str
    middle_name: str = ""
    born: date | None = None
    country: str = ""
    nationality: str = ""
    email: str = ""
    phone: str = ""
    language: str = "en"


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """One picture or file. `country` is the one that issued it, as two letters."""

    paper: Paper
    side: Side = Side.WHOLE
    country: str
    file_name: str
    media_type: str
    content: bytes

    def __repr__(self) -> str:
        return f"<Document {self.paper} {self.side}, {len(self.content)} bytes>"


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What the provider found. `tell` may be shown to the client; `because` is for staff only.

    `raw` is the provider's own document, to be kept sealed.
    """

    applicant: str
    our_id: str
    state: State
    labels: tuple[str, ...] = ()
    because: str = ""
    tell: str = ""
    level: str = ""
    attempt: int = 0
    answered: datetime | None = None
    raw: bytes = b""


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One thing a callback tells; a `state` of None has no effect and is only kept."""

    provider_event_id: str
    raw_kind: str
    applicant: str
    our_id: str
    state: State | None = None
    labels: tuple[str, ...] = ()
    at: datetime | None = None


class Capabilities(msgspec.Struct, frozen=True, kw_only=True):
    """`automatic` providers decide by themselves; for the others our own officers do."""

    papers: frozenset[Paper]
    media_types: frozenset[str]
    largest_bytes: int
    automatic: bool
    callbacks: bool


class KycConnector(Protocol):
    """One provider account of one tenant, over its line. Holds no connection; cheap to make."""

    code: ClassVar[str]
    label: ClassVar[str]
    settings_type: ClassVar[type[msgspec.Struct]]
    capabilities: ClassVar[Capabilities]

    def __init__(self, settings: Any, secrets: Keyring, line: Line) -> None: ...

    @property
    def identity(self) -> str:
        """Whose provider account this is; the same one may not be configured by two tenants."""
        ...

    async def create_applicant(self, person: Person, level: str = "") -> Outcome:
        """Confirmed with the provider's id. Repeating it finds the applicant that exists."""
        ...

    async def add_document(self, applicant: str, document: Document) -> Outcome:
        """Confirmed with the provider's id of the picture, where it gives one."""
        ...

    async def submit(self, applicant: str) -> Outcome:
        """Ask for the review. Confirmed also when it is under review already."""
        ...

    async def reopen(self, applicant: str) -> Outcome:
        """Back to draft with documents to be given anew, such as after one has expired."""
        ...

    async def fetch_result(self, applicant: str) -> Result:
        """Where the applicant stands now.

        Raises:
            NotFound: the provider has no such applicant.
            Unavailable: it did not tell.
        """
        ...

    def parse_callback(self, raw: bytes, headers: Headers, now: datetime) -> list[Event]:
        """Check the proof over the raw bytes, then read.

        Raises:
            Forged: the proof is missing, doubled or wrong, or no secret is set.
        """
        ...

    async def test_connection(self) -> list[Check]: ...
