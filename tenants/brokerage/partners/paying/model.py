"""A partner's payout: what it holds, what it is paid as, who agreed, what spoke against it."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Integer, String, text
from sqlalchemy.orm import Mapped, mapped_column

from stoa.db.rows import TenantRow


class PayoutState(StrEnum):
    """Waiting: people must agree. Due: agreed, paid on its day. Carried: a period closed over a sum
    below the minimum, or below nothing, which the next one takes up.
    """

    WAITING = "waiting"
    DUE = "due"
    PAID = "paid"
    REFUSED = "refused"
    CARRIED = "carried"


class PartnerPayout(TenantRow):
    """Rewards of a partner up to an instant, rounded once and paid to the wallet.

    `earned + carried_in = amount + carried`, all in the rewards' currency. Where the partner is paid
    in another, `pay_amount` is what reaches the wallet at `rate`, both as they were when it was made.
    """

    __tablename__ = "partner_payout"
    MOVES: ClassVar[Mapping[str, set[str]]] = {
        PayoutState.WAITING: {PayoutState.DUE, PayoutState.PAID, PayoutState.REFUSED},
        PayoutState.DUE: {PayoutState.PAID, PayoutState.REFUSED},
        PayoutState.REFUSED: set(),
        PayoutState.PAID: set(),
        PayoutState.CARRIED: set(),
    }

    id: Mapped[UUID] = mapped_column(primary_key=True)
    partner: Mapped[UUID] = mapped_column(ForeignKey("partner.id"))
    accrued_to: Mapped[datetime]
    rewards: Mapped[int] = mapped_column(BigInteger)
    earned: Mapped[Decimal]
    carried_in: Mapped[Decimal]
    amount: Mapped[Decimal]
    carried: Mapped[Decimal]
    currency: Mapped[str] = mapped_column(String(8))
    state: Mapped[str] = mapped_column(String(12), default=PayoutState.WAITING)
    made_at: Mapped[datetime]
    made_by: Mapped[UUID | None]
    decided_by: Mapped[UUID | None]
    paid_at: Mapped[datetime | None]
    entry: Mapped[UUID | None]
    why: Mapped[str | None] = mapped_column(String(400))
    period: Mapped[str | None] = mapped_column(String(12))
    """The closed period, such as 2026-10, 2026-W43 or 2026-10-05; none where made by hand."""
    due_at: Mapped[datetime | None]
    needs: Mapped[int] = mapped_column(Integer, default=0, server_default=text("0"))
    """How many people must agree, whoever made it not among them."""
    yeses: Mapped[list[Any]] = mapped_column(default=list, server_default=text("'[]'::jsonb"))
    signs: Mapped[list[Any]] = mapped_column(default=list, server_default=text("'[]'::jsonb"))
    """What spoke against it when it was made, with the evidence."""
    pay_currency: Mapped[str | None] = mapped_column(String(8))
    pay_amount: Mapped[Decimal | None]
    rate: Mapped[Decimal | None]
    rate_at: Mapped[datetime | None]

    __table_args__ = (
        Index("uq_partner_payout_to", "partner", "accrued_to", unique=True),
        Index("ix_partner_payout_made", "made_at", "id"),
        Index("ix_partner_payout_period", "period", "partner"),
        Index("ix_partner_payout_due", "due_at", "id", postgresql_where=text("state = 'due'")),
        Index("ix_partner_payout_state", "state", "made_at"),
        CheckConstraint("amount >= 0", name="amount"),
        CheckConstraint(
            "(pay_currency is null) = (pay_amount is null) and (rate is null) = (pay_amount is null)",
            name="pay",
        ),
        CheckConstraint("state in ('waiting', 'due', 'paid', 'refused', 'carried')", name="state"),
    )
