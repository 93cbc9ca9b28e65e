"""What is known of a provider between two processes: its circuit, its pauses, its incidents."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, Integer, String, text
from sqlalchemy.orm import Mapped, mapped_column

from stoa.db.rows import PlatformRow, TenantRow


class ConnectorPause(PlatformRow):
    """A connector that the operator paused for all: tenants that are still to come are told of it."""

    __tablename__ = "connector_pause"

    connector: Mapped[str] = mapped_column(String(40), primary_key=True)
    why: Mapped[str] = mapped_column(String(200))
    at: Mapped[datetime]


class ProviderState(TenantRow):
    """How one provider stands now. Its row is also the lock under which its caps are counted.

    `share` is the part of its traffic it gets while it comes back, in percent. `next_at` is when
    its circuit takes the next step by itself.
    """

    __tablename__ = "provider_state"
    __unaudited__ = frozenset({"holdings", "holdings_at"})

    psp: Mapped[str] = mapped_column(String(32), primary_key=True)
    circuit: Mapped[str] = mapped_column(String(12), default="closed")
    share: Mapped[int] = mapped_column(Integer, default=100)
    since: Mapped[datetime]
    next_at: Mapped[datetime | None]
    pause_s: Mapped[int] = mapped_column(Integer, default=0)
    incident: Mapped[UUID | None]
    paused_at: Mapped[datetime | None]
    paused_by: Mapped[UUID | None]
    paused_why: Mapped[str | None] = mapped_column(String(200))
    operator_paused_at: Mapped[datetime | None]
    operator_paused_why: Mapped[str | None] = mapped_column(String(200))
    checked_at: Mapped[datetime | None]
    checks: Mapped[list[Any] | None]
    """What the last test of the connection found: {what, fine, text}."""
    holdings: Mapped[dict[str, Any] | None]
    """By currency what lay there when it was last asked: {amount, standing, since}."""
    holdings_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("circuit in ('closed', 'open', 'returning')", name="circuit"),
        CheckConstraint("share between 0 and 100", name="share"),
        CheckConstraint("(paused_at is null) = (paused_why is null)", name="paused"),
        CheckConstraint("(checked_at is null) = (checks is null)", name="checked"),
        CheckConstraint("(holdings is null) = (holdings_at is null)", name="holdings"),
    )

    @property
    def paused(self) -> str:
        """Who paused it, or nothing."""
        if self.operator_paused_at is not None:
            return "operator"
        return "tenant" if self.paused_at is not None else ""

    @property
    def well(self) -> bool | None:
        """Whether the last test of its connection found nothing wrong; None before the first."""
        return None if self.checks is None else all(one["fine"] for one in self.checks)


class ProviderIncident(TenantRow):
    """One time a provider failed, from its first sign to the return of all its traffic."""

    __tablename__ = "provider_incident"
    MOVES: ClassVar[Mapping[str, set[str]]] = {"open": {"closed"}, "closed": set()}

    id: Mapped[UUID] = mapped_column(primary_key=True)
    psp: Mapped[str] = mapped_column(String(32))
    state: Mapped[str] = mapped_column(String(8), default="open")
    cause: Mapped[str] = mapped_column(String(16))
    opened_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    calls: Mapped[int] = mapped_column(Integer)
    failures: Mapped[int] = mapped_column(Integer)
    slow: Mapped[int] = mapped_column(Integer)
    story: Mapped[list[Any]]
    """What happened when: [at, what, share]."""

    __table_args__ = (
        CheckConstraint("state in ('open', 'closed')", name="state"),
        CheckConstraint("cause in ('in-a-row', 'errors', 'slow')", name="cause"),
        CheckConstraint("(state = 'closed') = (closed_at is not null)", name="closed"),
        Index("ix_provider_incident_psp", "psp", "opened_at"),
        Index(
            "uq_provider_incident_open",
            "psp",
            unique=True,
            postgresql_where=text("state = 'open'"),
        ),
    )


class RuleDraft(TenantRow):
    """Changed rules that are not in force: written, simulated, then asked for as a change of the
    settings, which a second person agrees to. `predicted` is what the simulator said of them.
    """

    __tablename__ = "routing_draft"
    MOVES: ClassVar[Mapping[str, set[str]]] = {
        "open": {"asked", "dropped"},
        "asked": {"open", "dropped"},
        "dropped": set(),
    }

    id: Mapped[UUID] = mapped_column(primary_key=True)
    state: Mapped[str] = mapped_column(String(8), default="open")
    name: Mapped[str] = mapped_column(String(120))
    version: Mapped[int] = mapped_column(Integer)
    """Of the settings it was begun from."""
    routes: Mapped[list[Any]]
    payout_routes: Mapped[list[Any]]
    made_by: Mapped[UUID | None]
    made_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    predicted: Mapped[dict[str, Any] | None]
    predicted_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("state in ('open', 'asked', 'dropped')", name="state"),
        Index("ix_routing_draft_state", "state", "id"),
    )
