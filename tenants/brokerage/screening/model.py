"""Lists in one copy for the whole installation; screenings and hits with each tenant's clients."""

from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, String
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from stoa.db.rows import PlatformRow, TenantRow


class ScreeningList(PlatformRow):
    """One version of one list, numbered as it came; the highest number is the one in force."""

    __tablename__ = "screening_list"

    code: Mapped[str] = mapped_column(String(40), primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True)
    authority: Mapped[str] = mapped_column(String(160))
    version: Mapped[str] = mapped_column(String(40))
    sha256: Mapped[str] = mapped_column(String(64))
    published: Mapped[date]
    entries: Mapped[int] = mapped_column(Integer)
    added: Mapped[int] = mapped_column(Integer)
    altered: Mapped[int] = mapped_column(Integer)
    removed: Mapped[int] = mapped_column(Integer)
    problems: Mapped[list[Any]] = mapped_column(JSONB)
    imported_at: Mapped[datetime]

    __table_args__ = (Index("uq_screening_list_version", "code", "version", unique=True),)


class ScreeningEntry(PlatformRow):
    """What a list says of one entry from one version on, until another says it differently.

    Versions share what they say alike, and every one of them can be read back as it was.
    """

    __tablename__ = "screening_entry"
    __audited__ = False

    code: Mapped[str] = mapped_column(String(40), primary_key=True)
    ref: Mapped[str] = mapped_column(String(60), primary_key=True)
    since: Mapped[int] = mapped_column(Integer, primary_key=True)
    until: Mapped[int | None] = mapped_column(Integer)
    digest: Mapped[str] = mapped_column(String(64))
    body: Mapped[dict[str, Any]] = mapped_column(JSONB)

    __table_args__ = (Index("ix_screening_entry_span", "code", "since", "until"),)


class Screening(TenantRow):
    """One question to the lists, kept with everything it takes to ask it again."""

    __tablename__ = "screening"
    __append_only__ = True
    __erasable__ = frozenset({"answer_sealed"})

    id: Mapped[UUID] = mapped_column(primary_key=True)
    client: Mapped[UUID] = mapped_column(ForeignKey("client.id"))
    case: Mapped[UUID | None]
    why: Mapped[str] = mapped_column(String(12))
    engine: Mapped[str] = mapped_column(String(40))
    threshold: Mapped[int] = mapped_column(Integer)
    lists: Mapped[list[Any]]
    hits: Mapped[int] = mapped_column(Integer)
    answer_sealed: Mapped[bytes]
    at: Mapped[datetime]

    __table_args__ = (Index("ix_screening_client", "client", "id"),)


class HitState(StrEnum):
    OPEN = "open"
    FALSE = "false"
    TRUE = "true"
    GONE = "gone"
    """The list no longer says it, or the client is not called so any more."""


class ScreeningHit(TenantRow):
    """A listed entry that may be the client, and what an officer decided about it.

    The decision holds while neither the entry (`digest`) nor the client's own particulars
    (`subject`) change; then it is another hit.
    """

    __tablename__ = "screening_hit"
    MOVES: ClassVar[Mapping[str, set[str]]] = {
        HitState.OPEN: {HitState.FALSE, HitState.TRUE, HitState.GONE},
        HitState.FALSE: {HitState.OPEN, HitState.GONE},
        HitState.TRUE: {HitState.FALSE, HitState.GONE},
        HitState.GONE: {HitState.OPEN},
    }

    id: Mapped[UUID] = mapped_column(primary_key=True)
    client: Mapped[UUID] = mapped_column(ForeignKey("client.id"))
    screening: Mapped[UUID] = mapped_column(ForeignKey("screening.id"))
    listing: Mapped[str] = mapped_column(String(40))
    ref: Mapped[str] = mapped_column(String(60))
    digest: Mapped[str] = mapped_column(String(64))
    subject: Mapped[bytes]
    score: Mapped[int] = mapped_column(Integer)
    body_sealed: Mapped[bytes]
    state: Mapped[str] = mapped_column(String(8), default=HitState.OPEN)
    opened_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[UUID | None]
    decided_name: Mapped[str | None] = mapped_column(String(120))
    reason_sealed: Mapped[bytes | None]

    __table_args__ = (
        CheckConstraint("state in ('open','false','true','gone')", name="state"),
        Index(
            "uq_screening_hit_same", "client", "listing", "ref", "digest", "subject", unique=True
        ),
        Index("ix_screening_hit_state", "state", "id"),
        Index("ix_screening_hit_screening", "screening"),
    )
