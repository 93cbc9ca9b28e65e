"""A wanted change of a trading account, and a change of many of them at once."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, String, text
from sqlalchemy.orm import Mapped, mapped_column

from stoa.db.rows import TenantRow


class Wish(StrEnum):
    """What is wanted of an account."""

    LEVERAGE = "leverage"
    PRODUCT = "product"
    GROUP = "group"
    PASSWORD = "password"  # noqa: S105 - the name of a wish
    SWAP_FREE = "swap-free"
    SWAPS = "swaps"
    ACCESS = "access"
    ARCHIVE = "archive"
    RESTORE = "restore"
    DORMANT = "dormant"
    MIGRATE = "migrate"


class RequestState(StrEnum):
    """Planned: part of a batch that does not run yet. Asked: a person decides. Approved: it is sent
    in its turn. Sending: claimed, open until the server says what holds now.
    """

    PLANNED = "planned"
    ASKED = "asked"
    APPROVED = "approved"
    SENDING = "sending"
    DONE = "done"
    REFUSED = "refused"
    CANCELLED = "cancelled"


UNDER_WAY = (RequestState.APPROVED, RequestState.SENDING)
OPEN = (RequestState.ASKED, *UNDER_WAY)


class AccountRequest(TenantRow):
    """One wanted change of one account, whoever wants it: its owner, staff, a rule, a batch.

    `wants` is what is to hold, `was` what held when it was sent, `effect` what it does to the margin,
    as computed. `answer` is a message id with what fills it. `ready_at` is its place in the order
    that the account's changes and transfers are sent in. `once` names what may happen but once.
    """

    __tablename__ = "account_request"
    __unaudited__: ClassVar[frozenset[str]] = frozenset({"secret_sealed"})
    MOVES: ClassVar[Mapping[str, set[str]]] = {
        RequestState.PLANNED: {
            RequestState.ASKED,
            RequestState.APPROVED,
            RequestState.REFUSED,
            RequestState.CANCELLED,
        },
        RequestState.ASKED: {
            RequestState.APPROVED,
            RequestState.REFUSED,
            RequestState.CANCELLED,
        },
        RequestState.APPROVED: {
            RequestState.SENDING,
            RequestState.REFUSED,
            RequestState.CANCELLED,
        },
        RequestState.SENDING: {
            RequestState.DONE,
            RequestState.REFUSED,
            RequestState.APPROVED,
            RequestState.ASKED,
        },
    }

    id: Mapped[UUID] = mapped_column(primary_key=True)
    client: Mapped[UUID] = mapped_column(ForeignKey("client.id"))
    account: Mapped[UUID] = mapped_column(ForeignKey("trading_account.id"))
    kind: Mapped[str] = mapped_column(String(12))
    state: Mapped[str] = mapped_column(String(12))
    wants: Mapped[dict[str, Any]]
    was: Mapped[dict[str, Any] | None]
    effect: Mapped[dict[str, Any] | None]
    answer: Mapped[dict[str, Any] | None]
    note: Mapped[str | None] = mapped_column(String(400))
    """What whoever asked says about it."""
    rule: Mapped[str | None] = mapped_column(String(80))
    """The rule that decided, where no person did."""
    secret_sealed: Mapped[bytes | None]
    batch: Mapped[UUID | None] = mapped_column(ForeignKey("account_batch.id"))
    once: Mapped[str | None] = mapped_column(String(80))
    asked_by: Mapped[UUID | None]
    asked_kind: Mapped[str] = mapped_column(String(8))
    asked_at: Mapped[datetime]
    decided_by: Mapped[UUID | None]
    decided_at: Mapped[datetime | None]
    ready_at: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]
    done_at: Mapped[datetime | None]
    tries: Mapped[int] = mapped_column(Integer, default=0)
    next_ask_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint(
            "ready_at is not null or state not in ('approved', 'sending')", name="ready"
        ),
        CheckConstraint("asked_kind in ('client', 'staff', 'rule')", name="asked_kind"),
        Index("ix_account_request_account", "account", "id"),
        Index("ix_account_request_client", "client", "id"),
        Index("ix_account_request_asked_at", "asked_at", "id"),
        Index(
            "ix_account_request_turn",
            "account",
            "ready_at",
            postgresql_where=text("state in ('approved', 'sending')"),
        ),
        Index(
            "ix_account_request_waiting",
            "asked_at",
            "id",
            postgresql_where=text("state = 'asked'"),
        ),
        Index(
            "uq_account_request_open",
            "account",
            "kind",
            unique=True,
            postgresql_where=text("state in ('asked', 'approved', 'sending')"),
        ),
        Index(
            "uq_account_request_once",
            "account",
            "once",
            unique=True,
            postgresql_where=text("once is not null"),
        ),
        Index(
            "ix_account_request_batch",
            "batch",
            "state",
            postgresql_where=text("batch is not null"),
        ),
    )


class BatchState(StrEnum):
    """Planned: looked at, nothing runs. Running, until each of its requests has an end."""

    PLANNED = "planned"
    ASKED = "asked"
    RUNNING = "running"
    PAUSED = "paused"
    DONE = "done"
    CANCELLED = "cancelled"


class AccountBatch(TenantRow):
    """One change of many accounts: its requests are its plan, its progress and its report.

    `params` says what is wanted of which accounts; `report` what was counted when it was planned.
    `undoes` is the batch whose accounts this one puts back to what they were.
    """

    __tablename__ = "account_batch"
    MOVES: ClassVar[Mapping[str, set[str]]] = {
        BatchState.PLANNED: {BatchState.ASKED, BatchState.RUNNING, BatchState.CANCELLED},
        BatchState.ASKED: {BatchState.RUNNING, BatchState.CANCELLED},
        BatchState.RUNNING: {BatchState.PAUSED, BatchState.DONE},
        BatchState.PAUSED: {BatchState.RUNNING, BatchState.CANCELLED},
    }

    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(12))
    state: Mapped[str] = mapped_column(String(12))
    params: Mapped[dict[str, Any]]
    report: Mapped[dict[str, Any]]
    why: Mapped[str] = mapped_column(String(400))
    undoes: Mapped[UUID | None] = mapped_column(ForeignKey("account_batch.id"))
    asked_by: Mapped[UUID | None]
    asked_at: Mapped[datetime]
    decided_by: Mapped[UUID | None]
    decided_at: Mapped[datetime | None]
    done_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("kind in ('leverage', 'migrate')", name="kind"),
        CheckConstraint("decided_by is null or decided_by <> asked_by", name="another"),
        Index("ix_account_batch_asked_at", "asked_at", "id"),
        Index("uq_account_batch_undoes", "undoes", unique=True),
    )
