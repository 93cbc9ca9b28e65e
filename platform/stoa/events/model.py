"""What was told and who still has to hear it. Both tables live in the tenant's schema."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Identity, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from stoa.db.rows import TenantRow


class Outbox(TenantRow):
    """A fact told in a transaction, waiting to be fanned out to its readers."""

    __tablename__ = "outbox"
    __audited__ = False

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    fact: Mapped[UUID] = mapped_column(unique=True)
    tenant: Mapped[UUID] = mapped_column(
        ForeignKey("tenant_identity.tenant"),
        server_default=text("current_setting('app.tenant')::uuid"),
    )
    kind: Mapped[str] = mapped_column(String(80))
    lane: Mapped[str] = mapped_column(String(16))
    body: Mapped[dict[str, Any]]
    told_at: Mapped[datetime]
    relayed_at: Mapped[datetime | None]

    __table_args__ = (
        Index("ix_outbox_waiting", "id", postgresql_where=text("relayed_at is null")),
    )


class Inbox(TenantRow):
    """One fact for one reader: the pair is unique, so a duplicate stops here."""

    __tablename__ = "inbox"
    __audited__ = False

    fact: Mapped[UUID] = mapped_column(primary_key=True)
    reader: Mapped[str] = mapped_column(String(120), primary_key=True)
    kind: Mapped[str] = mapped_column(String(80))
    lane: Mapped[str] = mapped_column(String(16))
    body: Mapped[dict[str, Any]]
    told_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(String(8), server_default="waiting")
    tries: Mapped[int] = mapped_column(BigInteger, server_default="0")
    due_at: Mapped[datetime]
    leased_until: Mapped[datetime | None]
    done_at: Mapped[datetime | None]
    error: Mapped[str | None] = mapped_column(Text)

    __table_args__ = (
        Index("ix_inbox_due", "lane", "due_at", postgresql_where=text("state = 'waiting'")),
    )


class Timer(TenantRow):
    """When a timed sweep of a module is due next; claimed by moving the hand forward."""

    __tablename__ = "timer"
    __audited__ = False

    name: Mapped[str] = mapped_column(String(120), primary_key=True)
    due_at: Mapped[datetime]
    last_ok_at: Mapped[datetime | None]
    last_error: Mapped[str | None] = mapped_column(Text)
