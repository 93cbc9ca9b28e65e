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
    Index,
    Integer,
    String,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from brokerage.partners.fees.model import PartnerFee
from brokerage.partners.objecting.model import Objection, ObjectionState
from brokerage.partners.paying.model import PartnerPayout, PayoutState
from stoa.db.rows import TenantRow

__all__ = [
    "Attribution",
    "Objection",
    "ObjectionState",
    "Partner",
    "PartnerFee",
    "PartnerLine",
    "PartnerLink",
    "PartnerPayout",
    "PartnerStanding",
    "PartnerState",
    "PartnerTouch",
    "PayoutState",
    "Reward",
]


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
    pay_in: Mapped[str | None] = mapped_column(String(8))
    """What they are paid in where that is not the currency of their rewards."""
    moving: Mapped[dict[str, Any] | None]
    """A place they move to on a day that is still to come: `to`, `at`, `why`."""
    cleared: Mapped[list[Any]] = mapped_column(default=list, server_default=text("'[]'::jsonb"))
    """Signs of fraud that somebody looked at and let be."""
    inbound: Mapped[int] = mapped_column(Integer, default=0, server_default=text("0"))
    """Which secret their calls about clicks are signed with: counted up with each new one, 0 for none."""
    wanted: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    """Ratios that wait for a second person: `ratio`, `master`, `since`, `until`, `why`, `by`, `at`."""

    __table_args__ = (
        Index("ix_partner_joined_at", "joined_at", "id"),
        Index("ix_partner_state", "state"),
        Index("ix_partner_moving", "id", postgresql_where=text("moving is not null")),
        Index("ix_partner_wanted", "id", postgresql_where=text("wanted is not null")),
    )


class PartnerLine(TenantRow):
    """The closure of the tree with its validity: who stood above whom, at what depth, from when."""

    __tablename__ = "partner_line"

    partner: Mapped[UUID] = mapped_column(ForeignKey("partner.id"), primary_key=True)
    above: Mapped[UUID] = mapped_column(ForeignKey("partner.id"), primary_key=True)
    valid_from: Mapped[datetime] = mapped_column(primary_key=True)
    valid_to: Mapped[datetime | None]
    depth: Mapped[int] = mapped_column(Integer)

    __table_args__ = (Index("ix_partner_line_above", "above", "depth"),)


class PartnerStanding(TenantRow):
    """What a partner is paid by while it holds: plan, tier, agreed rates, ratios, exclusions.

    `own` is {"rates": {kind: rate}, "excluded": {"held_less_than_s", "pips_less_than", "products"}};
    percentages are written as percentages. `ratio` is on their own rewards, `master` on those of
    everybody below, where they stand at the top. `because` says which judgement or person began it.
    """

    __tablename__ = "partner_standing"

    partner: Mapped[UUID] = mapped_column(ForeignKey("partner.id"), primary_key=True)
    valid_from: Mapped[datetime] = mapped_column(primary_key=True)
    valid_to: Mapped[datetime | None]
    plan: Mapped[str] = mapped_column(String(40))
    tier: Mapped[str] = mapped_column(String(40), default="")
    own: Mapped[dict[str, Any]] = mapped_column(default=dict)
    ratio: Mapped[Decimal] = mapped_column(default=Decimal(1))
    master: Mapped[Decimal] = mapped_column(default=Decimal(1))
    below_since: Mapped[datetime | None]
    """Since when the tier's window has been below what the tier asks."""
    because: Mapped[dict[str, Any]] = mapped_column(default=dict)

    __table_args__ = (
        CheckConstraint("ratio >= 0 and master >= 0", name="ratios"),
        CheckConstraint("valid_to is null or valid_to > valid_from", name="period"),
    )


class PartnerLink(TenantRow):
    """A link of a partner with a campaign of its own."""

    __tablename__ = "partner_link"

    code: Mapped[str] = mapped_column(String(24), primary_key=True)
    partner: Mapped[UUID] = mapped_column(ForeignKey("partner.id"), index=True)
    name: Mapped[str] = mapped_column(String(60))
    made_at: Mapped[datetime]
    clicks: Mapped[int] = mapped_column(BigInteger, default=0)
    rates: Mapped[dict[str, Any] | None]
    """An invitation: who comes by it may become a partner below, at these rates."""
    ended_at: Mapped[datetime | None]


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
    kind: Mapped[str] = mapped_column(String(12), server_default="link")
    """How it came: link, code, advert, postback or manual."""
    click: Mapped[str | None] = mapped_column(String(120))
    """The affiliate's own number of the click, told back to them in postbacks."""

    __table_args__ = (
        Index("ix_partner_touch_link", "link", "source", postgresql_where=text("link is not null")),
    )


class Attribution(TenantRow):
    """Whose client somebody is, since when, by which rule, over which touches."""

    __tablename__ = "attribution"

    client: Mapped[UUID] = mapped_column(ForeignKey("client.id"), primary_key=True)
    valid_from: Mapped[datetime] = mapped_column(primary_key=True)
    valid_to: Mapped[datetime | None]
    partner: Mapped[UUID | None] = mapped_column(index=True)
    rule: Mapped[str] = mapped_column(String(60))
    touches: Mapped[list[Any]]
    link: Mapped[str | None] = mapped_column(String(24))
    click: Mapped[str | None] = mapped_column(String(120))
    contest: Mapped[str | None] = mapped_column(String(8))
    """Open while several partners brought the client and nobody has looked; decided after."""
    by: Mapped[UUID | None]
    met: Mapped[dict[str, Any] | None]
    """When the conditions of a sum per client were met, and with what."""
    via: Mapped[str | None] = mapped_column(String(60))
    """The source of the touch that decided, such as `banner:spring`."""
    share: Mapped[list[Any] | None] = mapped_column(JSONB(none_as_null=True))
    """What the partner gives this client of their rewards: terms, the oldest first (`sharing.rules`)."""

    __table_args__ = (
        Index(
            "ix_attribution_met",
            "client",
            postgresql_where=text("met is null and valid_to is null and partner is not null"),
        ),
        CheckConstraint("contest in ('open', 'decided')", name="contest"),
        Index("ix_attribution_link", "link", postgresql_where=text("link is not null")),
        Index("ix_attribution_valid_from", "valid_from"),
        Index("ix_attribution_share", "partner", postgresql_where=text("share is not null")),
        Index(
            "ix_attribution_contest",
            "valid_from",
            "client",
            postgresql_where=text("contest = 'open'"),
        ),
    )


class Reward(TenantRow):
    """What one partner earned on one deal, with every number it was made of. Never changed.

    amount = round(base * max(rate - below, 0) * ratio * factor, 12) - already; excluded, the first part
    is 0 and `excluded` says why. What is empty of `ratio` and `factor` is 1, of `already` 0. A later
    difference is a line of its own (`turn` above 0, `cause` says of what), which states the whole sum
    anew and takes off what was `already` given. What a dispute takes back of it, or gives again, is a
    line with `dispute` and its `step` (odd takes, even gives), and no lots. Deal 0 is none: `server` is
    then `cpa`, the month of a profit's share, or what a fee is of.
    """

    __tablename__ = "reward"
    __append_only__ = True
    __audited__ = False

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=text("gen_random_uuid()"))
    server: Mapped[str] = mapped_column(String(40))
    deal: Mapped[int] = mapped_column(BigInteger)
    partner: Mapped[UUID]
    kind: Mapped[str] = mapped_column(String(20))
    turn: Mapped[int] = mapped_column(Integer, server_default="0")
    client: Mapped[UUID]
    depth: Mapped[int] = mapped_column(Integer)
    deal_at: Mapped[datetime]
    symbol: Mapped[str] = mapped_column(String(32))
    symbol_group: Mapped[str] = mapped_column(String(40))
    lots: Mapped[Decimal]
    base: Mapped[Decimal]
    """What the rate applies to: lots, or commission, spread, income or profit in the currency."""
    rate: Mapped[Decimal]
    below: Mapped[Decimal]
    """The highest rate of anyone nearer to the client: the difference is what is earned here."""
    ratio: Mapped[Decimal | None]
    income: Mapped[Decimal]
    cap: Mapped[Decimal | None]
    """Where the cap was reached: the share of `income`, and what all earn `together` without it."""
    together: Mapped[Decimal | None]
    factor: Mapped[Decimal | None]
    already: Mapped[Decimal | None]
    fx_rate: Mapped[Decimal]
    held_s: Mapped[int | None] = mapped_column(BigInteger)
    pips: Mapped[Decimal | None]
    spread: Mapped[str | None] = mapped_column(String(8))
    """What a share of spread was of: `tick` or `markup`."""
    how: Mapped[str | None] = mapped_column(String(16))
    found_by: Mapped[str | None] = mapped_column(String(120))
    tier: Mapped[str | None] = mapped_column(String(40))
    excluded: Mapped[str | None] = mapped_column(String(80))
    amount: Mapped[Decimal]
    currency: Mapped[str] = mapped_column(String(8))
    plan: Mapped[str] = mapped_column(String(40))
    plan_version: Mapped[int] = mapped_column(Integer)
    accrued_at: Mapped[datetime]
    cause: Mapped[str | None] = mapped_column(String(120))
    dispute: Mapped[UUID | None]
    step: Mapped[int | None] = mapped_column(Integer)

    __table_args__ = (
        CheckConstraint("(dispute is null) = (step is null)", name="step"),
        Index(
            "uq_reward_deal",
            "deal",
            "server",
            "partner",
            "kind",
            "turn",
            unique=True,
            postgresql_where=text("dispute is null and deal <> 0"),
        ),
        Index(
            "uq_reward_client",
            "client",
            "partner",
            "kind",
            "server",
            "turn",
            unique=True,
            postgresql_where=text("dispute is null and deal = 0"),
        ),
        Index(
            "uq_reward_dispute",
            "dispute",
            "step",
            "client",
            "deal",
            "server",
            "partner",
            "kind",
            "turn",
            unique=True,
            postgresql_where=text("dispute is not null"),
        ),
        Index("ix_reward_partner", "partner", "deal_at", "id"),
    )
