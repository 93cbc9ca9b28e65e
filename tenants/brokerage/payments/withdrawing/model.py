"""Destinations, withdrawals, the yeses to them, and the payouts they become."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, ClassVar, Final
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, String, text
from sqlalchemy.orm import Mapped, mapped_column

from stoa.db.rows import TenantRow


class Destination(TenantRow):
    """Where a client is paid: a bank account or a crypto address. New ones wait."""

    __tablename__ = "payout_destination"
    MOVES: ClassVar[Mapping[str, set[str]]] = {"active": {"removed"}, "removed": set()}

    id: Mapped[UUID] = mapped_column(primary_key=True)
    client: Mapped[UUID] = mapped_column(ForeignKey("client.id"))
    method: Mapped[str] = mapped_column(String(12))
    tail: Mapped[str] = mapped_column(String(8))
    country: Mapped[str | None] = mapped_column(String(2))
    details_sealed: Mapped[bytes]
    holder_sealed: Mapped[bytes | None]
    """Whose account it is, as the client typed it."""
    named: Mapped[bool | None]
    """Whether that is the client's own name; None where a place has no name."""
    label: Mapped[str] = mapped_column(String(40), default="")
    blind: Mapped[bytes]
    state: Mapped[str] = mapped_column(String(12), default="active")
    added_at: Mapped[datetime]
    usable_at: Mapped[datetime]
    used_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("state in ('active', 'removed')", name="state"),
        Index(
            "uq_payout_destination_blind",
            "client",
            "blind",
            unique=True,
            postgresql_where=text("state = 'active'"),
        ),
        Index("ix_payout_destination_blind", "blind"),
    )


class WithdrawalState(StrEnum):
    """Held: a check waits for the client or for time. Review: people must agree."""

    HELD = "held"
    REVIEW = "review"
    APPROVED = "approved"
    SENDING = "sending"
    PAID = "paid"
    REJECTED = "rejected"
    CANCELLED = "cancelled"
    RETURNED = "returned"


class Withdrawal(TenantRow):
    """What a client wants to be paid. The money is set aside in the transaction that asks."""

    __tablename__ = "withdrawal"
    MOVES: ClassVar[Mapping[str, set[str]]] = {
        WithdrawalState.HELD: {"held", "review", "approved", "cancelled", "rejected", "returned"},
        WithdrawalState.REVIEW: {"held", "review", "approved", "rejected", "cancelled", "returned"},
        WithdrawalState.APPROVED: {
            "held",
            "review",
            "sending",
            "cancelled",
            "rejected",
            "returned",
        },
        WithdrawalState.SENDING: {"paid", "returned", "held", "cancelled", "rejected"},
        WithdrawalState.PAID: {"returned", "held"},
        WithdrawalState.REJECTED: set(),
        WithdrawalState.CANCELLED: set(),
        WithdrawalState.RETURNED: set(),
    }

    id: Mapped[UUID] = mapped_column(primary_key=True)
    reference: Mapped[str] = mapped_column(String(16), unique=True)
    client: Mapped[UUID] = mapped_column(ForeignKey("client.id"))
    method: Mapped[str] = mapped_column(String(12))
    destination: Mapped[UUID | None] = mapped_column(ForeignKey("payout_destination.id"))
    amount: Mapped[Decimal]
    currency: Mapped[str] = mapped_column(String(8))
    fee: Mapped[Decimal] = mapped_column(default=Decimal(0))
    fee_terms: Mapped[dict[str, Any] | None]
    """The line and version of the schedule the fee was read from."""
    state: Mapped[str] = mapped_column(String(12))
    hold: Mapped[UUID]
    version: Mapped[int] = mapped_column(Integer, default=1)
    """Raised by each change of what is paid, and by news that speaks against it."""
    plan: Mapped[list[Any]]
    """The parts and where each goes, as shown before it was confirmed."""
    loses: Mapped[list[Any]]
    """What of a bonus is lost by it, as shown before it was confirmed."""
    counted: Mapped[dict[str, Any]]
    """What was asked for in 24 hours, 7 and 30 days, in one currency, and the rate it took."""
    checks: Mapped[list[Any]]
    auto: Mapped[list[Any]]
    """The rules of auto-approval, each passed or not."""
    need: Mapped[int] = mapped_column(Integer, default=0)
    payload_hash: Mapped[str] = mapped_column(String(64))
    story: Mapped[list[Any]]
    code: Mapped[str | None] = mapped_column(String(40))
    reason: Mapped[str | None] = mapped_column(String(500))
    asked_by: Mapped[UUID]
    asked_at: Mapped[datetime]
    promised_at: Mapped[datetime]
    look_again_at: Mapped[datetime | None]
    decided_at: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    late_at: Mapped[datetime | None]
    """When the promise was found broken."""

    __table_args__ = (
        CheckConstraint("amount > 0 and fee >= 0 and fee < amount", name="amount"),
        CheckConstraint(
            "state in ('held', 'review', 'approved', 'sending', 'paid', 'rejected', 'cancelled', "
            "'returned')",
            name="state",
        ),
        Index("ix_withdrawal_client", "client", "id"),
        Index("ix_withdrawal_state", "state", "promised_at"),
        Index("ix_withdrawal_asked_at", "asked_at", "id"),
        Index("ix_withdrawal_paid", "method", "ended_at", postgresql_where=text("state = 'paid'")),
        Index("ix_withdrawal_open", "promised_at", postgresql_where=text("ended_at is null")),
        Index(
            "ix_withdrawal_look",
            "look_again_at",
            postgresql_where=text("look_again_at is not null"),
        ),
    )


class WithdrawalApproval(TenantRow):
    """One person's yes to exactly this payload. Who asked for it is never among them."""

    __tablename__ = "withdrawal_approval"
    __append_only__ = True

    id: Mapped[UUID] = mapped_column(primary_key=True)
    withdrawal: Mapped[UUID] = mapped_column(ForeignKey("withdrawal.id"))
    payload_hash: Mapped[str] = mapped_column(String(64))
    approver: Mapped[UUID]
    maker: Mapped[UUID]
    at: Mapped[datetime]
    note: Mapped[str | None] = mapped_column(String(400))

    __table_args__ = (
        CheckConstraint("approver <> maker", name="another"),
        Index(
            "uq_withdrawal_approval_approver",
            "withdrawal",
            "payload_hash",
            "approver",
            unique=True,
        ),
    )


class PayoutState(StrEnum):
    """Sending: asked, not answered; stays so until the provider tells, and is never sent again."""

    WAITING = "waiting"
    SENDING = "sending"
    ACCEPTED = "accepted"
    PAID = "paid"
    REFUSED = "refused"
    RETURNED = "returned"
    CANCELLED = "cancelled"


QUEUED: Final = frozenset(
    {
        "circuit-open",
        "breaker-open",
        "line-full",
        "paused-tenant",
        "paused-operator",
        "no-route",
        "hot-low",
    }
)
"""Codes of a part that waits for its provider: the call was not made."""


class PayoutAttempt(TenantRow):
    """One part of a withdrawal given to one provider; the id is the provider's idempotency key."""

    __tablename__ = "payout_attempt"
    MOVES: ClassVar[Mapping[str, set[str]]] = {
        PayoutState.WAITING: {"sending", "cancelled"},
        PayoutState.SENDING: {"waiting", "accepted", "paid", "refused", "returned"},
        PayoutState.ACCEPTED: {"paid", "refused", "returned"},
        PayoutState.PAID: {"returned"},
        PayoutState.REFUSED: set(),
        PayoutState.RETURNED: set(),
        PayoutState.CANCELLED: set(),
    }

    id: Mapped[UUID] = mapped_column(primary_key=True)
    withdrawal: Mapped[UUID] = mapped_column(ForeignKey("withdrawal.id"))
    part: Mapped[int] = mapped_column(Integer)
    number: Mapped[int] = mapped_column(Integer, default=1)
    psp: Mapped[str] = mapped_column(String(32))
    way: Mapped[str] = mapped_column(String(12))
    method: Mapped[str] = mapped_column(String(12))
    source: Mapped[UUID | None] = mapped_column(ForeignKey("deposit.captured"))
    """The deposit whose way back it takes: one whose money came (T61), by the key itself."""
    amount: Mapped[Decimal]
    fee: Mapped[Decimal] = mapped_column(default=Decimal(0))
    currency: Mapped[str] = mapped_column(String(8))
    state: Mapped[str] = mapped_column(String(12), default=PayoutState.WAITING)
    reference: Mapped[str | None] = mapped_column(String(160))
    code: Mapped[str | None] = mapped_column(String(80))
    technical: Mapped[bool | None]
    made_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    tries: Mapped[int] = mapped_column(Integer, default=0)
    next_ask_at: Mapped[datetime | None]
    decision: Mapped[dict[str, Any] | None]
    file: Mapped[UUID | None]
    """The one file of transfers it was ordered with, where its bank is paid by files."""

    @property
    def queued(self) -> bool:
        """Whether it waits for its provider, and not for us: no call was made."""
        return self.state == PayoutState.WAITING and self.code in QUEUED

    __table_args__ = (
        CheckConstraint("amount > 0 and fee >= 0", name="amount"),
        CheckConstraint(
            "state in ('waiting', 'sending', 'accepted', 'paid', 'refused', 'returned', "
            "'cancelled')",
            name="state",
        ),
        CheckConstraint("way in ('refund', 'payout')", name="way"),
        Index("uq_payout_attempt_part", "withdrawal", "part", "number", unique=True),
        Index(
            "uq_payout_attempt_live",
            "withdrawal",
            "part",
            unique=True,
            postgresql_where=text("state not in ('refused', 'cancelled')"),
        ),
        Index("ix_payout_attempt_reference", "psp", "reference"),
        Index("ix_payout_attempt_source", "source"),
        Index("ix_payout_attempt_file", "file", postgresql_where=text("file is not null")),
        Index(
            "ix_payout_attempt_ask",
            "next_ask_at",
            postgresql_where=text("next_ask_at is not null"),
        ),
    )
