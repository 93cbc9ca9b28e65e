"""Deposits and withdrawals. A yes to a withdrawal is a person's, signed in with both factors."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from msgspec import Meta
from sqlalchemy import select

from brokerage.api.offer import changes, reads
from brokerage.api.values import Amount, Asked, Currency, Listing, Page, digits, page
from brokerage.clients import queries as clients
from brokerage.payments.model import Deposit, Withdrawal
from brokerage.payments.permissions import Payments
from brokerage.payments.withdrawing import withdrawals
from stoa.kernel.refusals import NotFound
from stoa.tenancy.work import Work

TAG = "Payments"
DepositWord = Literal[
    "starting", "waiting", "failed", "expired", "cancelled", "review", "credited", "returned"
]
WithdrawalWord = Literal[
    "held", "review", "approved", "sending", "paid", "rejected", "cancelled", "returned"
]


class DepositView(msgspec.Struct, frozen=True, kw_only=True):
    """What a client pays in; `credited` once the money is in the wallet."""

    id: UUID
    reference: str
    client: UUID
    method: str
    amount: Amount
    fee: Amount
    currency: Currency
    state: DepositWord
    provider: Annotated[str | None, Meta(description="The provider's code in your settings.")]
    code: Annotated[str | None, Meta(description="Why it failed or waits for a person.")]
    started_at: datetime
    ended_at: datetime | None


class DepositListing(Listing, frozen=True, kw_only=True):
    """Deposits, newest first; every filter narrows."""

    client: UUID | None = None
    state: DepositWord | None = None
    reference: Annotated[str, Meta(max_length=16)] | None = None


class WithdrawalView(msgspec.Struct, frozen=True, kw_only=True):
    """What a client is to be paid. The amount is set aside from the moment they ask."""

    id: UUID
    reference: str
    client: UUID
    method: str
    amount: Amount
    fee: Amount
    currency: Currency
    state: WithdrawalWord
    code: Annotated[str | None, Meta(description="The check it waits for, or why it ended.")]
    reason: Annotated[str | None, Meta(description="What the client was told.")]
    approvals_needed: int
    asked_at: datetime
    promised_at: datetime
    decided_at: datetime | None
    ended_at: datetime | None


class WithdrawalListing(Listing, frozen=True, kw_only=True):
    """Withdrawals, newest first; every filter narrows."""

    client: UUID | None = None
    state: WithdrawalWord | None = None
    reference: Annotated[str, Meta(max_length=16)] | None = None


class Rejection(Asked, frozen=True, kw_only=True):
    """Why; the client reads it."""

    reason: Annotated[str, Meta(min_length=1, max_length=500)]


def _deposit(row: Deposit) -> DepositView:
    return DepositView(
        id=row.id,
        reference=row.reference,
        client=row.client,
        method=row.method,
        amount=digits(row.amount, row.currency),
        fee=digits(row.fee, row.currency),
        currency=row.currency,
        state=row.state,  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
        provider=row.psp,
        code=row.code,
        started_at=row.started_at,
        ended_at=row.ended_at,
    )


def _withdrawal(row: Withdrawal) -> WithdrawalView:
    return WithdrawalView(
        id=row.id,
        reference=row.reference,
        client=row.client,
        method=row.method,
        amount=digits(row.amount, row.currency),
        fee=digits(row.fee, row.currency),
        currency=row.currency,
        state=row.state,  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
        code=row.code,
        reason=row.reason,
        approvals_needed=row.need,
        asked_at=row.asked_at,
        promised_at=row.promised_at,
        decided_at=row.decided_at,
        ended_at=row.ended_at,
    )


async def _seen(work: Work, model: Any, row: UUID) -> Any:
    found = await work.first(
        select(model).where(model.id == row, clients.within(work, model.client))
    )
    if found is None:
        raise NotFound
    return found


def _narrowed(work: Work, model: Any, wanted: Any) -> Any:
    statement = select(model).where(clients.within(work, model.client))
    for column, value in (
        (model.client, wanted.client),
        (model.state, wanted.state),
        (model.reference, wanted.reference),
    ):
        if value is not None:
            statement = statement.where(column == value)
    return statement


@reads("/deposits", Payments.DEPOSITS, TAG)
async def deposits(work: Work, wanted: DepositListing) -> Page[DepositView]:
    """List deposits."""
    return await page(work, _narrowed(work, Deposit, wanted), Deposit.id, wanted, _deposit)


@reads("/deposits/{deposit}", Payments.DEPOSITS, TAG)
async def deposit(work: Work, deposit: UUID) -> DepositView:
    """Read one deposit."""
    return _deposit(await _seen(work, Deposit, deposit))


@reads("/withdrawals", Payments.WITHDRAWALS, TAG)
async def listed(work: Work, wanted: WithdrawalListing) -> Page[WithdrawalView]:
    """List withdrawals."""
    found = _narrowed(work, Withdrawal, wanted)
    return await page(work, found, Withdrawal.id, wanted, _withdrawal)


@reads("/withdrawals/{withdrawal}", Payments.WITHDRAWALS, TAG)
async def one(work: Work, withdrawal: UUID) -> WithdrawalView:
    """Read one withdrawal."""
    return _withdrawal(await _seen(work, Withdrawal, withdrawal))


@changes("/withdrawals/{withdrawal}/reject", Payments.APPROVE, TAG)
async def reject(work: Work, withdrawal: UUID, asked: Rejection) -> WithdrawalView:
    """Reject a withdrawal.

    The money is the client's to spend again and they are told the reason. Approving is left to
    people who are signed in; whoever asked for a withdrawal decides about it on no path.
    """
    await _seen(work, Withdrawal, withdrawal)
    return _withdrawal(await withdrawals.reject(work, withdrawal, asked.reason))
