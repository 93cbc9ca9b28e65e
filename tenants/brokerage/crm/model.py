"""Leads and what was written about them, files of leads, tasks, segments, campaigns."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Integer, String, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from stoa.db.rows import TenantRow

SEARCH = "lead.search"
EMAIL = "person.email"
"""Leads share the people's blind index of addresses, so that both meet in one join."""


class Lead(TenantRow):
    """Someone who may become a client. Stages are the tenant's own words, see CrmSettings."""

    __tablename__ = "lead"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name_sealed: Mapped[bytes]
    email_sealed: Mapped[bytes]
    email_blind: Mapped[bytes] = mapped_column(unique=True)
    phone_sealed: Mapped[bytes | None]
    search: Mapped[list[int]] = mapped_column(ARRAY(BigInteger), default=list)
    source: Mapped[str] = mapped_column(String(60))
    campaign: Mapped[str | None] = mapped_column(String(120))
    country: Mapped[str | None] = mapped_column(String(2))
    language: Mapped[str] = mapped_column(String(8))
    owner: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    team: Mapped[str | None] = mapped_column(String(60))
    stage: Mapped[str] = mapped_column(String(24))
    score: Mapped[int] = mapped_column(Integer, default=0)
    because: Mapped[list[Any]] = mapped_column(default=list)
    client: Mapped[UUID | None] = mapped_column(ForeignKey("client.id"))
    batch: Mapped[UUID | None] = mapped_column(ForeignKey("lead_import.id"))
    created_at: Mapped[datetime]
    last_touch_at: Mapped[datetime]
    converted_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("converted_at is null or client is not null", name="converted"),
        Index("ix_lead_search", "search", postgresql_using="gin"),
        Index("ix_lead_stage", "stage", "score", "id"),
        Index("ix_lead_owner", "owner", "stage"),
        Index("ix_lead_team", "team", "id"),
        Index("ix_lead_created_at", "created_at", "id"),
        Index("ix_lead_client", "client", unique=True, postgresql_where=text("client is not null")),
        Index("ix_lead_batch", "batch", postgresql_where=text("batch is not null")),
    )


class LeadNote(TenantRow):
    """A line of a lead's story. Never altered: a correction names what it replaces."""

    __tablename__ = "lead_note"
    __append_only__ = True
    __erasable__ = frozenset({"text_sealed", "about"})

    id: Mapped[UUID] = mapped_column(primary_key=True)
    lead: Mapped[UUID] = mapped_column(ForeignKey("lead.id"))
    kind: Mapped[str] = mapped_column(String(16))
    text_sealed: Mapped[bytes | None]
    about: Mapped[dict[str, Any] | None]
    author: Mapped[UUID | None]
    author_name: Mapped[str] = mapped_column(String(120))
    at: Mapped[datetime]
    replaces: Mapped[UUID | None] = mapped_column(ForeignKey("lead_note.id"))

    __table_args__ = (Index("ix_lead_note_lead", "lead", "id"),)


class ImportState(StrEnum):
    CHECKING = "checking"
    CHECKED = "checked"
    APPLYING = "applying"
    APPLIED = "applied"
    REFUSED = "refused"


class LeadImport(TenantRow):
    """A file of leads: what it held is sealed until it is taken over, then forgotten.

    `results` has one entry per row: [line, outcome, reason]. `taken` counts rows done so far.
    """

    __tablename__ = "lead_import"
    __audited__ = False
    MOVES: ClassVar[Mapping[str, set[str]]] = {
        ImportState.CHECKING: {ImportState.CHECKED, ImportState.REFUSED},
        ImportState.CHECKED: {ImportState.APPLYING},
        ImportState.APPLYING: {ImportState.APPLIED},
    }

    id: Mapped[UUID] = mapped_column(primary_key=True)
    file_hash: Mapped[bytes] = mapped_column(unique=True)
    name: Mapped[str] = mapped_column(String(120))
    state: Mapped[str] = mapped_column(String(12))
    source: Mapped[str] = mapped_column(String(60))
    campaign: Mapped[str | None] = mapped_column(String(120))
    content_sealed: Mapped[bytes | None]
    results: Mapped[list[Any]] = mapped_column(default=list)
    counts: Mapped[dict[str, Any]] = mapped_column(default=dict)
    rows: Mapped[int] = mapped_column(Integer, default=0)
    taken: Mapped[int] = mapped_column(Integer, default=0)
    why: Mapped[str | None] = mapped_column(String(300))
    made_at: Mapped[datetime]
    made_by: Mapped[UUID | None]
    done_at: Mapped[datetime | None]

    __table_args__ = (Index("ix_lead_import_made_at", "made_at", "id"),)


class Task(TenantRow):
    """Something a member of staff is to do. `once` keeps a rule from opening the same one twice."""

    __tablename__ = "task"
    MOVES: ClassVar[Mapping[str, set[str]]] = {
        "open": {"done", "dropped"},
        "done": {"open"},
        "dropped": {"open"},
    }

    id: Mapped[UUID] = mapped_column(primary_key=True)
    title_sealed: Mapped[bytes]
    state: Mapped[str] = mapped_column(String(8), default="open")
    about_kind: Mapped[str | None] = mapped_column(String(24))
    about: Mapped[UUID | None]
    path: Mapped[str | None] = mapped_column(String(200))
    owner: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    team: Mapped[str | None] = mapped_column(String(60))
    due_at: Mapped[datetime]
    opened_at: Mapped[datetime]
    opened_by: Mapped[UUID | None]
    rule: Mapped[str | None] = mapped_column(String(60))
    once: Mapped[str | None] = mapped_column(String(120), unique=True)
    done_at: Mapped[datetime | None]
    done_by: Mapped[UUID | None]

    __table_args__ = (
        CheckConstraint("state in ('open', 'done', 'dropped')", name="state"),
        CheckConstraint("path is null or path like '/desk/%'", name="path"),
        Index("ix_task_owner", "owner", "state", "due_at"),
        Index("ix_task_open", "due_at", "id", postgresql_where=text("state = 'open'")),
        Index("ix_task_due_at", "due_at", "id"),
        Index("ix_task_about", "about", postgresql_where=text("about is not null")),
    )


class Segment(TenantRow):
    """Conditions on clients under a name. `conditions` is a Conditions struct, never code."""

    __tablename__ = "segment"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80), unique=True)
    conditions: Mapped[dict[str, Any]]
    made_at: Mapped[datetime]
    made_by: Mapped[UUID | None]
    changed_at: Mapped[datetime]
    archived_at: Mapped[datetime | None]


class CampaignState(StrEnum):
    DRAFT = "draft"
    SENDING = "sending"
    SENT = "sent"
    STOPPED = "stopped"


class Campaign(TenantRow):
    """A letter to a segment. `texts`: language to subject, body, action; recipients are fixed at
    the start.
    """

    __tablename__ = "campaign"
    MOVES: ClassVar[Mapping[str, set[str]]] = {
        CampaignState.DRAFT: {CampaignState.SENDING, CampaignState.STOPPED},
        CampaignState.SENDING: {CampaignState.SENT, CampaignState.STOPPED},
        CampaignState.STOPPED: {CampaignState.SENDING},
    }

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80))
    segment: Mapped[UUID] = mapped_column(ForeignKey("segment.id"), index=True)
    conditions: Mapped[dict[str, Any] | None]
    texts: Mapped[dict[str, Any]]
    path: Mapped[str | None] = mapped_column(String(200))
    state: Mapped[str] = mapped_column(String(8), default=CampaignState.DRAFT)
    override_why: Mapped[str | None] = mapped_column(String(400))
    override_by: Mapped[UUID | None]
    made_at: Mapped[datetime]
    made_by: Mapped[UUID | None]
    started_at: Mapped[datetime | None]
    started_by: Mapped[UUID | None]
    ended_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("state in ('draft', 'sending', 'sent', 'stopped')", name="state"),
        Index("ix_campaign_made_at", "made_at", "id"),
    )


class CampaignRecipient(TenantRow):
    """One client of a campaign: waiting, queued as a letter, or held back and why."""

    __tablename__ = "campaign_recipient"
    __audited__ = False

    campaign: Mapped[UUID] = mapped_column(ForeignKey("campaign.id"), primary_key=True)
    client: Mapped[UUID] = mapped_column(ForeignKey("client.id"), primary_key=True)
    state: Mapped[str] = mapped_column(String(8))
    why: Mapped[str | None] = mapped_column(String(24))
    message: Mapped[UUID | None]
    left_at: Mapped[datetime | None]
    """When they unsubscribed by this campaign's link."""

    __table_args__ = (
        CheckConstraint("state in ('waiting', 'queued', 'held')", name="state"),
        Index(
            "ix_campaign_recipient_waiting",
            "campaign",
            "client",
            postgresql_where=text("state = 'waiting'"),
        ),
        Index("ix_campaign_recipient_client", "client"),
    )
