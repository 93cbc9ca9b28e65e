"""Letters on their way and notices to read. Neither holds an address or a name in clear."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from stoa.db.rows import TenantRow


class MessageState(StrEnum):
    QUEUED = "queued"
    SENT = "sent"
    FAILED = "failed"


class Message(TenantRow):
    """One letter: which template with which facts, and how far it came.

    `params` are ids, amounts and dates; a link that opens something is sealed until it is sent and
    then gone. `to_sealed` is the address of someone who is no person here yet. What went is kept in
    `kept_sealed` without what opens something; `digest` is the SHA-256 of all of it (`keeping`).
    """

    __tablename__ = "message"
    __audited__ = False
    MOVES: ClassVar[Mapping[str, set[str]]] = {
        MessageState.QUEUED: {MessageState.SENT, MessageState.FAILED},
        MessageState.FAILED: {MessageState.QUEUED},
        MessageState.SENT: set(),
    }

    id: Mapped[UUID] = mapped_column(primary_key=True)
    person: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    to_sealed: Mapped[bytes | None]
    template: Mapped[str] = mapped_column(String(60))
    params: Mapped[dict[str, Any]]
    link_sealed: Mapped[bytes | None]
    locale: Mapped[str] = mapped_column(String(8))
    campaign: Mapped[UUID | None]
    about: Mapped[UUID | None]
    state: Mapped[str] = mapped_column(String(8), server_default="queued")
    tries: Mapped[int] = mapped_column(server_default="0")
    claimed_until: Mapped[datetime | None]
    provider_id: Mapped[str | None] = mapped_column(String(200))
    error: Mapped[str | None] = mapped_column(String(300))
    queued_at: Mapped[datetime]
    queued_by: Mapped[UUID | None]
    sent_at: Mapped[datetime | None]
    kept_sealed: Mapped[bytes | None]
    digest: Mapped[str | None] = mapped_column(String(64))

    __table_args__ = (
        CheckConstraint("state in ('queued', 'sent', 'failed')", name="state"),
        CheckConstraint("person is not null or to_sealed is not null", name="someone"),
        Index("ix_message_queued_at", "queued_at", "id"),
        Index("ix_message_person", "person", "queued_at"),
        Index("ix_message_campaign", "campaign", postgresql_where=text("campaign is not null")),
        Index("ix_message_kept", "queued_at", postgresql_where=text("kept_sealed is not null")),
        Index("ix_message_state", "state", "queued_at", postgresql_where=text("state <> 'sent'")),
    )


class Notice(TenantRow):
    """A line inside the product: `title` and `body` are message ids, `params` fill their places."""

    __tablename__ = "notice"
    __audited__ = False

    id: Mapped[UUID] = mapped_column(primary_key=True)
    person: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    title: Mapped[str] = mapped_column(String(200))
    body: Mapped[str] = mapped_column(String(400))
    params: Mapped[dict[str, Any]]
    path: Mapped[str | None] = mapped_column(String(200))
    told_at: Mapped[datetime]
    read_at: Mapped[datetime | None]

    __table_args__ = (
        Index("ix_notice_person", "person", "told_at"),
        Index("ix_notice_unread", "person", postgresql_where=text("read_at is null")),
    )
