"""Leads from your own pages and campaigns."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from brokerage.api.offer import changes, reads
from brokerage.api.values import Asked
from brokerage.crm import leads
from brokerage.crm.model import Lead
from brokerage.crm.permissions import Crm
from brokerage.crm.queries import seen_lead
from stoa.tenancy.work import Work

TAG = "Leads"


class LeadView(msgspec.Struct, frozen=True, kw_only=True):
    """Someone who may become a client; their personal data is not told again."""

    id: UUID
    stage: str
    score: int
    source: str
    campaign: str | None
    country: str | None
    language: str
    owner: UUID | None
    client: Annotated[UUID | None, Meta(description="The client they became.")]
    created_at: datetime
    converted_at: datetime | None


class NewLead(Asked, frozen=True, kw_only=True):
    """A lead; an address that is known already is refused with `lead-known` or `client-known`."""

    name: Annotated[str, Meta(min_length=1, max_length=160)]
    email: Annotated[str, Meta(min_length=3, max_length=254)]
    phone: Annotated[str, Meta(max_length=40)] = ""
    country: Annotated[str, Meta(max_length=2, description="ISO 3166-1 alpha-2.")] = ""
    language: Annotated[str, Meta(max_length=8)] = "en"
    source: Annotated[str, Meta(max_length=60)] = "api"
    campaign: Annotated[str, Meta(max_length=120)] = ""


def _lead(row: Lead) -> LeadView:
    return LeadView(
        id=row.id,
        stage=row.stage,
        score=row.score,
        source=row.source,
        campaign=row.campaign,
        country=row.country,
        language=row.language,
        owner=row.owner,
        client=row.client,
        created_at=row.created_at,
        converted_at=row.converted_at,
    )


@reads("/leads/{lead}", Crm.LEADS_VIEW, TAG)
async def one(work: Work, lead: UUID) -> LeadView:
    """Read one lead."""
    return _lead(await seen_lead(work, lead))


@changes("/leads", Crm.LEADS_EDIT, TAG, status=201)
async def create(work: Work, asked: NewLead) -> LeadView:
    """Hand in a lead.

    It is scored by your rules, given to whoever's turn it is, and `lead.created` is told.
    """
    row = await leads.create(
        work,
        leads.Wish(
            name=asked.name,
            email=asked.email,
            phone=asked.phone,
            country=asked.country,
            language=asked.language,
            source=asked.source,
            campaign=asked.campaign,
        ),
    )
    return _lead(row)
