"""Legal holds, and erasures from the wish to the certificate."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, String, text
from sqlalchemy.orm import Mapped, mapped_column

from stoa.db.rows import TenantRow


class HoldState(StrEnum):
    """Asked: somebody wants it lifted; it stands until another agrees."""

    ON = "on"
    ASKED = "asked"
    LIFTED = "lifted"


class LegalHold(TenantRow):
    """Nothing about this client goes while it stands, whatever a period or a person says."""

    __tablename__ = "legal_hold"
    MOVES: ClassVar[Mapping[str, set[str]]] = {
        HoldState.ON: {HoldState.ASKED},
        HoldState.ASKED: {HoldState.ON, HoldState.LIFTED},
    }

    id: Mapped[UUID] = mapped_column(primary_key=True)
    client: Mapped[UUID] = mapped_column(ForeignKey("client.id"))
    reference: Mapped[str] = mapped_column(String(80))
    """What it goes back to: a court's or an authority's number."""
    reason_sealed: Mapped[bytes]
    state: Mapped[str] = mapped_column(String(8), default=HoldState.ON)
    placed_by: Mapped[UUID]
    placed_at: Mapped[datetime]
    asked_by: Mapped[UUID | None]
    asked_at: Mapped[datetime | None]
    asked_sealed: Mapped[bytes | None]
    lifted_by: Mapped[UUID | None]
    lifted_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("state in ('on', 'asked', 'lifted')", name="state"),
        CheckConstraint("lifted_by is null or lifted_by <> asked_by", name="four_eyes"),
        CheckConstraint("(state = 'lifted') = (lifted_at is not null)", name="lifted"),
        Index("ix_legal_hold_client", "client", "id"),
        Index("ix_legal_hold_standing", "client", postgresql_where=text("state <> 'lifted'")),
    )


class Cause(StrEnum):
    """Who wants it: the client on their page, the client by letter, or the end of a period."""

    CLIENT = "client"
    LETTER = "letter"
    PERIOD = "period"


class ErasureState(StrEnum):
    """Asked: compliance looks. Proposed: another person looks. Running: a job carries it out."""

    ASKED = "asked"
    PROPOSED = "proposed"
    RUNNING = "running"
    DONE = "done"
    REFUSED = "refused"


LIVING = (ErasureState.ASKED, ErasureState.PROPOSED, ErasureState.RUNNING)


class Erasure(TenantRow):
    """A wish to be forgotten, or a period that ended: verdicts, two people, what went, what stayed.

    `verdicts` are fixed when they are proposed, and `seal` is their hash, to which the second
    person's yes is bound. `gone` counts what each step removed, so that a job that died goes on.
    """

    __tablename__ = "erasure"
    MOVES: ClassVar[Mapping[str, set[str]]] = {
        ErasureState.ASKED: {ErasureState.PROPOSED, ErasureState.REFUSED},
        ErasureState.PROPOSED: {ErasureState.ASKED, ErasureState.RUNNING, ErasureState.REFUSED},
        ErasureState.RUNNING: {ErasureState.DONE},
    }

    id: Mapped[UUID] = mapped_column(primary_key=True)
    reference: Mapped[str] = mapped_column(String(16), unique=True)
    client: Mapped[UUID] = mapped_column(ForeignKey("client.id"))
    cause: Mapped[str] = mapped_column(String(8))
    state: Mapped[str] = mapped_column(String(12), default=ErasureState.ASKED)
    note_sealed: Mapped[bytes | None]
    asked_by: Mapped[UUID | None]
    asked_at: Mapped[datetime]
    due_at: Mapped[datetime]
    verdicts: Mapped[list[Any]] = mapped_column(default=list)
    seal: Mapped[str | None] = mapped_column(String(64))
    refusal: Mapped[str | None] = mapped_column(String(16))
    """Why the wish is refused as a whole, by code."""
    proposed_by: Mapped[UUID | None]
    proposed_at: Mapped[datetime | None]
    decided_by: Mapped[UUID | None]
    decided_at: Mapped[datetime | None]
    gone: Mapped[dict[str, Any]] = mapped_column(default=dict)
    done_at: Mapped[datetime | None]
    number: Mapped[int | None] = mapped_column(Integer, unique=True)
    """The certificate's, counted up without a gap."""
    certificate: Mapped[dict[str, Any] | None]
    hash: Mapped[str | None] = mapped_column(String(64))

    __table_args__ = (
        CheckConstraint("cause in ('client', 'letter', 'period')", name="cause"),
        CheckConstraint(
            "state in ('asked', 'proposed', 'running', 'done', 'refused')", name="state"
        ),
        CheckConstraint("decided_by is null or decided_by <> proposed_by", name="four_eyes"),
        CheckConstraint("(state = 'done') = (number is not null)", name="numbered"),
        Index(
            "uq_erasure_living",
            "client",
            unique=True,
            postgresql_where=text("state in ('asked', 'proposed', 'running')"),
        ),
        Index("ix_erasure_client", "client", "id"),
        Index("ix_erasure_asked_at", "asked_at", "id"),
        Index("ix_erasure_state", "state", "id"),
    )
