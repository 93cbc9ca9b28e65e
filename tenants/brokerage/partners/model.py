"""Partners, their tree over time, touches, rates in force, rewards and payouts."""

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
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from stoa.db.rows import TenantRow


class PartnerState(StrEnum):
    APPLIED = "applied"
    ACTIVE = "active"
    PAUSED = "paused"
    CLOSED = "closed"


class Partner(TenantRow):
    """A client who introduces others; the id is the client's. `rates` override the plan's."""

    __tablename__ = "partner"
    MOVES: ClassVar[Mapping[str, set[str]]] = {
        PartnerState.APPLIED: {PartnerState.ACTIVE, PartnerState.CLOSED},
        PartnerState.ACTIVE: {PartnerState.PAUSED, PartnerState.CLOSED},
        PartnerState.PAUSED: {PartnerState.ACTIVE, PartnerState.CLOSED},
        PartnerState.CLOSED: set(),
    }

    id: Mapped[UUID] = mapped_column(ForeignKey("client.id"), primary_key=True)
    code: Mapped[str] = mapped_column(String(24), unique=True)
    parent: Mapped[UUID | None] = mapped_column(ForeignKey("partner.id"), index=True)
    plan: Mapped[str] = mapped_column(String(40))
    rates: Mapped[dict[str, Any]] = mapped_column(default=dict)
    currency: Mapped[str] = mapped_column(String(8))
    state: Mapped[str] = mapped_column(String(12))
    agreement: Mapped[int | None] = mapped_column(Integer)
    agreed_at: Mapped[datetime | None]
    joined_at: Mapped[datetime]

    __table_args__ = (Index("ix_partner_joined_at", "joined_at", "id"),)


class PartnerLine(TenantRow):
    """The closure of the tree with its validity: who stood above whom, at what depth, from when."""

    __tablename__ = "partner_line"

    partner: Mapped[UUID] = mapped_column(ForeignKey("partner.id"), primary_key=True)
    above: Mapped[UUID] = mapped_column(ForeignKey("partner.id"), primary_key=True)
    valid_from: Mapped[datetime] = mapped_column(primary_key=True)
    valid_to: Mapped[datetime | None]
    depth: Mapped[int] = mapped_column(Integer)

    __table_args__ = (Index("ix_partner_line_above", "above", "depth"),)


class PartnerRate(TenantRow):
    """A partner's rate for a symbol group while it was in force; rewards cite plan and version."""

    __tablename__ = "partner_rate"

    partner: Mapped[UUID] = mapped_column(ForeignKey("partner.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(20), primary_key=True)
    symbol_group: Mapped[str] = mapped_column(String(24), primary_key=True)
    valid_from: Mapped[datetime] = mapped_column(primary_key=True)
    valid_to: Mapped[datetime | None]
    rate: Mapped[Decimal]
    currency: Mapped[str] = mapped_column(String(8))
    plan: Mapped[str] = mapped_column(String(40))
    plan_version: Mapped[int] = mapped_column(Integer)
    held_min_s: Mapped[int] = mapped_column(Integer)
    cap: Mapped[Decimal]


class PartnerLink(TenantRow):
    """A link of a partner with a campaign of its own."""

    __tablename__ = "partner_link"

    code: Mapped[str] = mapped_column(String(24), primary_key=True)
    partner: Mapped[UUID] = mapped_column(ForeignKey("partner.id"), index=True)
    name: Mapped[str] = mapped_column(String(60))
    made_at: Mapped[datetime]
    clicks: Mapped[int] = mapped_column(BigInteger, default=0)


class PartnerTouch(TenantRow):
    """A visit by somebody who came through a link, or by an advert without one."""

    __tablename__ = "partner_touch"
    __append_only__ = True
    __audited__ = False

    id: Mapped[UUID] = mapped_column(primary_key=True)
    visitor: Mapped[UUID] = mapped_column(index=True)
    partner: Mapped[UUID | None]
    link: Mapped[str | None] = mapped_column(String(24))
    source: Mapped[str] = mapped_column(String(60))
    at: Mapped[datetime]


class Attribution(TenantRow):
    """Whose client somebody is, since when, by which rule, over which touches."""

    __tablename__ = "attribution"

    client: Mapped[UUID] = mapped_column(ForeignKey("client.id"), primary_key=True)
    valid_from: Mapped[datetime] = mapped_column(primary_key=True)
    valid_to: Mapped[datetime | None]
    partner: Mapped[UUID | None] = mapped_column(index=True)
    rule: Mapped[str] = mapped_column(String(60))
    touches: Mapped[list[Any]]


class Reward(TenantRow):
    """What one partner earned on one deal, with every number it was made of. Never changed.

    amount = round(base * (rate - below) * factor, 12); an excluded deal has amount 0 and says why.
    What a dispute takes back of it, or gives again, is a line of its own: the same sum with the
    factor of the taken share, `dispute` and its `step` (odd takes, even gives), and no lots.
    """

    __tablename__ = "reward"
    __append_only__ = True
    __audited__ = False

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=text("gen_random_uuid()"))
    server: Mapped[str] = mapped_column(String(40))
    deal: Mapped[int] = mapped_column(BigInteger)
    partner: Mapped[UUID]
    kind: Mapped[str] = mapped_column(String(20))
    client: Mapped[UUID]
    depth: Mapped[int] = mapped_column(Integer)
    deal_at: Mapped[datetime]
    symbol: Mapped[str] = mapped_column(String(32))
    symbol_group: Mapped[str] = mapped_column(String(24))
    lots: Mapped[Decimal]
    base: Mapped[Decimal]
    """What the rate applies to: lots, or the deal's commission in the reward's currency."""
    rate: Mapped[Decimal]
    below: Mapped[Decimal]
    """The highest rate of anyone nearer to the client: the difference is what is earned here."""
    income: Mapped[Decimal]
    factor: Mapped[Decimal]
    fx_rate: Mapped[Decimal]
    held_s: Mapped[int | None] = mapped_column(BigInteger)
    excluded: Mapped[str | None] = mapped_column(String(60))
    amount: Mapped[Decimal]
    currency: Mapped[str] = mapped_column(String(8))
    plan: Mapped[str] = mapped_column(String(40))
    plan_version: Mapped[int] = mapped_column(Integer)
    accrued_at: Mapped[datetime]
    dispute: Mapped[UUID | None]
    step: Mapped[int | None] = mapped_column(Integer)

    __table_args__ = (
        CheckConstraint("(dispute is null) = (step is null)", name="step"),
        Index(
            "uq_reward_deal_partner_kind",
            "server",
            "deal",
            "partner",
            "kind",
            unique=True,
            postgresql_where=text("dispute is null"),
        ),
        Index(
            "uq_reward_dispute",
            "dispute",
            "step",
            "server",
            "deal",
            "partner",
            "kind",
            unique=True,
            postgresql_where=text("dispute is not null"),
        ),
        Index("ix_reward_partner", "partner", "deal_at", "id"),
        Index("ix_reward_client", "client", "deal_at"),
        ForeignKeyConstraint(["partner"], ["partner.id"], name="fk_reward_partner"),
    )


class PayoutState(StrEnum):
    WAITING = "waiting"
    PAID = "paid"
    REFUSED = "refused"


class PartnerPayout(TenantRow):
    """Rewards of a partner up to an instant, rounded once and paid to the wallet.

    `carried` is the remainder below the currency's smallest unit, kept for the next payout.
    """

    __tablename__ = "partner_payout"
    MOVES: ClassVar[Mapping[str, set[str]]] = {
        PayoutState.WAITING: {PayoutState.PAID, PayoutState.REFUSED},
        PayoutState.REFUSED: set(),
        PayoutState.PAID: set(),
    }

    id: Mapped[UUID] = mapped_column(primary_key=True)
    partner: Mapped[UUID] = mapped_column(ForeignKey("partner.id"))
    accrued_to: Mapped[datetime]
    rewards: Mapped[int] = mapped_column(BigInteger)
    earned: Mapped[Decimal]
    carried_in: Mapped[Decimal]
    amount: Mapped[Decimal]
    carried: Mapped[Decimal]
    currency: Mapped[str] = mapped_column(String(8))
    state: Mapped[str] = mapped_column(String(12), default=PayoutState.WAITING)
    made_at: Mapped[datetime]
    made_by: Mapped[UUID | None]
    decided_by: Mapped[UUID | None]
    paid_at: Mapped[datetime | None]
    entry: Mapped[UUID | None]
    why: Mapped[str | None] = mapped_column(String(400))

    __table_args__ = (
        Index("uq_partner_payout_to", "partner", "accrued_to", unique=True),
        Index("ix_partner_payout_made", "made_at", "id"),
        CheckConstraint("amount >= 0", name="amount"),
    )
