"""The addresses clients pay coins to."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from stoa.db.rows import TenantRow


class AddressState(StrEnum):
    """Asking: the provider is asked. Closed: no longer shown; what comes there waits for a person."""

    ASKING = "asking"
    OPEN = "open"
    REFUSED = "refused"
    CLOSED = "closed"


class DepositAddress(TenantRow):
    """Where one client sends one coin. An address is one client's for ever: unique, never given anew."""

    __tablename__ = "deposit_address"
    __unaudited__ = frozenset({"seen_at", "next_poll_at"})
    MOVES: ClassVar[Mapping[str, set[str]]] = {
        AddressState.ASKING: {AddressState.OPEN, AddressState.REFUSED},
        AddressState.OPEN: {AddressState.CLOSED},
        AddressState.REFUSED: set(),
        AddressState.CLOSED: set(),
    }

    id: Mapped[UUID] = mapped_column(primary_key=True)
    """What the provider knows the address by on our side."""
    client: Mapped[UUID] = mapped_column(ForeignKey("client.id"))
    psp: Mapped[str] = mapped_column(String(32))
    asset: Mapped[str] = mapped_column(String(8))
    network: Mapped[str] = mapped_column(String(16))
    state: Mapped[str] = mapped_column(String(8), default=AddressState.ASKING)
    code: Mapped[str | None] = mapped_column(String(80))
    reference: Mapped[str | None] = mapped_column(String(80))
    address: Mapped[str | None] = mapped_column(String(100))
    memo: Mapped[str] = mapped_column(String(28), default="")
    asked_at: Mapped[datetime]
    opened_at: Mapped[datetime | None]
    ends_at: Mapped[datetime | None]
    seen_at: Mapped[datetime | None]
    next_poll_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("state in ('asking', 'open', 'refused', 'closed')", name="state"),
        CheckConstraint(
            "(state in ('open', 'closed')) = (address is not null and reference is not null)",
            name="given",
        ),
        Index("ix_deposit_address_client", "client", "id"),
        Index(
            "uq_deposit_address_coin",
            "client",
            "asset",
            "network",
            unique=True,
            postgresql_where=text("state in ('asking', 'open')"),
        ),
        Index(
            "uq_deposit_address_place",
            "network",
            "address",
            "memo",
            unique=True,
            postgresql_where=text("address is not null"),
        ),
        Index(
            "uq_deposit_address_reference",
            "psp",
            "reference",
            unique=True,
            postgresql_where=text("reference is not null"),
        ),
        Index(
            "ix_deposit_address_poll",
            "next_poll_at",
            postgresql_where=text("next_poll_at is not null"),
        ),
    )
