"""An objection of a partner: their figures beside ours, why each differs, and what was decided."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from stoa.db.rows import TenantRow


class ObjectionState(StrEnum):
    """Open: we answer by `due_at`. Answered: told what was decided; agreed, in part or refused."""

    OPEN = "open"
    AGREED = "agreed"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


class Objection(TenantRow):
    """To one reward, or to a month by the partner's own sheet.

    `lines` are the trades where both sides are lined up, as they were when it was raised; `counted`
    sums them by cause. What is agreed becomes lines of rewards that name this row.
    """

    __tablename__ = "partner_objection"
    MOVES: ClassVar[Mapping[str, set[str]]] = {
        ObjectionState.OPEN: {
            ObjectionState.AGREED,
            ObjectionState.REFUSED,
            ObjectionState.WITHDRAWN,
        },
        ObjectionState.AGREED: set(),
        ObjectionState.REFUSED: set(),
        ObjectionState.WITHDRAWN: set(),
    }

    id: Mapped[UUID] = mapped_column(primary_key=True)
    reference: Mapped[str] = mapped_column(String(16), unique=True)
    partner: Mapped[UUID] = mapped_column(ForeignKey("partner.id"))
    reward: Mapped[UUID | None]
    month: Mapped[str | None] = mapped_column(String(7))
    state: Mapped[str] = mapped_column(String(12), default=ObjectionState.OPEN)
    currency: Mapped[str] = mapped_column(String(8))
    claimed: Mapped[Decimal]
    ours: Mapped[Decimal]
    lines: Mapped[list[Any]]
    counted: Mapped[list[Any]]
    sheet: Mapped[UUID | None] = mapped_column(ForeignKey("stored_file.id"))
    story: Mapped[list[Any]]
    """What was said and done, by whom and when; the partner reads all of it but names of staff."""
    opened_at: Mapped[datetime]
    due_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[UUID | None]
    adjusted: Mapped[Decimal | None]

    __table_args__ = (
        CheckConstraint("state in ('open', 'agreed', 'refused', 'withdrawn')", name="state"),
        CheckConstraint("(reward is null) <> (month is null)", name="about"),
        CheckConstraint("(state = 'open') = (decided_at is null)", name="decided"),
        Index("ix_partner_objection_partner", "partner", "id"),
        Index("ix_partner_objection_opened_at", "opened_at", "id"),
        Index("ix_partner_objection_due_at", "due_at", postgresql_where=text("state = 'open'")),
        Index(
            "uq_partner_objection_reward",
            "reward",
            unique=True,
            postgresql_where=text("reward is not null and state = 'open'"),
        ),
    )
