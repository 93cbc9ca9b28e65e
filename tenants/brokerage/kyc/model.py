"""A client's verification: the case, its papers and checks, and where the client stands by it."""

from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    String,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from stoa.db.rows import TenantRow


class State(StrEnum):
    """Open: the client fills it in. Asked: back to the client. Checking: machines look.

    Review: a person looks. Closed: another case took its place.
    """

    OPEN = "open"
    CHECKING = "checking"
    REVIEW = "review"
    ASKED = "asked"
    APPROVED = "approved"
    REJECTED = "rejected"
    CLOSED = "closed"


WITH_CLIENT = (State.OPEN, State.ASKED)
WITH_US = (State.CHECKING, State.REVIEW)
LIVING = (*WITH_CLIENT, *WITH_US)


class Why(StrEnum):
    """Why a case was opened."""

    FIRST = "first"
    REFRESH = "refresh"
    COUNTRY = "country"
    EXPIRY = "expiry"
    AGAIN = "again"


class KycCase(TenantRow):
    """One round of verification. What the client wrote is sealed as a whole, by page and field.

    `urgency_at` orders the officers' queue: the promised time, earlier for who is riskier.
    """

    __tablename__ = "kyc_case"
    MOVES: ClassVar[Mapping[str, set[str]]] = {
        State.OPEN: {State.CHECKING, State.CLOSED},
        State.CHECKING: {State.REVIEW, State.ASKED, State.APPROVED, State.CLOSED},
        State.REVIEW: {State.CHECKING, State.ASKED, State.APPROVED, State.REJECTED, State.CLOSED},
        State.ASKED: {State.CHECKING, State.CLOSED},
        State.REJECTED: {State.REVIEW},
    }

    id: Mapped[UUID] = mapped_column(primary_key=True)
    client: Mapped[UUID] = mapped_column(ForeignKey("client.id"))
    why: Mapped[str] = mapped_column(String(12), default=Why.FIRST)
    state: Mapped[str] = mapped_column(String(12), default=State.OPEN)
    pack: Mapped[str] = mapped_column(String(40))
    client_type: Mapped[str] = mapped_column(String(12))
    answers_sealed: Mapped[bytes | None]
    steps_done: Mapped[list[str]] = mapped_column(ARRAY(String(40)), default=list)
    opened_at: Mapped[datetime]
    submitted_at: Mapped[datetime | None]
    due_at: Mapped[datetime | None]
    urgency_at: Mapped[datetime | None]
    in_review_at: Mapped[datetime | None]
    attempt: Mapped[int] = mapped_column(Integer, default=0)
    """How often the client has submitted it."""

    provider: Mapped[str] = mapped_column(String(24), default="")
    applicant: Mapped[str | None] = mapped_column(String(120))
    provider_state: Mapped[str | None] = mapped_column(String(20))
    provider_attempt: Mapped[int] = mapped_column(Integer, default=0)
    """Up to which submission the provider was asked."""
    polled_at: Mapped[datetime | None]

    risk_score: Mapped[int | None] = mapped_column(Integer)
    risk_band: Mapped[str | None] = mapped_column(String(12))
    risk: Mapped[dict[str, Any] | None]
    failed: Mapped[list[str]] = mapped_column(ARRAY(String(60)), default=list)
    """Codes of the checks that a person must look at, for the queue."""

    claimed_by: Mapped[UUID | None]
    claimed_name: Mapped[str | None] = mapped_column(String(120))
    claimed_until: Mapped[datetime | None]

    decided_at: Mapped[datetime | None]
    decided_by: Mapped[UUID | None]
    decided_name: Mapped[str | None] = mapped_column(String(120))
    decision: Mapped[dict[str, Any] | None]
    """What was decided, from what, by which rules: enough to come to it again."""
    reason: Mapped[str | None] = mapped_column(String(40))

    __table_args__ = (
        CheckConstraint(
            "state in ('open','checking','review','asked','approved','rejected','closed')",
            name="state",
        ),
        CheckConstraint(
            "(state in ('approved','rejected')) = (decided_at is not null)", name="decided"
        ),
        Index(
            "uq_kyc_case_living",
            "client",
            unique=True,
            postgresql_where=text("state in ('open','checking','review','asked')"),
        ),
        Index("ix_kyc_case_client", "client", "id"),
        Index("ix_kyc_case_queue", "state", "urgency_at", "id"),
        Index("ix_kyc_case_decided", "decided_at", "id"),
        Index(
            "uq_kyc_case_applicant",
            "provider",
            "applicant",
            unique=True,
            postgresql_where=text("applicant is not null"),
        ),
    )


class KycDocument(TenantRow):
    """One uploaded paper. Only the newest of a kind is in force; what it replaced stays visible."""

    __tablename__ = "kyc_document"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    case: Mapped[UUID] = mapped_column(ForeignKey("kyc_case.id"))
    client: Mapped[UUID] = mapped_column(ForeignKey("client.id"))
    kind: Mapped[str] = mapped_column(String(40))
    paper: Mapped[str] = mapped_column(String(40))
    file: Mapped[UUID] = mapped_column(ForeignKey("stored_file.id"))
    country: Mapped[str] = mapped_column(String(2))
    issued_on: Mapped[date | None]
    expires_on: Mapped[date | None]
    number_sealed: Mapped[bytes | None]
    number_blind: Mapped[bytes | None] = mapped_column(index=True)
    zone_sealed: Mapped[bytes | None]
    """The machine-readable lines, where an officer has read them off."""
    legible: Mapped[str] = mapped_column(String(12))
    as_it_is: Mapped[bool] = mapped_column(default=False)
    """The client has no better picture; a person decides."""
    in_force: Mapped[bool] = mapped_column(default=True)
    sent_attempt: Mapped[int] = mapped_column(Integer, default=0)
    uploaded_at: Mapped[datetime]

    __table_args__ = (
        Index("ix_kyc_document_case", "case", "kind"),
        Index("ix_kyc_document_client", "client"),
        Index("ix_kyc_document_file", "file"),
        Index(
            "uq_kyc_document_in_force",
            "case",
            "kind",
            unique=True,
            postgresql_where=text("in_force"),
        ),
    )


class KycCheck(TenantRow):
    """One check of a case, as it stands. `machine` keeps what was found before a person decided."""

    __tablename__ = "kyc_check"

    case: Mapped[UUID] = mapped_column(ForeignKey("kyc_case.id"), primary_key=True)
    code: Mapped[str] = mapped_column(String(60), primary_key=True)
    outcome: Mapped[str] = mapped_column(String(12))
    because: Mapped[str] = mapped_column(String(400), default="")
    tell: Mapped[str] = mapped_column(String(400), default="")
    version: Mapped[str] = mapped_column(String(40), default="")
    source: Mapped[str] = mapped_column(String(24))
    at: Mapped[datetime]
    machine: Mapped[str | None] = mapped_column(String(12))
    by: Mapped[UUID | None]
    by_name: Mapped[str | None] = mapped_column(String(120))
    reason_sealed: Mapped[bytes | None]

    __table_args__ = (
        CheckConstraint(
            "outcome in ('passed','pending','retry','review','failed')", name="outcome"
        ),
    )


class KycTest(TenantRow):
    """One try at a questionnaire, as it was scored."""

    __tablename__ = "kyc_test"
    __append_only__ = True
    __erasable__ = frozenset({"lines"})

    id: Mapped[UUID] = mapped_column(primary_key=True)
    client: Mapped[UUID] = mapped_column(ForeignKey("client.id"))
    questionnaire: Mapped[str] = mapped_column(String(40))
    version: Mapped[str] = mapped_column(String(40))
    percent: Mapped[int] = mapped_column(Integer)
    band: Mapped[str] = mapped_column(String(40))
    passes: Mapped[bool]
    leverage_cap: Mapped[int] = mapped_column(Integer)
    warning: Mapped[str] = mapped_column(String(400), default="")
    lines: Mapped[list[Any]]
    taken_at: Mapped[datetime]

    __table_args__ = (Index("ix_kyc_test_client", "client", "id"),)


class KycProposal(TenantRow):
    """A change that takes a second officer: who asked, who agreed or refused."""

    __tablename__ = "kyc_proposal"
    MOVES: ClassVar[Mapping[str, set[str]]] = {"waiting": {"agreed", "refused", "fallen"}}

    id: Mapped[UUID] = mapped_column(primary_key=True)
    client: Mapped[UUID] = mapped_column(ForeignKey("client.id"))
    case: Mapped[UUID | None] = mapped_column(ForeignKey("kyc_case.id"))
    change: Mapped[str] = mapped_column(String(24))
    about: Mapped[dict[str, Any]]
    reason_sealed: Mapped[bytes]
    state: Mapped[str] = mapped_column(String(12), default="waiting")
    asked_by: Mapped[UUID]
    asked_name: Mapped[str] = mapped_column(String(120))
    asked_at: Mapped[datetime]
    second_by: Mapped[UUID | None]
    second_name: Mapped[str | None] = mapped_column(String(120))
    second_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("state in ('waiting','agreed','refused','fallen')", name="state"),
        CheckConstraint("second_by is null or second_by <> asked_by", name="four_eyes"),
        Index("ix_kyc_proposal_case", "case"),
        Index("ix_kyc_proposal_client", "client"),
        Index("ix_kyc_proposal_waiting", "state", "id"),
    )


class KycCallback(TenantRow):
    """What a provider told us, word for word and once: the pair of provider and event is unique."""

    __tablename__ = "kyc_callback"
    MOVES: ClassVar[Mapping[str, set[str]]] = {
        "taken": {"done", "ignored", "quarantined"},
        "quarantined": {"done", "ignored"},
    }

    id: Mapped[UUID] = mapped_column(primary_key=True)
    provider: Mapped[str] = mapped_column(String(24))
    event: Mapped[str] = mapped_column(String(80))
    kind: Mapped[str] = mapped_column(String(60))
    applicant: Mapped[str] = mapped_column(String(120))
    our_id: Mapped[str] = mapped_column(String(120))
    raw_sealed: Mapped[bytes]
    state: Mapped[str] = mapped_column(String(12), default="taken")
    because: Mapped[str | None] = mapped_column(String(200))
    received_at: Mapped[datetime]
    done_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("state in ('taken','done','ignored','quarantined')", name="state"),
        Index("uq_kyc_callback_event", "provider", "event", unique=True),
        Index("ix_kyc_callback_applicant", "applicant"),
    )


class KycStanding(TenantRow):
    """Where a client stands: jurisdiction with its reasons, level, risk, and what runs out when."""

    __tablename__ = "kyc_standing"

    client: Mapped[UUID] = mapped_column(ForeignKey("client.id"), primary_key=True)
    pack: Mapped[str] = mapped_column(String(40))
    jurisdiction: Mapped[dict[str, Any]]
    resolved_at: Mapped[datetime]
    category: Mapped[str] = mapped_column(String(16), default="retail")
    level: Mapped[str] = mapped_column(String(40))
    steps: Mapped[list[str]] = mapped_column(ARRAY(String(40)), default=list)
    checks: Mapped[list[str]] = mapped_column(ARRAY(String(60)), default=list)
    """What has been done and passed, from which the level follows."""
    approved_at: Mapped[datetime | None]
    approved_case: Mapped[UUID | None]
    risk_score: Mapped[int | None] = mapped_column(Integer)
    risk_band: Mapped[str | None] = mapped_column(String(12))
    risk: Mapped[dict[str, Any] | None]
    risk_set_band: Mapped[str | None] = mapped_column(String(12))
    """A band that officers set over the model's."""
    test_cap: Mapped[int] = mapped_column(Integer, default=0)
    extra: Mapped[list[str]] = mapped_column(ARRAY(String(120)), default=list)
    """Why more diligence is due now; empty when none is."""
    extra_seen: Mapped[list[str]] = mapped_column(ARRAY(String(120)), default=list)
    """All reasons there ever were, so that none comes up twice."""
    extra_done_at: Mapped[datetime | None]
    extra_done_by: Mapped[UUID | None]
    extra_sealed: Mapped[bytes | None]
    review_on: Mapped[date | None]
    expires_on: Mapped[date | None]
    """When the first of the papers in force runs out."""
    warned_days: Mapped[int | None] = mapped_column(Integer)

    __table_args__ = (
        Index("ix_kyc_standing_review_on", "review_on"),
        Index("ix_kyc_standing_expires_on", "expires_on"),
        Index("ix_kyc_standing_extra", "client", postgresql_where=text("cardinality(extra) > 0")),
    )
