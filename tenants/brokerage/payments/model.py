"""Deposits, their attempts, callbacks, unresolved money; withdrawals and disputes lie beside them."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, ClassVar, Final
from uuid import UUID

from sqlalchemy import CheckConstraint, Computed, ForeignKey, Index, Integer, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from brokerage.payments.disputes.model import Dispute
from brokerage.payments.receiving.model import AddressState, DepositAddress
from brokerage.payments.withdrawing.model import (
    Destination,
    PayoutAttempt,
    PayoutState,
    Withdrawal,
    WithdrawalApproval,
    WithdrawalState,
)
from stoa.db.rows import TenantRow

__all__ = [
    "AddressState",
    "AttemptState",
    "Deposit",
    "DepositAddress",
    "DepositState",
    "Destination",
    "Dispute",
    "PaymentAttempt",
    "PayoutAttempt",
    "PayoutState",
    "ProviderEvent",
    "Unresolved",
    "Withdrawal",
    "WithdrawalApproval",
    "WithdrawalState",
]


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
    """What a client wants to pay in, and once it is credited, what came.

    A late payment still arrives: only money itself is final.
    """

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
    captured: Mapped[UUID | None] = mapped_column(
        Computed("case when entry is not null then id end", persisted=True), unique=True
    )
    """Its own id once its money is in the books: what goes back along a deposit refers to this."""
    started_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    instrument: Mapped[dict[str, Any] | None]
    """Brand, last four and network: what may be shown."""
    token_sealed: Mapped[bytes | None]
    fee_terms: Mapped[dict[str, Any] | None]
    """The line and version of the schedule the fee was read from."""
    slip: Mapped[UUID | None] = mapped_column(ForeignKey("stored_file.id"))
    """The client's proof of a wire; it helps to find the money and proves nothing."""
    slip_at: Mapped[datetime | None]
    decision: Mapped[dict[str, Any] | None]
    """How it came about that nobody could take it, where nobody could."""

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


CAME: Final = (AttemptState.PAID, AttemptState.REVIEW)
ANSWERED: Final = (*CAME, AttemptState.DECLINED, AttemptState.UNAVAILABLE)
"""What an approval rate is of: who only left or never paid was declined by nobody."""


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
    cost: Mapped[Decimal | None]
    """What the provider keeps of it by the schedule of that day, in the deposit's currency."""
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
    dispute: Mapped[dict[str, Any] | None]
    """What a dispute's notice tells beside: its time, until when to answer, what was taken."""
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
        Index(
            "ix_provider_event_waiting",
            "psp",
            "reference",
            postgresql_where=text("state in ('taken', 'parked')"),
        ),
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
    asked: Mapped[str | None] = mapped_column(String(16))
    """What one person decided; another has to say the same before money moves."""
    asked_by: Mapped[UUID | None]
    asked_at: Mapped[datetime | None]
    asked_note: Mapped[str | None] = mapped_column(String(400))
    wait_until: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("state in ('open', 'resolved')", name="state"),
        CheckConstraint(
            "asked_by is null or resolved_by is null or asked_by <> resolved_by", name="another"
        ),
        CheckConstraint("(state = 'resolved') = (resolved_at is not null)", name="resolved"),
        Index("ix_unresolved_payment_state", "state", "id"),
        Index("ix_unresolved_payment_deposit", "deposit"),
        Index("ix_unresolved_payment_opened_at", "opened_at", "id"),
        Index(
            "uq_unresolved_payment_one",
            "psp",
            "reference",
            "problem",
            unique=True,
            postgresql_where=text("state = 'open'"),
        ),
    )
