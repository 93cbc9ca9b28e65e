"""A dispute about a deposit: what was told of it, what it asks for, and what was done about it."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, String, text
from sqlalchemy.orm import Mapped, mapped_column

from stoa.db.rows import TenantRow


class Standing(StrEnum):
    """What the books hold for a dispute.

    NONE: nothing. FROZEN: what was there is held, nothing is owed yet. SECURED: held, and owed what
    was not there. LOST: what was held is gone, what is owed stays owed.
    """

    NONE = "none"
    FROZEN = "frozen"
    SECURED = "secured"
    LOST = "lost"


class Dispute(TenantRow):
    """One case of one provider about one deposit.

    `stage` follows from `notices` alone; `standing` is what the books hold for it. `secured` is
    what it asks for in the deposit's currency, `debited` what the provider has taken and not given
    back. `turn` counts how often money was secured: it names the postings of each time.
    """

    __tablename__ = "dispute"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    reference: Mapped[str] = mapped_column(String(16), unique=True)
    deposit: Mapped[UUID] = mapped_column(ForeignKey("deposit.id"))
    client: Mapped[UUID] = mapped_column(ForeignKey("client.id"))
    psp: Mapped[str] = mapped_column(String(32))
    case_number: Mapped[str] = mapped_column(String(160))
    numbered: Mapped[bool]
    """Whether the case number is the provider's own, not made of its payment's."""
    stage: Mapped[str] = mapped_column(String(12))
    reason: Mapped[str] = mapped_column(String(80), default="")
    amount: Mapped[Decimal]
    currency: Mapped[str] = mapped_column(String(8))
    """As the provider told them; the deposit's where it told none."""
    secured: Mapped[Decimal]
    paid_in: Mapped[str] = mapped_column(String(8))
    """The deposit's currency, in which `secured`, `debited` and `written_off` are."""
    standing: Mapped[str] = mapped_column(String(8), default=Standing.NONE)
    turn: Mapped[int] = mapped_column(Integer, default=0)
    debited: Mapped[Decimal] = mapped_column(default=Decimal(0))
    fee: Mapped[Decimal | None]
    written_off: Mapped[Decimal] = mapped_column(default=Decimal(0))
    notices: Mapped[list[Any]]
    story: Mapped[list[Any]]
    opened_at: Mapped[datetime]
    opened_by: Mapped[UUID | None]
    due_at: Mapped[datetime | None]
    answered_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    owner: Mapped[UUID | None]
    asked: Mapped[str | None] = mapped_column(String(12))
    """What one person asked for that takes two: `lost` by hand, or `write-off`."""
    asked_by: Mapped[UUID | None]
    asked_at: Mapped[datetime | None]
    asked_note: Mapped[str | None] = mapped_column(String(400))
    decided_by: Mapped[UUID | None]
    decided_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint(
            "stage in ('inquiry', 'chargeback', 'pre-arb', 'reversed', 'won', 'lost')",
            name="stage",
        ),
        CheckConstraint("standing in ('none', 'frozen', 'secured', 'lost')", name="standing"),
        CheckConstraint(
            "amount >= 0 and secured >= 0 and debited >= 0 and written_off >= 0", name="amounts"
        ),
        CheckConstraint("asked in ('lost', 'write-off')", name="asked"),
        CheckConstraint("(asked is null) = (asked_by is null)", name="asked_by"),
        CheckConstraint(
            "asked_by is null or decided_by is null or asked_by <> decided_by", name="another"
        ),
        Index("uq_dispute_case", "psp", "case_number", unique=True),
        Index("ix_dispute_deposit", "deposit"),
        Index("ix_dispute_client", "client", "id"),
        Index("ix_dispute_stage", "stage", "id"),
        Index("ix_dispute_opened_at", "opened_at", "id"),
        Index("ix_dispute_psp", "psp", "opened_at"),
        Index(
            "ix_dispute_asked_at",
            "asked_at",
            postgresql_where=text("asked is not null and decided_at is null"),
        ),
        Index("ix_dispute_due_at", "due_at", postgresql_where=text("due_at is not null")),
    )
