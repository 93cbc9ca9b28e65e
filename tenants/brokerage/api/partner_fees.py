"""Fees of your other systems (challenges, managed accounts, copied strategies) that partners earn from."""

from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import Meta
from sqlalchemy import func, select

from brokerage.api.offer import changes, reads
from brokerage.api.values import Amount, Asked, Currency, digits, plain
from brokerage.clients import queries as clients
from brokerage.partners.fees import booking
from brokerage.partners.fees.model import PartnerFee
from brokerage.partners.model import Reward
from brokerage.partners.permissions import Partners
from stoa.kernel.refusals import Invalid
from stoa.tenancy.work import Work

TAG = "Partners"
FeeKind = Literal["prop", "pamm", "copy", "other"]


class FeeView(msgspec.Struct, frozen=True, kw_only=True):
    """A fee as it was told, and what all partners together earned of it."""

    id: UUID
    kind: FeeKind
    reference: str
    client: UUID
    account: UUID | None
    amount: Amount
    currency: Currency
    at: datetime
    counted: Annotated[
        bool, Meta(description="False while the engine is paused or a rate missing.")
    ]
    earned: Annotated[Amount, Meta(description="By all partners, in the currency of your plans.")]
    undone_at: datetime | None


class NewFee(Asked, frozen=True, kw_only=True):
    """A fee; `kind` and `reference` name it for ever. Told again in the same words, nothing is added;
    other words under the same name are refused with `reference-used`.
    """

    kind: FeeKind
    reference: Annotated[str, Meta(min_length=1, max_length=80)]
    client: UUID
    account: UUID | None = None
    amount: Amount
    currency: Currency
    at: Annotated[datetime, Meta(tz=True)]


class Undone(Asked, frozen=True, kw_only=True):
    """Why the client got it back."""

    reason: Annotated[str, Meta(min_length=3, max_length=200)]


async def _view(work: Work, row: PartnerFee) -> FeeView:
    earned = await work.value(
        select(func.coalesce(func.sum(Reward.amount), 0)).where(
            Reward.deal == row.number, Reward.server == row.kind
        )
    )
    return FeeView(
        id=row.id,
        kind=row.kind,  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
        reference=row.reference,
        client=row.client,
        account=row.account,
        amount=digits(row.amount, row.currency),
        currency=row.currency,
        at=row.at,
        counted=row.fx is not None,
        earned=plain(Decimal(earned)),
        undone_at=row.undone_at,
    )


@reads("/partner-fees/{fee}", Partners.VIEW, TAG)
async def one(work: Work, fee: UUID) -> FeeView:
    """Read one fee."""
    row = await work.get(PartnerFee, fee)
    await clients.seen(work, row.client)
    return await _view(work, row)


@changes("/partner-fees", Partners.FEES, TAG, status=201)
async def tell(work: Work, asked: NewFee) -> FeeView:
    """Tell a fee that partners earn from.

    It is rewarded at once by the plans and the tree of its time, as a deal is.
    """
    try:
        amount = Decimal(asked.amount)
    except InvalidOperation as why:
        raise Invalid("Write a number in digits.", field="amount") from why
    fact = booking.Fact(
        kind=asked.kind,
        reference=asked.reference,
        client=asked.client,
        amount=amount,
        currency=asked.currency,
        at=asked.at,
        account=asked.account,
    )
    rows, _ = await booking.tell(work, [fact])
    await work.session.refresh(rows[0])
    return await _view(work, rows[0])


@changes("/partner-fees/{fee}/undo", Partners.FEES, TAG)
async def undo(work: Work, fee: UUID, asked: Undone) -> FeeView:
    """Take back what a fee earned, because the client got it back."""
    return await _view(work, await booking.undo(work, fee, why=asked.reason))
