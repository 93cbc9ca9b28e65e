"""Work off the request: files of leads, campaigns, leads out of and into registrations."""

from datetime import timedelta
from typing import Final

from sqlalchemy import select

from brokerage.clients.events import ClientRegistered, EmailVerified
from brokerage.clients.model import Client, State
from brokerage.crm import campaigns, imports, leads
from brokerage.crm.events import CampaignGoesOn, ImportAsked
from brokerage.crm.model import Lead
from brokerage.crm.settings import CrmSettings
from stoa.identity.model import Person
from stoa.notices.events import MailUnsubscribed
from stoa.tenancy.door import OpenWork

SWEPT: Final = 200
_OLDEST: Final = timedelta(days=60)


async def read_file(open_work: OpenWork, fact: ImportAsked) -> None:
    if fact.apply:
        await imports.take_over(open_work, fact.batch)
    else:
        await imports.check(open_work, fact.batch)


async def send_campaign(open_work: OpenWork, fact: CampaignGoesOn) -> None:
    await campaigns.go_on(open_work, fact.campaign)


async def note_left(open_work: OpenWork, fact: MailUnsubscribed) -> None:
    """Count it for the campaign whose link was used."""
    if fact.campaign is None or fact.person is None:
        return
    async with open_work() as work:
        await campaigns.left(work, fact.campaign, fact.person)


async def convert_registered(open_work: OpenWork, fact: ClientRegistered) -> None:
    """A lead with the same address has opened an account."""
    async with open_work() as work:
        lead = await work.first(
            select(Lead.id)
            .join(Person, Person.email_blind == Lead.email_blind)
            .where(Person.id == fact.client, Lead.client.is_(None))
        )
        if lead is not None:
            row = await work.lock(Lead, lead)
            if row.client is None:
                await leads.convert(work, row, await work.lock(Client, fact.client))


async def convert_verified(open_work: OpenWork, fact: EmailVerified) -> None:
    """Someone who was a lead for not having proven their address has proven it."""
    async with open_work() as work:
        lead = await work.first(
            select(Lead.id).where(Lead.client == fact.client, Lead.converted_at.is_(None))
        )
        if lead is not None:
            row = await work.lock(Lead, lead)
            if row.converted_at is None:
                await leads.convert(work, row, await work.lock(Client, fact.client))


async def gather_unverified(open_work: OpenWork) -> None:
    """Registrations nobody finished become leads, a couple of hundred at a time."""
    async with open_work() as work:
        hours = work.settings(CrmSettings).unverified_after_hours
        found = await work.table(
            select(Client, Person)
            .join(Person, Person.id == Client.id)
            .outerjoin(Lead, (Lead.email_blind == Person.email_blind) | (Lead.client == Client.id))
            .where(
                Client.state == State.REGISTERED,
                Client.registered_at < work.now - timedelta(hours=hours),
                Client.registered_at > work.now - _OLDEST,
                Person.email_verified_at.is_(None),
                Lead.id.is_(None),
            )
            .order_by(Client.id)
            .limit(SWEPT)
        )
        for client, person in found:
            await leads.from_registration(work, client, person)
        if found:
            work.announce("desk|leads")
