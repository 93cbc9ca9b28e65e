"""Audit rows and the hash chain over them. The tenant role may only insert and read."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Identity, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import UserDefinedType

from stoa.db.rows import PlatformRow, TenantRow


class Xid8(UserDefinedType[int]):
    """PostgreSQL's 64-bit transaction id; only ever compared inside the database."""

    cache_ok = True

    def get_col_spec(self, **_: object) -> str:
        return "xid8"


class _Entry:
    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    at: Mapped[datetime]
    action: Mapped[str] = mapped_column(String(200))
    actor_kind: Mapped[str] = mapped_column(String(16))
    actor: Mapped[UUID | None]
    actor_name: Mapped[str] = mapped_column(String(120))
    on_behalf_of: Mapped[UUID | None]
    reason: Mapped[str | None] = mapped_column(String(400))
    request: Mapped[str | None] = mapped_column(String(64))
    subject: Mapped[UUID | None]
    changes: Mapped[list[Any]]


class AuditEntry(_Entry, TenantRow):
    """One per transaction that changed something; `changes` lists each row before and after.

    Personal data appears only as a commitment (hash of its ciphertext), so erasing a person's
    key leaves the chain whole.
    """

    __tablename__ = "audit_entry"
    __append_only__ = True
    __audited__ = False

    tenant: Mapped[UUID] = mapped_column(
        ForeignKey("tenant_identity.tenant"),
        server_default=text("current_setting('app.tenant')::uuid"),
    )
    xid: Mapped[int] = mapped_column(Xid8(), server_default=text("pg_current_xact_id()"))

    __table_args__ = (
        Index("ix_audit_entry_order", "xid", "id"),
        Index("ix_audit_entry_subject", "subject", "id"),
        Index("ix_audit_entry_at", "at", "id"),
        Index("ix_audit_entry_actor", "actor", "at", "id"),
        Index("ix_audit_entry_action", "action", "at", "id"),
        Index("ix_audit_entry_request", "request"),
    )


class AuditSeal(TenantRow):
    """A link of the chain: sha256 over the previous hash and the entry's canonical text."""

    __tablename__ = "audit_seal"
    __append_only__ = True
    __audited__ = False

    number: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    entry: Mapped[int] = mapped_column(ForeignKey("audit_entry.id"), unique=True)
    xid: Mapped[int] = mapped_column(Xid8())
    hash: Mapped[bytes]
    sealed_at: Mapped[datetime]


class OperatorAudit(_Entry, PlatformRow):
    """What the operator's people did, fleet-wide."""

    __tablename__ = "audit_entry"
    __append_only__ = True
    __audited__ = False

    about_tenant: Mapped[UUID | None]
