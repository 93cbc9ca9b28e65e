"""Deposits, their attempts, callbacks, unresolved money, destinations, withdrawals, payouts."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from stoa.db.rows import TenantRow


class DepositState(StrEnum):
    """Starting: a provider is asked. Waiting: the client pays. Review: money came, not as asked."""

    STARTING = "starting"
    WAITING = "waiting"
    FAILED = "failed"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    REVIEW = "review"
    CREDITED = "credited"
    RETURNED = "returned"


_NOT_PAID = {
    DepositState.FAILED,
    DepositState.EXPIRED,
    DepositState.CANCELLED,
}
_CAME = {DepositState.REVIEW, DepositState.CREDITED}


class Deposit(TenantRow):
    """What a client wants to pay in. A late payment still arrives: only money itself is final."""

    __tablename__ = "deposit"
    MOVES: ClassVar[Mapping[str, set[str]]] = {
        DepositState.STARTING: {DepositState.WAITING, *_NOT_PAID, *_CAME},
        DepositState.WAITING: {DepositState.STARTING, *_NOT_PAID, *_CAME},
        DepositState.FAILED: {*_CAME},
        DepositState.EXPIRED: {*_CAME},
        DepositState.CANCELLED: {*_CAME},
        DepositState.REVIEW: {DepositState.CREDITED, DepositState.RETURNED},
        DepositState.CREDITED: {DepositState.RETURNED},
        DepositState.RETURNED: set(),
    }

    id: Mapped[UUID] = mapped_column(primary_key=True)
    reference: Mapped[str] = mapped_column(String(16), unique=True)
    client: Mapped[UUID] = mapped_column(ForeignKey("client.id"))
    method: Mapped[str] = mapped_column(String(12))
    amount: Mapped[Decimal]
    currency: Mapped[str] = mapped_column(String(8))
    fee: Mapped[Decimal] = mapped_column(default=Decimal(0))
    state: Mapped[str] = mapped_column(String(12), default=DepositState.STARTING)
    psp: Mapped[str | None] = mapped_column(String(32))
    code: Mapped[str | None] = mapped_column(String(80))
    first: Mapped[bool | None]
    entry: Mapped[UUID | None] = mapped_column(unique=True)
    started_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    instrument: Mapped[dict[str, Any] | None]
    """Brand, last four and network: what may be shown."""
    token_sealed: Mapped[bytes | None]

    __table_args__ = (
        CheckConstraint("amount > 0 and fee >= 0 and fee < amount", name="amount"),
        CheckConstraint(
            "state in ('starting', 'waiting', 'failed', 'expired', 'cancelled', 'review', "
            "'credited', 'returned')",
            name="state",
        ),
        CheckConstraint("state <> 'credited' or entry is not null", name="credited"),
        Index("ix_deposit_client", "client", "id"),
        Index("ix_deposit_state", "state", "id"),
        Index("ix_deposit_started_at", "started_at", "id"),
        Index("ix_deposit_psp", "psp", "started_at"),
    )


class AttemptState(StrEnum):
    """Asking: the provider's answer is awaited. Open: its page is shown. The rest has ended."""

    ASKING = "asking"
    OPEN = "open"
    DECLINED = "declined"
    UNAVAILABLE = "unavailable"
    EXPIRED = "expired"
    LEFT = "left"
    REVIEW = "review"
    PAID = "paid"


class PaymentAttempt(TenantRow):
    """One provider asked to take one deposit; the id is what the provider knows us by."""

    __tablename__ = "payment_attempt"
    MOVES: ClassVar[Mapping[str, set[str]]] = {
        AttemptState.ASKING: {"open", "declined", "unavailable", "expired", "paid", "review"},
        AttemptState.OPEN: {"declined", "unavailable", "expired", "left", "paid", "review"},
        AttemptState.DECLINED: {"paid", "review"},
        AttemptState.UNAVAILABLE: {"paid", "review"},
        AttemptState.EXPIRED: {"paid", "review"},
        AttemptState.LEFT: {"paid", "review", "expired"},
        AttemptState.REVIEW: {"paid"},
        AttemptState.PAID: set(),
    }

    id: Mapped[UUID] = mapped_column(primary_key=True)
    deposit: Mapped[UUID] = mapped_column(ForeignKey("deposit.id"))
    number: Mapped[int] = mapped_column(Integer)
    psp: Mapped[str] = mapped_column(String(32))
    state: Mapped[str] = mapped_column(String(12), default=AttemptState.ASKING)
    decision: Mapped[dict[str, Any]]
    """Which rule chose this provider, who else was looked at and why not, and their health then."""
    reference: Mapped[str | None] = mapped_column(String(160))
    payment: Mapped[str | None] = mapped_column(String(160))
    page: Mapped[str | None] = mapped_column(Text)
    lines: Mapped[list[Any] | None]
    code: Mapped[str | None] = mapped_column(String(80))
    technical: Mapped[bool | None]
    asked_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]
    took_ms: Mapped[int | None] = mapped_column(Integer)
    ended_at: Mapped[datetime | None]
    polls: Mapped[int] = mapped_column(Integer, default=0)
    next_poll_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint(
            "state in ('asking', 'open', 'declined', 'unavailable', 'expired', 'left', 'review', "
            "'paid')",
            name="state",
        ),
        Index("uq_payment_attempt_deposit", "deposit", "number", unique=True),
        Index(
            "uq_payment_attempt_paid",
            "deposit",
            unique=True,
            postgresql_where=text("state = 'paid'"),
        ),
        Index(
            "uq_payment_attempt_reference",
            "psp",
            "reference",
            unique=True,
            postgresql_where=text("reference is not null"),
        ),
        Index("ix_payment_attempt_payment", "psp", "payment"),
        Index(
            "ix_payment_attempt_poll",
            "next_poll_at",
            postgresql_where=text("next_poll_at is not null"),
        ),
        Index("ix_payment_attempt_asked_at", "asked_at"),
    )


class ProviderEvent(TenantRow):
    """A callback as it came. (provider, its event id) is unique for ever: a copy stops here."""

    __tablename__ = "provider_event"
    __audited__ = False
    MOVES: ClassVar[Mapping[str, set[str]]] = {
        "taken": {"done", "parked", "unmatched", "ignored"},
        "parked": {"done", "unmatched"},
        "unmatched": {"done"},
        "done": set(),
        "ignored": set(),
    }

    id: Mapped[UUID] = mapped_column(primary_key=True)
    psp: Mapped[str] = mapped_column(String(32))
    event: Mapped[str] = mapped_column(String(160))
    kind: Mapped[str] = mapped_column(String(12))
    raw_kind: Mapped[str] = mapped_column(String(80))
    reference: Mapped[str] = mapped_column(String(160))
    payment: Mapped[str] = mapped_column(String(160))
    our_id: Mapped[str] = mapped_column(String(64))
    told: Mapped[str | None] = mapped_column(String(16))
    amount: Mapped[Decimal | None]
    currency: Mapped[str | None] = mapped_column(String(8))
    code: Mapped[str] = mapped_column(String(80))
    technical: Mapped[bool | None]
    stage: Mapped[str | None] = mapped_column(String(12))
    raw_sealed: Mapped[bytes]
    state: Mapped[str] = mapped_column(String(12), default="taken")
    because: Mapped[str | None] = mapped_column(String(200))
    received_at: Mapped[datetime]
    done_at: Mapped[datetime | None]
    deposit: Mapped[UUID | None]
    payout: Mapped[UUID | None]

    __table_args__ = (
        CheckConstraint(
            "state in ('taken', 'parked', 'unmatched', 'done', 'ignored')", name="state"
        ),
        Index("uq_provider_event_event", "psp", "event", unique=True),
        Index("ix_provider_event_deposit", "deposit", "id"),
        Index("ix_provider_event_payout", "payout", "id"),
        Index("ix_provider_event_parked", "id", postgresql_where=text("state = 'parked'")),
    )


class Unresolved(TenantRow):
    """Money or news that fits nothing we asked for; waits for a person, with an action proposed.

    Its money lies in suspense (`entry`) until it is credited or given back, once.
    """

    __tablename__ = "unresolved_payment"
    MOVES: ClassVar[Mapping[str, set[str]]] = {"open": {"resolved"}, "resolved": set()}

    id: Mapped[UUID] = mapped_column(primary_key=True)
    psp: Mapped[str] = mapped_column(String(32))
    problem: Mapped[str] = mapped_column(String(24))
    deposit: Mapped[UUID | None] = mapped_column(ForeignKey("deposit.id"))
    attempt: Mapped[UUID | None]
    event: Mapped[UUID | None] = mapped_column(ForeignKey("provider_event.id"))
    reference: Mapped[str] = mapped_column(String(160))
    amount: Mapped[Decimal | None]
    currency: Mapped[str | None] = mapped_column(String(8))
    proposed: Mapped[str] = mapped_column(String(16))
    entry: Mapped[UUID | None]
    state: Mapped[str] = mapped_column(String(12), default="open")
    opened_at: Mapped[datetime]
    outcome: Mapped[str | None] = mapped_column(String(16))
    note: Mapped[str | None] = mapped_column(String(400))
    resolved_at: Mapped[datetime | None]
    resolved_by: Mapped[UUID | None]

    __table_args__ = (
        CheckConstraint("state in ('open', 'resolved')", name="state"),
        CheckConstraint("(state = 'resolved') = (resolved_at is not null)", name="resolved"),
        Index("ix_unresolved_payment_state", "state", "id"),
        Index("ix_unresolved_payment_deposit", "deposit"),
        Index(
            "uq_unresolved_payment_one",
            "psp",
            "reference",
            "problem",
            unique=True,
            postgresql_where=text("state = 'open'"),
        ),
    )


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
        WithdrawalState.HELD: {"held", "review", "approved", "cancelled", "rejected"},
        WithdrawalState.REVIEW: {"held", "approved", "rejected", "cancelled"},
        WithdrawalState.APPROVED: {"held", "review", "sending", "cancelled", "rejected"},
        WithdrawalState.SENDING: {"paid", "returned"},
        WithdrawalState.PAID: {"returned"},
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
    state: Mapped[str] = mapped_column(String(12))
    hold: Mapped[UUID]
    plan: Mapped[list[Any]]
    """The parts and where each goes, as shown before it was confirmed."""
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
    ended_at: Mapped[datetime | None]

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


class PayoutAttempt(TenantRow):
    """One part of a withdrawal given to one provider; the id is the provider's idempotency key."""

    __tablename__ = "payout_attempt"
    MOVES: ClassVar[Mapping[str, set[str]]] = {
        PayoutState.WAITING: {"sending", "cancelled"},
        PayoutState.SENDING: {"accepted", "paid", "refused", "returned"},
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
    source: Mapped[UUID | None] = mapped_column(ForeignKey("deposit.id"))
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
        Index(
            "ix_payout_attempt_ask",
            "next_ask_at",
            postgresql_where=text("next_ask_at is not null"),
        ),
    )
