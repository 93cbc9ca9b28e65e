"""Secrets a tenant gave us, written once and never shown again."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from stoa.db.rows import TenantRow


class Secret(TenantRow):
    """A provider's key or password, by name; the newest version is the one in use."""

    __tablename__ = "secret"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(120))
    version: Mapped[int]
    sealed: Mapped[bytes]
    last_four: Mapped[str] = mapped_column(String(4))
    set_at: Mapped[datetime]
    set_by: Mapped[UUID | None]

    __table_args__ = (UniqueConstraint("name", "version"),)
