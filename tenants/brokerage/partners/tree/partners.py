"""Joining; what a partner is paid by is their standing."""

import secrets
from typing import Final
from uuid import UUID

from brokerage.clients.model import Client
from brokerage.partners import rules
from brokerage.partners.events import PartnerJoined
from brokerage.partners.model import (
    Partner,
    PartnerLink,
    PartnerState,
)
from brokerage.partners.permissions import Partners
from brokerage.partners.settings import PartnerSettings
from brokerage.partners.tree import placing, standings
from stoa.kernel.refusals import Conflict, Invalid
from stoa.tenancy.actor import Kind
from stoa.tenancy.work import Work

_ALPHABET: Final = "abcdefghjkmnpqrstuvwxyz23456789"


async def enrol(
    work: Work,
    client: UUID,
    *,
    parent: UUID | None = None,
    plan: str | None = None,
    rates: dict[str, str] | None = None,
    invited: bool = False,
) -> Partner:
    """Make a client a partner, under another one or at the top.

    Agreed rates never exceed the parent's. A client applying by themselves waits for staff unless
    they were invited or the tenant lets everyone join; they agree to the plan's version with it,
    while one made by staff is asked in the portal. Raises Conflict when they are a partner already.
    """
    settings = work.settings(PartnerSettings)
    if work.actor.kind is Kind.CLIENT:
        work.require(Partners.OWN)
        work.actor.own(client)
    else:
        work.require(Partners.EDIT)
    row = await work.lock(Client, client)
    if await work.session.get(Partner, client) is not None:
        raise Conflict("This client is a partner already. Nothing was changed.")
    chosen = settings.plan(plan or settings.default_plan)
    above = await work.get(Partner, parent) if parent is not None else None
    if above is not None and rates:
        rules.within_parent(rates, above.rates, settings.plan(above.plan))

    waiting = work.actor.kind is Kind.CLIENT and not (settings.access == "auto" or invited)
    partner = Partner(
        id=row.id,
        code="".join(secrets.choice(_ALPHABET) for _ in range(8)),
        parent=parent,
        plan=chosen.code,
        rates=dict(rates or {}),
        currency=chosen.currency,
        state=PartnerState.APPLIED if waiting else PartnerState.ACTIVE,
        agreement=chosen.version if work.actor.kind is Kind.CLIENT else None,
        agreed_at=work.now if work.actor.kind is Kind.CLIENT else None,
        joined_at=work.now,
    )
    work.add(partner)
    await work.flush()
    work.add(PartnerLink(code=partner.code, partner=partner.id, name="Main", made_at=work.now))
    await placing.place(work, partner.id, parent)
    if not waiting:
        await standings.begin(work, [partner])
    work.tell(PartnerJoined(partner=partner.id, parent=parent))
    return partner


async def add_link(work: Work, partner: UUID, name: str) -> PartnerLink:
    """A link with a campaign of its own."""
    work.require(Partners.OWN if work.actor.kind is Kind.CLIENT else Partners.EDIT)
    work.actor.own(partner)
    row = await work.get(Partner, partner)
    if not name.strip():
        raise Invalid("Give the campaign a name.", field="name")
    code = f"{row.code[:4]}{''.join(secrets.choice(_ALPHABET) for _ in range(6))}"
    link = PartnerLink(code=code, partner=partner, name=name.strip()[:60], made_at=work.now)
    work.add(link)
    return link
