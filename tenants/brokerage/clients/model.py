"""A client, what they agreed to, and what staff wrote about them."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    String,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from stoa.db.rows import TenantRow


class State(StrEnum):
    """Registered: signed up, address unproven. Active: may use the trader room. Closed: gone."""

    REGISTERED = "registered"
    ACTIVE = "active"
    CLOSED = "closed"


class ClientType(StrEnum):
    INDIVIDUAL = "individual"
    JOINT = "joint"
    CORPORATE = "corporate"


class Risk(StrEnum):
    UNRATED = "unrated"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


NO_LEVEL = "none"
SEARCH = "client.search"


class Client(TenantRow):
    """A client; the id is their person's id, so signing in and owning things share one name.

    Totals are in the tenant's base currency, kept by `clients.note_*` in the transaction of what
    they count. `search` holds blind tokens of every prefix of name, e-mail, phone and reference.
    """

    __tablename__ = "client"
    __unaudited__ = frozenset({"search"})
    __committed__ = frozenset({"closed_why"})
    MOVES: ClassVar[Mapping[str, set[str]]] = {
        State.REGISTERED: {State.ACTIVE, State.CLOSED},
        State.ACTIVE: {State.CLOSED},
        State.CLOSED: {State.ACTIVE},
    }

    id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), primary_key=True)
    reference: Mapped[str] = mapped_column(String(16), unique=True)
    state: Mapped[str] = mapped_column(String(12), default=State.REGISTERED)
    client_type: Mapped[str] = mapped_column(String(12), default=ClientType.INDIVIDUAL)
    country: Mapped[str] = mapped_column(String(2))
    language: Mapped[str] = mapped_column(String(8))
    level: Mapped[str] = mapped_column(String(24), default=NO_LEVEL)
    level_at: Mapped[datetime | None]
    risk: Mapped[str] = mapped_column(String(12), default=Risk.UNRATED)
    owner: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    team: Mapped[str | None] = mapped_column(String(60))
    tags: Mapped[list[str]] = mapped_column(ARRAY(String(40)), default=list)
    partner: Mapped[UUID | None]
    source: Mapped[str | None] = mapped_column(String(60))
    campaign: Mapped[str | None] = mapped_column(String(120))
    visitor: Mapped[UUID | None]
    registered_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    closed_why: Mapped[str | None] = mapped_column(String(400))
    erased: Mapped[list[str]] = mapped_column(ARRAY(String(16)), default=list, server_default="{}")
    """Kinds of personal data that were removed, as in `privacy.settings.Category`."""
    erased_at: Mapped[datetime | None]
    """Since when nobody can tell from here who this was."""

    deposits_total: Mapped[Decimal] = mapped_column(default=Decimal(0))
    deposits_count: Mapped[int] = mapped_column(Integer, default=0)
    withdrawals_total: Mapped[Decimal] = mapped_column(default=Decimal(0))
    first_deposit_at: Mapped[datetime | None]
    last_deposit_at: Mapped[datetime | None]
    last_withdrawal_at: Mapped[datetime | None]
    last_trade_at: Mapped[datetime | None]
    volume_lots: Mapped[Decimal] = mapped_column(default=Decimal(0))

    first_name_sealed: Mapped[bytes]
    last_name_sealed: Mapped[bytes]
    phone_sealed: Mapped[bytes | None]
    phone_blind: Mapped[bytes | None] = mapped_column(index=True)
    birth_date_sealed: Mapped[bytes | None]
    address_sealed: Mapped[bytes | None]
    search: Mapped[list[int]] = mapped_column(ARRAY(BigInteger), default=list)

    __table_args__ = (
        CheckConstraint("state in ('registered', 'active', 'closed')", name="state"),
        CheckConstraint("client_type in ('individual', 'joint', 'corporate')", name="client_type"),
        CheckConstraint("deposits_total >= 0 and withdrawals_total >= 0", name="totals"),
        CheckConstraint("(state = 'closed') = (closed_at is not null)", name="closed_at"),
        Index("ix_client_search", "search", postgresql_using="gin"),
        Index("ix_client_tags", "tags", postgresql_using="gin"),
        Index("ix_client_state", "state", "id"),
        Index("ix_client_country", "country", "id"),
        Index("ix_client_level", "level", "id"),
        Index("ix_client_risk", "risk", "id"),
        Index("ix_client_owner", "owner", "id"),
        Index("ix_client_team", "team", "id"),
        Index("ix_client_partner", "partner", "id", postgresql_where=text("partner is not null")),
        Index(
            "ix_client_partner_deposits_total",
            "partner",
            "deposits_total",
            postgresql_include=["last_trade_at", "id"],
            postgresql_where=text("partner is not null"),
        ),
        Index("ix_client_visitor", "visitor", postgresql_where=text("visitor is not null")),
        Index("ix_client_registered_at", "registered_at", "id"),
        Index("ix_client_deposits_total", "deposits_total", "id"),
        Index("ix_client_last_trade_at", "last_trade_at", "id"),
    )


class ClientAgreement(TenantRow):
    """Which version of a legal text a client accepted, in which language, and when."""

    __tablename__ = "client_agreement"
    __append_only__ = True

    client: Mapped[UUID] = mapped_column(ForeignKey("client.id"), primary_key=True)
    document: Mapped[str] = mapped_column(String(40), primary_key=True)
    version: Mapped[str] = mapped_column(String(20), primary_key=True)
    language: Mapped[str] = mapped_column(String(8))
    accepted_at: Mapped[datetime]


class ClientNote(TenantRow):
    """A line staff wrote about a client. Never altered: a correction names what it replaces."""

    __tablename__ = "client_note"
    __append_only__ = True
    __erasable__ = frozenset({"text_sealed", "about"})

    id: Mapped[UUID] = mapped_column(primary_key=True)
    client: Mapped[UUID] = mapped_column(ForeignKey("client.id"))
    kind: Mapped[str] = mapped_column(String(24))
    text_sealed: Mapped[bytes]
    about: Mapped[dict[str, Any] | None]
    author: Mapped[UUID | None]
    author_name: Mapped[str] = mapped_column(String(120))
    at: Mapped[datetime]
    replaces: Mapped[UUID | None] = mapped_column(ForeignKey("client_note.id"))

    __table_args__ = (Index("ix_client_note_client", "client", "id"),)
