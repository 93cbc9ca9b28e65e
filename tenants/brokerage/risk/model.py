"""Alerts with what was done about them, and what was open over time."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, String, text
from sqlalchemy.orm import Mapped, mapped_column

from stoa.db.rows import TenantRow


class AlertState(StrEnum):
    """Open: nobody has taken it. Taken: somebody has. Over: back under, or told to be settled."""

    OPEN = "open"
    TAKEN = "taken"
    OVER = "over"


class ActionState(StrEnum):
    """Sending: agreed to, until the server confirmed. Undoing: the same for what it was before."""

    ASKED = "asked"
    SENDING = "sending"
    DONE = "done"
    UNDOING = "undoing"
    UNDONE = "undone"
    REFUSED = "refused"
    FAILED = "failed"


class RiskAlert(TenantRow):
    """One breach, once, from the moment it was seen until it is back under; and the one action
    that may be asked for about it. `rule` is a limit's code or a sign's name.
    """

    __tablename__ = "risk_alert"
    __unaudited__ = frozenset({"value", "seen_at"})
    MOVES: ClassVar[Mapping[str, set[str]]] = {
        AlertState.OPEN: {AlertState.TAKEN, AlertState.OVER},
        AlertState.TAKEN: {AlertState.OVER},
        AlertState.OVER: set(),
    }

    id: Mapped[UUID] = mapped_column(primary_key=True)
    rule: Mapped[str] = mapped_column(String(60))
    scope: Mapped[str] = mapped_column(String(12))
    about: Mapped[str] = mapped_column(String(120))
    client: Mapped[UUID | None]
    account: Mapped[UUID | None] = mapped_column(ForeignKey("trading_account.id"))
    level: Mapped[str] = mapped_column(String(10))
    state: Mapped[str] = mapped_column(String(8), default=AlertState.OPEN)
    measure: Mapped[str] = mapped_column(String(20))
    bound: Mapped[Decimal]
    value: Mapped[Decimal]
    worst: Mapped[Decimal]
    breached_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    over_at: Mapped[datetime | None]
    owner: Mapped[UUID | None]
    taken_at: Mapped[datetime | None]
    escalate_at: Mapped[datetime | None]
    escalated_at: Mapped[datetime | None]
    snoozed_until: Mapped[datetime | None]
    evidence: Mapped[dict[str, Any]]
    story: Mapped[list[Any]]
    action: Mapped[dict[str, Any] | None]
    action_state: Mapped[str | None] = mapped_column(String(8))
    action_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("state in ('open', 'taken', 'over')", name="state"),
        CheckConstraint("level in ('notice', 'warning', 'critical')", name="level"),
        CheckConstraint("(state = 'over') = (over_at is not null)", name="over"),
        CheckConstraint("(action is null) = (action_state is null)", name="action"),
        CheckConstraint(
            "action_state in ('asked', 'sending', 'done', 'undoing', 'undone', 'refused', "
            "'failed')",
            name="action_state",
        ),
        Index(
            "uq_risk_alert_alive",
            "rule",
            "scope",
            "about",
            unique=True,
            postgresql_where=text("state <> 'over'"),
        ),
        Index("ix_risk_alert_breached", "breached_at", "id"),
        Index(
            "ix_risk_alert_alive",
            "breached_at",
            "id",
            postgresql_where=text("over_at is null"),
        ),
        Index("ix_risk_alert_client", "client", "breached_at"),
        Index("ix_risk_alert_account", "account", postgresql_where=text("account is not null")),
        Index(
            "ix_risk_alert_action",
            "action_at",
            "id",
            postgresql_where=text("action_state is not null"),
        ),
    )


class RiskPoint(TenantRow):
    """What was open at a time, by one part of the book: its line over time. `by` hedge is what a
    liquidity provider held for us, as the desk wrote it down.
    """

    __tablename__ = "risk_point"
    __audited__ = False

    by: Mapped[str] = mapped_column(String(12), primary_key=True)
    key: Mapped[str] = mapped_column(String(120), primary_key=True)
    at: Mapped[datetime] = mapped_column(primary_key=True)
    positions: Mapped[int] = mapped_column(Integer)
    net: Mapped[Decimal]
    notional: Mapped[Decimal]
    profit: Mapped[Decimal]

    __table_args__ = (Index("ix_risk_point_at", "at"),)
