"""Where a tenant's systems listen, and what was or is to be told to each of them."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from stoa.db.rows import TenantRow


class WebhookEndpoint(TenantRow):
    """An address that hears facts. An empty `kinds` hears all of them.

    `failures` counts in a row; while `resting_until` lies ahead nothing is sent: the breaker is
    kept here, so that it survives a restart and holds for all workers.
    """

    __tablename__ = "webhook_endpoint"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    url: Mapped[str] = mapped_column(String(1000))
    label: Mapped[str] = mapped_column(String(80))
    kinds: Mapped[list[str]] = mapped_column(ARRAY(String(80)), default=list)
    on: Mapped[bool] = mapped_column(default=True)
    off_why: Mapped[str | None] = mapped_column(String(200))
    made_at: Mapped[datetime]
    made_by: Mapped[UUID | None]
    both_until: Mapped[datetime | None]
    """Until then the secret before the newest signs as well."""
    failures: Mapped[int] = mapped_column(Integer, default=0)
    resting_until: Mapped[datetime | None]
    last_ok_at: Mapped[datetime | None]
    last_failed_at: Mapped[datetime | None]
    owner: Mapped[UUID | None] = mapped_column(unique=True)
    """Whose it is, where it is not the tenant's own: such a one hears only what is queued for it."""

    @property
    def secret(self) -> str:
        """Its name in the vault."""
        return f"webhook.{self.id}"


class State(StrEnum):
    """Dead: three days of tries, nobody heard; it can be replayed."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    DEAD = "dead"


class WebhookDelivery(TenantRow):
    """One fact for one endpoint. `answer` is the first 256 bytes of a text answer, no more."""

    __tablename__ = "webhook_delivery"
    __audited__ = False
    MOVES: ClassVar[Mapping[str, set[str]]] = {
        State.WAITING: {State.DELIVERED, State.DEAD},
        State.DELIVERED: {State.WAITING},
        State.DEAD: {State.WAITING},
    }

    id: Mapped[UUID] = mapped_column(primary_key=True)
    endpoint: Mapped[UUID] = mapped_column(ForeignKey("webhook_endpoint.id", ondelete="CASCADE"))
    fact: Mapped[UUID]
    kind: Mapped[str] = mapped_column(String(80))
    about: Mapped[str] = mapped_column(String(80))
    url: Mapped[str | None] = mapped_column(String(2000))
    """Called by GET in place of a POST to the endpoint's own address."""
    body: Mapped[dict[str, Any]]
    told_at: Mapped[datetime]
    queued_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(String(12), default=State.WAITING)
    tries: Mapped[int] = mapped_column(Integer, default=0)
    due_at: Mapped[datetime]
    leased_until: Mapped[datetime | None]
    tried_at: Mapped[datetime | None]
    status: Mapped[int | None] = mapped_column(Integer)
    answer: Mapped[str | None] = mapped_column(String(256))
    error: Mapped[str | None] = mapped_column(String(200))
    done_at: Mapped[datetime | None]

    __table_args__ = (
        UniqueConstraint("endpoint", "fact"),
        CheckConstraint("state in ('waiting', 'delivered', 'dead')", name="state"),
        Index("ix_webhook_delivery_log", "endpoint", "id"),
        Index(
            "ix_webhook_delivery_due",
            "endpoint",
            "about",
            "id",
            postgresql_where=text("state = 'waiting'"),
        ),
        Index("ix_webhook_delivery_dead", "state", "id"),
    )
