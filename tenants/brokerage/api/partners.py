"""Partners and what they earned, down to the deal and every number it was made of."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import Meta
from sqlalchemy import select, tuple_

from brokerage.api.offer import reads
from brokerage.api.values import Amount, Currency, Listing, Page, page, plain
from brokerage.partners import queries
from brokerage.partners.model import Partner, Reward
from brokerage.partners.permissions import Partners
from stoa.tenancy.work import Work

TAG = "Partners"
PartnerWord = Literal["applied", "active", "paused", "closed"]


class PartnerView(msgspec.Struct, frozen=True, kw_only=True):
    """A client who introduces others; the id is the client's."""

    id: UUID
    code: str
    parent: UUID | None
    plan: str
    currency: Currency
    state: PartnerWord
    joined_at: datetime


class PartnerListing(Listing, frozen=True, kw_only=True):
    """Partners, newest first; every filter narrows."""

    state: PartnerWord | None = None
    parent: UUID | None = None
    code: Annotated[str, Meta(max_length=24)] | None = None


class RewardListing(Listing, frozen=True, kw_only=True):
    """A partner's rewards, the newest deal first."""

    deals_from: datetime | None = None
    deals_to: datetime | None = None


class RewardView(msgspec.Struct, frozen=True, kw_only=True):
    """What one partner earned: amount = base x (rate - below) x ratio x factor - already."""

    id: UUID
    partner: UUID
    client: UUID
    server: str
    deal: int
    deal_at: datetime
    kind: str
    symbol: str
    symbol_group: str
    depth: int
    lots: Amount
    base: Amount
    rate: Amount
    below: Annotated[Amount, Meta(description="The highest rate of anyone nearer to the client.")]
    factor: Annotated[Amount, Meta(description="What the cap on our income leaves, else 1.")]
    ratio: Annotated[Amount, Meta(description="Personal and master ratio together, else 1.")]
    already: Annotated[Amount, Meta(description="Given by earlier lines of the same reward.")]
    turn: Annotated[int, Meta(description="0 for the reward, above for adjustments of it.")]
    cause: Annotated[str | None, Meta(description="Why it was adjusted, else null.")]
    how: Annotated[
        str | None, Meta(description="difference, level or same-rank; null of older rewards.")
    ]
    found_by: Annotated[str | None, Meta(description="Which rule of the plan the rate is of.")]
    tier: str | None
    fx_rate: Amount
    amount: Annotated[Amount, Meta(description="Unrounded; rounded once, when paid out.")]
    currency: Currency
    excluded: Annotated[str | None, Meta(description="Why it counts nothing, else null.")]
    held_s: Annotated[int | None, Meta(description="How long the position was held.")]
    dispute: Annotated[
        UUID | None,
        Meta(description="The dispute that took it back or gave it again; its lots are 0 then."),
    ]
    plan: str
    plan_version: int
    accrued_at: datetime


class Share(msgspec.Struct, frozen=True, kw_only=True):
    """One partner's part of the same deal."""

    partner: UUID
    code: str
    depth: int
    rate: Amount
    below: Amount
    amount: Amount


class RewardExplained(msgspec.Struct, frozen=True, kw_only=True):
    """A reward, the sum done again from what is stored, and how the deal was shared."""

    reward: RewardView
    recomputed: Amount
    agrees: bool
    attributed_by: Annotated[str, Meta(description="The rule that made the client this tree's.")]
    shares: list[Share]


def _partner(row: Partner) -> PartnerView:
    return PartnerView(
        id=row.id,
        code=row.code,
        parent=row.parent,
        plan=row.plan,
        currency=row.currency,
        state=row.state,  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
        joined_at=row.joined_at,
    )


def _reward(row: Reward) -> RewardView:
    return RewardView(
        id=row.id,
        partner=row.partner,
        client=row.client,
        server=row.server,
        deal=row.deal,
        deal_at=row.deal_at,
        kind=row.kind,
        symbol=row.symbol,
        symbol_group=row.symbol_group,
        depth=row.depth,
        lots=plain(row.lots),
        base=plain(row.base),
        rate=plain(row.rate),
        below=plain(row.below),
        factor=plain(row.factor if row.factor is not None else Decimal(1)),
        ratio=plain(row.ratio if row.ratio is not None else Decimal(1)),
        already=plain(row.already or Decimal(0)),
        turn=row.turn,
        cause=row.cause,
        how=row.how,
        found_by=row.found_by,
        tier=row.tier,
        fx_rate=plain(row.fx_rate),
        amount=plain(row.amount),
        currency=row.currency,
        excluded=row.excluded,
        held_s=row.held_s,
        dispute=row.dispute,
        plan=row.plan,
        plan_version=row.plan_version,
        accrued_at=row.accrued_at,
    )


@reads("/partners", Partners.VIEW, TAG)
async def listed(work: Work, wanted: PartnerListing) -> Page[PartnerView]:
    """List partners."""
    statement = select(Partner)
    for column, value in (
        (Partner.state, wanted.state),
        (Partner.parent, wanted.parent),
        (Partner.code, wanted.code),
    ):
        if value is not None:
            statement = statement.where(column == value)
    return await page(work, statement, Partner.id, wanted, _partner)


@reads("/partners/{partner}", Partners.VIEW, TAG)
async def one(work: Work, partner: UUID) -> PartnerView:
    """Read one partner."""
    return _partner(await work.get(Partner, partner))


@reads("/partners/{partner}/rewards", Partners.VIEW, TAG)
async def rewards(work: Work, partner: UUID, wanted: RewardListing) -> Page[RewardView]:
    """List what a partner earned, deal by deal."""
    await work.get(Partner, partner)
    statement = select(Reward).where(Reward.partner == partner)
    if wanted.deals_from is not None:
        statement = statement.where(Reward.deal_at >= wanted.deals_from)
    if wanted.deals_to is not None:
        statement = statement.where(Reward.deal_at < wanted.deals_to)
    if wanted.after is not None:
        last = await work.get(Reward, wanted.after)
        statement = statement.where(tuple_(Reward.deal_at, Reward.id) < (last.deal_at, last.id))
    rows = await work.rows(
        statement.order_by(Reward.deal_at.desc(), Reward.id.desc()).limit(wanted.limit + 1)
    )
    shown = rows[: wanted.limit]
    return Page(
        items=[_reward(row) for row in shown],
        next=shown[-1].id if len(rows) > wanted.limit else None,
    )


@reads("/rewards/{reward}", Partners.VIEW, TAG)
async def explained(work: Work, reward: UUID) -> RewardExplained:
    """Read one reward with its explanation."""
    told = await queries.reward(work, reward)
    return RewardExplained(
        reward=_reward(told["row"]),
        recomputed=plain(told["again"]),
        agrees=told["agrees"],
        attributed_by=str(told["rule"]),
        shares=[
            Share(
                partner=part["line"].partner,
                code=part["code"],
                depth=part["line"].depth,
                rate=plain(part["line"].rate),
                below=plain(part["line"].below),
                amount=plain(part["line"].amount),
            )
            for part in told["waterfall"]
        ],
    )
