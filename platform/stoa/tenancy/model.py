"""The operator's registry of tenants, and the identity row inside each tenant's schema."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    Numeric,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from stoa.db.rows import PlatformRow, TenantRow


class TenantState(StrEnum):
    PROVISIONING = "provisioning"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    ARCHIVED = "archived"


class Tenant(PlatformRow):
    """A sub-broker. The slug is never used again, not even after the end."""

    __tablename__ = "tenant"
    MOVES: ClassVar[Mapping[str, set[str]]] = {
        TenantState.PROVISIONING: {TenantState.ACTIVE, TenantState.ARCHIVED},
        TenantState.ACTIVE: {TenantState.SUSPENDED},
        TenantState.SUSPENDED: {TenantState.ACTIVE, TenantState.ARCHIVED},
        TenantState.ARCHIVED: set(),
    }

    id: Mapped[UUID] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(String(40), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    legal_entity: Mapped[str] = mapped_column(String(160))
    base_currency: Mapped[str] = mapped_column(String(8))
    time_zone: Mapped[str] = mapped_column(String(64), server_default="UTC")
    blueprint: Mapped[str] = mapped_column(String(64))
    owner_email: Mapped[str] = mapped_column(String(254))
    state: Mapped[str] = mapped_column(String(16))
    state_reason: Mapped[str | None] = mapped_column(String(400))
    mode: Mapped[str] = mapped_column(String(8), server_default="assume")
    schema: Mapped[str | None] = mapped_column(String(40), unique=True)
    wrapped_key: Mapped[bytes | None]
    epoch: Mapped[int] = mapped_column(server_default="1")
    created_at: Mapped[datetime]


class Host(PlatformRow):
    """A host name that leads to exactly one tenant, by exact match."""

    __tablename__ = "host"

    name: Mapped[str] = mapped_column(String(253), primary_key=True)
    tenant: Mapped[UUID] = mapped_column(ForeignKey("platform.tenant.id"), index=True)
    kind: Mapped[str] = mapped_column(String(16), server_default="platform")
    proof: Mapped[str | None] = mapped_column(String(80))
    verified_at: Mapped[datetime | None]


class SchemaSlot(PlatformRow):
    """A tenant schema and its login role: blank in the pool, claimed, or gone."""

    __tablename__ = "schema_slot"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    password: Mapped[bytes]
    revision: Mapped[str] = mapped_column(String(32))
    state: Mapped[str] = mapped_column(String(12), server_default="blank")
    tenant: Mapped[UUID | None] = mapped_column(unique=True)
    made_at: Mapped[datetime]
    migrated_at: Mapped[datetime | None]
    error: Mapped[str | None] = mapped_column(Text)

    __table_args__ = (
        Index("ix_schema_slot_blank", "made_at", postgresql_where=text("state = 'blank'")),
    )


class Provision(PlatformRow):
    """One request for a new tenant and how far it has come; any worker can take it up again."""

    __tablename__ = "provision"
    __unaudited__ = frozenset({"step", "state", "tries", "leased_until", "error", "log", "done_at"})
    """How far it has come; each step writes one entry by itself."""

    id: Mapped[UUID] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(120), unique=True)
    asked_hash: Mapped[str] = mapped_column(String(64))
    asked: Mapped[dict[str, Any]]
    tenant: Mapped[UUID | None]
    step: Mapped[str] = mapped_column(String(32))
    state: Mapped[str] = mapped_column(String(12), server_default="waiting")
    tries: Mapped[int] = mapped_column(Integer, server_default="0")
    leased_until: Mapped[datetime | None]
    error: Mapped[str | None] = mapped_column(Text)
    log: Mapped[list[Any]]
    asked_at: Mapped[datetime]
    asked_by: Mapped[UUID | None]
    done_at: Mapped[datetime | None]


class SupportSession(PlatformRow):
    """An operator's person inside a tenant, with a reason and an end."""

    __tablename__ = "support_session"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    operator: Mapped[UUID] = mapped_column(index=True)
    tenant: Mapped[UUID] = mapped_column(ForeignKey("platform.tenant.id"), index=True)
    reason: Mapped[str] = mapped_column(String(400))
    ticket_hash: Mapped[bytes] = mapped_column(unique=True)
    started_at: Mapped[datetime]
    entered_at: Mapped[datetime | None]
    ends_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class Pulse(PlatformRow):
    """What a tenant's own worker last reported of it: counts and health, never a person."""

    __tablename__ = "pulse"
    __audited__ = False

    tenant: Mapped[UUID] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    body: Mapped[dict[str, Any]]


class Meter(PlatformRow):
    """A tenant's daily figures as its worker counted them, for the fleet's history."""

    __tablename__ = "meter"
    __audited__ = False

    tenant: Mapped[UUID] = mapped_column(primary_key=True)
    day: Mapped[str] = mapped_column(String(10), primary_key=True)
    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    amount: Mapped[Any] = mapped_column(Numeric(38, 18))


class TenantIdentity(TenantRow):
    """One row: whose schema this is. Every transaction reads it before anything else."""

    __tablename__ = "tenant_identity"
    __append_only__ = True
    __audited__ = False

    tenant: Mapped[UUID] = mapped_column(primary_key=True)


class Setting(TenantRow):
    """A version of one slice of settings; the highest id of a slice is in force."""

    __tablename__ = "setting"
    __append_only__ = True

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    slice: Mapped[str] = mapped_column(String(40))
    version: Mapped[int]
    body: Mapped[dict[str, Any]]
    why: Mapped[str] = mapped_column(String(400))
    set_at: Mapped[datetime]
    set_by: Mapped[UUID | None]

    __table_args__ = (UniqueConstraint("slice", "version"),)


class SettingChange(TenantRow):
    """A change of settings that somebody else must agree to before it is in force.

    `version` is the one it was written over; where that is no longer the newest, it is outdated. A
    draft is being written: its `body` is the text so far and `why` its name (`settingsdesk.drafts`).
    """

    __tablename__ = "setting_change"
    MOVES: ClassVar[Mapping[str, set[str]]] = {
        "draft": {"asked", "dropped"},
        "asked": {"draft", "dropped"},
        "waiting": {"in-force", "refused", "taken-back", "outdated"},
    }

    id: Mapped[UUID] = mapped_column(primary_key=True)
    slice: Mapped[str] = mapped_column(String(40))
    version: Mapped[int]
    body: Mapped[dict[str, Any]]
    changes: Mapped[list[Any]]
    """The differences as sentences' parts: path, was, now; those that are guarded are marked."""
    rehearsal: Mapped[list[Any]]
    """What it would have done lately, as it was shown to who agreed."""
    why: Mapped[str] = mapped_column(String(400))
    state: Mapped[str] = mapped_column(String(12), default="waiting")
    asked_by: Mapped[UUID | None]
    asked_name: Mapped[str] = mapped_column(String(120))
    asked_at: Mapped[datetime]
    decided_by: Mapped[UUID | None]
    decided_at: Mapped[datetime | None]
    note: Mapped[str | None] = mapped_column(String(400))

    __table_args__ = (
        CheckConstraint(
            "state in ('draft', 'asked', 'dropped', 'waiting', 'in-force', 'refused', "
            "'taken-back', 'outdated')",
            name="state",
        ),
        CheckConstraint(
            "state not in ('in-force', 'refused') or "
            "(decided_by is not null and decided_by is distinct from asked_by)",
            name="another",
        ),
        Index(
            "uq_setting_change_waiting",
            "slice",
            unique=True,
            postgresql_where=text("state = 'waiting'"),
        ),
    )


class IdempotentAnswer(TenantRow):
    """What was answered to an operation's key, so that asking again asks nothing new."""

    __tablename__ = "idempotent_answer"
    __audited__ = False

    owner: Mapped[UUID] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(120), primary_key=True)
    asked_hash: Mapped[str] = mapped_column(String(64))
    status: Mapped[int | None]
    answer: Mapped[dict[str, Any] | None]
    at: Mapped[datetime]
