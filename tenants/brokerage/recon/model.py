"""Files from outside, their lines, what they were matched with, and what does not agree.

`source` is everywhere the code of a house account of the ledger: `psp:alpha`, `bank:eur-clients`.
Evidence and books are so about the same thing, and a match is between a line and an entry's leg.
"""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from stoa.db.rows import TenantRow


class Purpose(StrEnum):
    """Whose money lies there. SETTLEMENT takes what providers send, which is clients' too."""

    CLIENT = "client"
    HOUSE = "house"
    SETTLEMENT = "settlement"


class BankAccount(TenantRow):
    """A named account at a bank, of one legal entity. Its account in the ledger is `source`."""

    __tablename__ = "bank_account"
    MOVES: ClassVar[Mapping[str, set[str]]] = {"open": {"closed"}, "closed": {"open"}}

    id: Mapped[UUID] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(32), unique=True)
    name: Mapped[str] = mapped_column(String(80))
    entity: Mapped[str] = mapped_column(String(160))
    purpose: Mapped[str] = mapped_column(String(12))
    number: Mapped[str] = mapped_column(String(48))
    """IBAN or the bank's own number, without spaces."""
    bic: Mapped[str] = mapped_column(String(11))
    bank: Mapped[str] = mapped_column(String(80))
    currency: Mapped[str] = mapped_column(String(8))
    psp: Mapped[str | None] = mapped_column(String(32))
    state: Mapped[str] = mapped_column(String(8), default="open")
    opened_at: Mapped[datetime]
    opened_by: Mapped[UUID | None]

    __table_args__ = (
        UniqueConstraint("number", "currency"),
        CheckConstraint("purpose in ('client', 'house', 'settlement')", name="purpose"),
        CheckConstraint("state in ('open', 'closed')", name="state"),
    )

    @property
    def source(self) -> str:
        kind = "house-bank" if self.purpose == Purpose.HOUSE else "bank"
        return f"{kind}:{self.code}"


class FileState(StrEnum):
    """Reading: a job looks at it. Matching: its lines are in, matches are sought.

    The last four are of files we make for a bank: asked, agreed to by another, taken once, void.
    """

    READING = "reading"
    REFUSED = "refused"
    MATCHING = "matching"
    DONE = "done"
    ASKED = "asked"
    AGREED = "agreed"
    TAKEN = "taken"
    VOID = "void"


class OutsideFile(TenantRow):
    """A statement or settlement file as it was brought; the same bytes are one file for ever."""

    __tablename__ = "outside_file"
    __unaudited__ = frozenset({"report", "content_sealed"})
    MOVES: ClassVar[Mapping[str, set[str]]] = {
        FileState.READING: {FileState.REFUSED, FileState.MATCHING, FileState.DONE},
        FileState.MATCHING: {FileState.DONE},
        FileState.REFUSED: {FileState.READING},
        FileState.DONE: set(),
        FileState.ASKED: {FileState.AGREED, FileState.VOID},
        FileState.AGREED: {FileState.TAKEN, FileState.VOID},
        FileState.TAKEN: {FileState.VOID},
        FileState.VOID: set(),
    }

    id: Mapped[UUID] = mapped_column(primary_key=True)
    hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    kind: Mapped[str] = mapped_column(String(24))
    psp: Mapped[str | None] = mapped_column(String(32))
    state: Mapped[str] = mapped_column(String(12), default=FileState.READING)
    size: Mapped[int] = mapped_column(Integer)
    content_sealed: Mapped[bytes | None]
    lines: Mapped[int] = mapped_column(Integer, default=0)
    done: Mapped[int] = mapped_column(Integer, default=0)
    fresh: Mapped[int] = mapped_column(Integer, default=0)
    known: Mapped[int] = mapped_column(Integer, default=0)
    matched: Mapped[int] = mapped_column(Integer, default=0)
    covers_since: Mapped[datetime | None]
    covers_until: Mapped[datetime | None]
    """The time a provider's file speaks of, where who brought it said so."""
    why: Mapped[str | None] = mapped_column(String(400))
    report: Mapped[list[Any]]
    """[line, sentence, places, whether it stopped the file], the first five hundred."""
    brought_at: Mapped[datetime]
    brought_by: Mapped[UUID | None]
    done_at: Mapped[datetime | None]
    agreed_by: Mapped[UUID | None]
    agreed_at: Mapped[datetime | None]
    fetched_by: Mapped[UUID | None]
    fetched_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint(
            "state in ('reading', 'refused', 'matching', 'done', 'asked', 'agreed', 'taken', 'void')",
            name="state",
        ),
        CheckConstraint("agreed_by is null or agreed_by <> brought_by", name="another"),
        Index("ix_outside_file_brought", "brought_at", "id"),
    )


class OutsideStatement(TenantRow):
    """The time that evidence covers of one source, and the balances it tells."""

    __tablename__ = "outside_statement"
    __append_only__ = True
    __audited__ = False

    id: Mapped[UUID] = mapped_column(primary_key=True)
    file: Mapped[UUID] = mapped_column(ForeignKey("outside_file.id"))
    source: Mapped[str] = mapped_column(String(48))
    currency: Mapped[str] = mapped_column(String(8))
    number: Mapped[str] = mapped_column(String(60))
    kind: Mapped[str] = mapped_column(String(24))
    since: Mapped[datetime]
    until: Mapped[datetime]
    opening: Mapped[Decimal | None]
    closing: Mapped[Decimal | None]
    lines: Mapped[int] = mapped_column(Integer)

    __table_args__ = (
        CheckConstraint("until >= since", name="period"),
        Index("ix_outside_statement_source", "source", "currency", "until"),
        Index("ix_outside_statement_file", "file"),
    )


class OutsideLine(TenantRow):
    """A movement as the bank or the provider booked it, once per source and key."""

    __tablename__ = "outside_line"
    __audited__ = False

    id: Mapped[UUID] = mapped_column(primary_key=True)
    file: Mapped[UUID] = mapped_column(ForeignKey("outside_file.id"))
    source: Mapped[str] = mapped_column(String(48))
    key: Mapped[str] = mapped_column(String(180))
    entry_key: Mapped[str] = mapped_column(String(160))
    line: Mapped[int] = mapped_column(Integer)
    kind: Mapped[str] = mapped_column(String(12))
    amount: Mapped[Decimal]
    fee: Mapped[Decimal] = mapped_column(default=Decimal(0))
    currency: Mapped[str] = mapped_column(String(8))
    matched: Mapped[Decimal] = mapped_column(default=Decimal(0))
    """The part of the amount that stands for something in the books."""
    at: Mapped[datetime]
    valued_on: Mapped[date | None]
    reference: Mapped[str] = mapped_column(String(120))
    provider_id: Mapped[str] = mapped_column(String(120))
    structured: Mapped[str] = mapped_column(String(48))
    ours: Mapped[str | None] = mapped_column(String(16))
    """A reference of ours that its text carries."""
    about_sealed: Mapped[bytes | None]
    """Name, account and text of the other side."""
    open: Mapped[bool] = mapped_column(default=True)

    __table_args__ = (
        CheckConstraint("amount <> 0 or fee <> 0", name="amount"),
        CheckConstraint("amount * matched >= 0 and abs(matched) <= abs(amount)", name="matched"),
        CheckConstraint("open = (amount <> matched)", name="open"),
        Index("uq_outside_line_key", "source", "key", unique=True),
        Index("ix_outside_line_entry", "source", "entry_key"),
        Index("ix_outside_line_file", "file", "line"),
        Index("ix_outside_line_at", "at", "id"),
        Index("ix_outside_line_open", "source", "currency", "at", postgresql_where=text("open")),
        Index("ix_outside_line_provider", "source", "provider_id"),
        Index("ix_outside_line_ours", "ours", postgresql_where=text("ours is not null")),
    )


class LineMatch(TenantRow):
    """That a line and an entry are one movement, for a part or all of it. Undone, never erased."""

    __tablename__ = "line_match"
    __audited__ = False
    MOVES: ClassVar[Mapping[str, set[str]]] = {"live": {"undone"}, "undone": set()}

    id: Mapped[UUID] = mapped_column(primary_key=True)
    line: Mapped[UUID] = mapped_column(ForeignKey("outside_line.id"))
    entry: Mapped[UUID] = mapped_column(ForeignKey("entry.id"))
    source: Mapped[str] = mapped_column(String(48))
    currency: Mapped[str] = mapped_column(String(8))
    amount: Mapped[Decimal]
    how: Mapped[str] = mapped_column(String(24))
    score: Mapped[int] = mapped_column(SmallInteger)
    reasons: Mapped[list[Any]]
    state: Mapped[str] = mapped_column(String(8), default="live")
    made_at: Mapped[datetime]
    made_by: Mapped[UUID | None]
    undone_at: Mapped[datetime | None]
    undone_by: Mapped[UUID | None]

    __table_args__ = (
        CheckConstraint("amount <> 0", name="amount"),
        CheckConstraint("state in ('live', 'undone')", name="state"),
        CheckConstraint("(state = 'undone') = (undone_at is not null)", name="undone"),
        Index(
            "uq_line_match_live",
            "entry",
            "line",
            unique=True,
            postgresql_where=text("state = 'live'"),
        ),
        Index("ix_line_match_line", "line"),
        Index("ix_line_match_made", "made_at", "id"),
    )


class BreakState(StrEnum):
    """Explained: a person knows why, and the difference is still there."""

    OPEN = "open"
    EXPLAINED = "explained"
    RESOLVED = "resolved"


class Break(TenantRow):
    """One thing on which books and evidence disagree. `key` is what it is about; once while open.

    `amount` is what the books have more than the evidence (minus: less).
    """

    __tablename__ = "recon_break"
    MOVES: ClassVar[Mapping[str, set[str]]] = {
        BreakState.OPEN: {BreakState.EXPLAINED, BreakState.RESOLVED},
        BreakState.EXPLAINED: {BreakState.OPEN, BreakState.RESOLVED},
        BreakState.RESOLVED: set(),
    }

    id: Mapped[UUID] = mapped_column(primary_key=True)
    reference: Mapped[str] = mapped_column(String(16), unique=True)
    key: Mapped[str] = mapped_column(String(160))
    side: Mapped[str] = mapped_column(String(12))
    source: Mapped[str] = mapped_column(String(80))
    kind: Mapped[str] = mapped_column(String(24))
    reason: Mapped[str | None] = mapped_column(String(24))
    entity: Mapped[str] = mapped_column(String(160))
    amount: Mapped[Decimal]
    currency: Mapped[str] = mapped_column(String(8))
    line: Mapped[UUID | None] = mapped_column(ForeignKey("outside_line.id"))
    entry: Mapped[UUID | None] = mapped_column(ForeignKey("entry.id"))
    account: Mapped[UUID | None]
    happened_at: Mapped[datetime]
    opened_at: Mapped[datetime]
    owner: Mapped[UUID | None]
    notes: Mapped[list[Any]]
    state: Mapped[str] = mapped_column(String(12), default=BreakState.OPEN)
    outcome: Mapped[str | None] = mapped_column(String(24))
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[UUID | None]

    __table_args__ = (
        CheckConstraint("state in ('open', 'explained', 'resolved')", name="state"),
        CheckConstraint("(state = 'resolved') = (ended_at is not null)", name="ended"),
        CheckConstraint("side in ('psp', 'bank', 'platform')", name="side"),
        Index(
            "uq_recon_break_key", "key", unique=True, postgresql_where=text("state <> 'resolved'")
        ),
        Index("ix_recon_break_state", "state", "opened_at", "id"),
        Index("ix_recon_break_line", "line"),
        Index("ix_recon_break_entry", "entry"),
    )


class Proof(TenantRow):
    """One look at everything: what books and evidence said at that moment, source by source."""

    __tablename__ = "recon_proof"
    __audited__ = False

    id: Mapped[UUID] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    took_ms: Mapped[int] = mapped_column(Integer)
    by: Mapped[UUID | None]
    rows: Mapped[list[Any]]
    breaks: Mapped[int] = mapped_column(Integer)
    stale: Mapped[int] = mapped_column(Integer)
    unexplained: Mapped[int] = mapped_column(Integer)
    """Sources whose difference is not the sum of their breaks; must be none."""

    __table_args__ = (Index("ix_recon_proof_at", "at"),)


class ClientMoneyDay(TenantRow):
    """What clients were owed and what was held for them at the end of a day, as calculated then."""

    __tablename__ = "client_money_day"
    __append_only__ = True

    id: Mapped[UUID] = mapped_column(primary_key=True)
    day: Mapped[date]
    entity: Mapped[str] = mapped_column(String(160))
    currency: Mapped[str] = mapped_column(String(8))
    version: Mapped[int] = mapped_column(Integer)
    until: Mapped[datetime]
    owed: Mapped[Decimal]
    held: Mapped[Decimal]
    lines: Mapped[list[Any]]
    """[group, name, amount, evidence as of or null], what owed and held are the sums of."""
    hash: Mapped[str] = mapped_column(String(64))
    made_at: Mapped[datetime]
    made_by: Mapped[UUID | None]

    __table_args__ = (
        Index("uq_client_money_day", "day", "entity", "currency", "version", unique=True),
    )


class ClientMoneySign(TenantRow):
    """A person's name under a day: one signs, another reviews. `hash` is what they saw."""

    __tablename__ = "client_money_sign"
    __append_only__ = True

    id: Mapped[UUID] = mapped_column(primary_key=True)
    calculation: Mapped[UUID] = mapped_column(ForeignKey("client_money_day.id"))
    role: Mapped[str] = mapped_column(String(8))
    person: Mapped[UUID]
    at: Mapped[datetime]
    hash: Mapped[str] = mapped_column(String(64))
    note: Mapped[str | None] = mapped_column(String(400))

    __table_args__ = (
        CheckConstraint("role in ('signed', 'reviewed')", name="role"),
        Index("uq_client_money_sign_role", "calculation", "role", unique=True),
        Index("uq_client_money_sign_person", "calculation", "person", unique=True),
    )
