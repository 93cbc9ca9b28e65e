"""Campaigns, the grants they became, and the marks by which one is known to have had one."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import ARRAY, CheckConstraint, ForeignKey, Index, Integer, String, text
from sqlalchemy.orm import Mapped, mapped_column

from stoa.db.rows import TenantRow


class Campaign(TenantRow):
    """A preset. Grants keep the terms they were given under, so a change binds only new ones."""

    __tablename__ = "bonus_campaign"
    MOVES: ClassVar[Mapping[str, set[str]]] = {
        "draft": {"live", "ended"},
        "live": {"ended"},
        "ended": {"live"},
    }

    id: Mapped[UUID] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(40), unique=True)
    title: Mapped[str] = mapped_column(String(80))
    terms: Mapped[dict[str, Any]]
    version: Mapped[int] = mapped_column(Integer, default=1)
    state: Mapped[str] = mapped_column(String(8), default="draft")
    made_by: Mapped[UUID | None]
    made_at: Mapped[datetime]
    changed_at: Mapped[datetime]

    __table_args__ = (CheckConstraint("state in ('draft', 'live', 'ended')", name="state"),)


class GrantState(StrEnum):
    """Chosen: taken, waits for the deposit. Active: credited. The rest has ended."""

    CHOSEN = "chosen"
    ACTIVE = "active"
    RELEASED = "released"
    LOST = "lost"
    EXPIRED = "expired"
    REVOKED = "revoked"
    REVERSED = "reversed"
    REFUSED = "refused"


class Grant(TenantRow):
    """One client's bonus of one campaign, once for ever. `amount` = released + burnt + left."""

    __tablename__ = "bonus_grant"
    MOVES: ClassVar[Mapping[str, set[str]]] = {
        GrantState.CHOSEN: {"active", "refused", "expired", "revoked"},
        GrantState.ACTIVE: {"released", "lost", "expired", "revoked", "reversed"},
        GrantState.RELEASED: {"reversed"},
        GrantState.REVERSED: {"active", "released"},
    }

    id: Mapped[UUID] = mapped_column(primary_key=True)
    reference: Mapped[str] = mapped_column(String(16), unique=True)
    campaign: Mapped[UUID] = mapped_column(ForeignKey("bonus_campaign.id"))
    client: Mapped[UUID] = mapped_column(ForeignKey("client.id"))
    title: Mapped[str] = mapped_column(String(80))
    terms: Mapped[dict[str, Any]]
    state: Mapped[str] = mapped_column(String(8))
    amount: Mapped[Decimal] = mapped_column(default=Decimal(0))
    released: Mapped[Decimal] = mapped_column(default=Decimal(0))
    burnt: Mapped[Decimal] = mapped_column(default=Decimal(0))
    currency: Mapped[str] = mapped_column(String(8), default="")
    need_lots: Mapped[Decimal] = mapped_column(default=Decimal(0))
    done_lots: Mapped[Decimal] = mapped_column(default=Decimal(0))
    symbols: Mapped[list[str]] = mapped_column(ARRAY(String(40)))
    """As SQL patterns; none means every symbol."""
    hold_s: Mapped[int] = mapped_column(Integer, default=0)
    deposit: Mapped[UUID | None] = mapped_column(ForeignKey("deposit.id"))
    given_by: Mapped[UUID | None]
    why: Mapped[str] = mapped_column(String(400), default="")
    evidence: Mapped[list[Any]]
    """Whom it was compared with, and what was the same."""
    story: Mapped[list[Any]]
    made_at: Mapped[datetime]
    granted_at: Mapped[datetime | None]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint(
            "state in ('chosen', 'active', 'released', 'lost', 'expired', 'revoked', 'reversed', "
            "'refused')",
            name="state",
        ),
        CheckConstraint(
            "released >= 0 and burnt >= 0 and released + burnt <= amount", name="parts"
        ),
        Index("uq_bonus_grant_client", "client", "campaign", unique=True),
        Index("ix_bonus_grant_campaign", "campaign", "id"),
        Index("ix_bonus_grant_state", "state", "id"),
        Index(
            "ix_bonus_grant_open",
            "expires_at",
            postgresql_where=text("state in ('chosen', 'active')"),
        ),
        Index("ix_bonus_grant_deposit", "deposit", postgresql_where=text("deposit is not null")),
    )

    @property
    def left(self) -> Decimal:
        return self.amount - self.released - self.burnt


class Mark(TenantRow):
    """By what a person, household, device or card is known to have had a campaign's bonus."""

    __tablename__ = "bonus_mark"
    __append_only__ = True
    __erasable__ = frozenset({"mark"})
    __audited__ = False

    campaign: Mapped[UUID] = mapped_column(ForeignKey("bonus_campaign.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(12), primary_key=True)
    mark: Mapped[bytes] = mapped_column(primary_key=True)
    bonus: Mapped[UUID] = mapped_column(ForeignKey("bonus_grant.id"), index=True)
    client: Mapped[UUID]
    at: Mapped[datetime]
