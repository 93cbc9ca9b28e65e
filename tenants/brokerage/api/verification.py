"""Verification cases, as far as another system may know of them."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import Meta
from sqlalchemy import select

from brokerage.api.offer import reads
from brokerage.api.values import Listing, Page, page
from brokerage.clients import queries as clients
from brokerage.kyc.model import KycCase
from brokerage.kyc.permissions import Kyc
from stoa.kernel.refusals import NotFound
from stoa.tenancy.work import Work

TAG = "Verification"
CaseWord = Literal["open", "checking", "review", "asked", "approved", "rejected", "closed"]


class CaseView(msgspec.Struct, frozen=True, kw_only=True):
    """One round of verification. Risk is null without the scope `kyc:screening:view`."""

    id: UUID
    client: UUID
    why: Annotated[str, Meta(description="first, refresh, country, expiry or again.")]
    state: CaseWord
    pack: Annotated[str, Meta(description="The jurisdiction pack whose rules hold.")]
    attempt: int
    opened_at: datetime
    submitted_at: datetime | None
    due_at: datetime | None
    decided_at: datetime | None
    reason: str | None
    risk: str | None


class CaseListing(Listing, frozen=True, kw_only=True):
    """Verification cases, newest first; every filter narrows."""

    client: UUID | None = None
    state: CaseWord | None = None


def _case(work: Work, row: KycCase) -> CaseView:
    risky = work.actor.may(Kyc.SCREENING_VIEW)
    return CaseView(
        id=row.id,
        client=row.client,
        why=row.why,
        state=row.state,  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
        pack=row.pack,
        attempt=row.attempt,
        opened_at=row.opened_at,
        submitted_at=row.submitted_at,
        due_at=row.due_at,
        decided_at=row.decided_at,
        reason=row.reason,
        risk=row.risk_band if risky else None,
    )


@reads("/kyc-cases", Kyc.CASES_VIEW, TAG)
async def listed(work: Work, wanted: CaseListing) -> Page[CaseView]:
    """List verification cases."""
    statement = select(KycCase).where(clients.within(work, KycCase.client))
    if wanted.client is not None:
        statement = statement.where(KycCase.client == wanted.client)
    if wanted.state is not None:
        statement = statement.where(KycCase.state == wanted.state)
    return await page(work, statement, KycCase.id, wanted, lambda row: _case(work, row))


@reads("/kyc-cases/{case}", Kyc.CASES_VIEW, TAG)
async def one(work: Work, case: UUID) -> CaseView:
    """Read one verification case."""
    row = await work.first(
        select(KycCase).where(KycCase.id == case, clients.within(work, KycCase.client))
    )
    if row is None:
        raise NotFound
    return _case(work, row)
