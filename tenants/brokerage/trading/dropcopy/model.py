"""A drop copy's numbers and the messages behind them."""

from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Identity,
    Index,
    Integer,
    SmallInteger,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from stoa.db.rows import TenantRow

INCIDENTS_MOST: Final = 30


class FixSession(TenantRow):
    """One session per configured drop copy. Whoever holds it, `held_by`, alone may log on.

    `waiting` names, by the other side's account, since which message its executions wait and why.
    """

    __tablename__ = "fix_session"
    __audited__ = False

    server: Mapped[str] = mapped_column(String(40), primary_key=True)
    state: Mapped[str] = mapped_column(String(8), default="closed")
    epoch: Mapped[int] = mapped_column(Integer, default=0)
    next_in: Mapped[int] = mapped_column(BigInteger, default=1)
    next_out: Mapped[int] = mapped_column(BigInteger, default=1)
    day: Mapped[date | None]
    """The day of the session these numbers belong to."""
    anew: Mapped[bool] = mapped_column(default=False)
    """A person asked that the next logon begins all numbers at one."""
    held_by: Mapped[UUID | None]
    held_until: Mapped[datetime | None]
    logged_on_at: Mapped[datetime | None]
    heard_at: Mapped[datetime | None]
    gap_from: Mapped[int | None] = mapped_column(BigInteger)
    gap_to: Mapped[int | None] = mapped_column(BigInteger)
    garbled: Mapped[int] = mapped_column(BigInteger, default=0)
    repeated: Mapped[int] = mapped_column(BigInteger, default=0)
    """Reports of executions that were known already."""
    tries: Mapped[int] = mapped_column(Integer, default=0)
    next_try_at: Mapped[datetime | None]
    error: Mapped[str | None] = mapped_column(Text)
    incidents: Mapped[list[Any]] = mapped_column(default=list)
    waiting: Mapped[dict[str, Any]] = mapped_column(default=dict)

    __table_args__ = (
        CheckConstraint("state in ('closed', 'down', 'logon', 'open')", name="state"),
        CheckConstraint("next_in > 0 and next_out > 0", name="numbers"),
    )


class FixMessage(TenantRow):
    """A message as it was on the wire, each number once. An execution has its name and account."""

    __tablename__ = "fix_message"
    __append_only__ = True
    __audited__ = False

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    server: Mapped[str] = mapped_column(String(40))
    epoch: Mapped[int] = mapped_column(Integer)
    outward: Mapped[bool]
    seq: Mapped[int] = mapped_column(BigInteger)
    part: Mapped[int] = mapped_column(SmallInteger, default=0)
    """Which side of a report of two; 0 for all else."""
    kind: Mapped[str] = mapped_column(String(8))
    raw: Mapped[bytes]
    at: Mapped[datetime]
    exec_id: Mapped[str | None] = mapped_column(String(110))
    exec_day: Mapped[date | None]
    account: Mapped[str | None] = mapped_column(String(64))
    what: Mapped[str | None] = mapped_column(String(8))

    __table_args__ = (
        UniqueConstraint("server", "epoch", "outward", "seq", "part"),
        Index(
            "uq_fix_message_exec",
            "server",
            "exec_id",
            "exec_day",
            unique=True,
            postgresql_where=text("exec_id is not null"),
        ),
        Index(
            "ix_fix_message_account",
            "server",
            "account",
            "id",
            postgresql_where=text("exec_id is not null"),
        ),
        CheckConstraint(
            "(exec_id is null) = (exec_day is null) and (exec_id is null) = (account is null)",
            name="exec",
        ),
        CheckConstraint("what in ('trade', 'correct', 'cancel')", name="what"),
    )
