"""Builders for tests of leads and campaigns."""

import secrets

from brokerage.clients import verification
from brokerage.clients.model import Client
from brokerage.crm import campaigns, leads, segments
from brokerage.crm.model import Campaign
from stoa.tenancy.work import Work
from support import clients as somebody


def address() -> str:
    return f"{secrets.token_hex(6)}@example.com"


async def a_lead(work: Work, **more):
    return await leads.create(
        work, leads.Wish(**({"name": "Lía Prado", "email": address(), "country": "ES"} | more))
    )


async def a_client(work: Work, *, proven: bool = True, **more) -> Client:
    row = await somebody.a_client(work, **more)
    if proven:
        await verification.confirm(work, row.id)
    return row


async def a_campaign(work: Work, tag: str, **more) -> Campaign:
    segment = await segments.save(
        work, f"tagged {secrets.token_hex(4)}", segments.Conditions(tag=tag)
    )
    texts = more.pop("texts", None) or {
        "en": campaigns.Text(subject="Hello {first_name}", body="Dear {name},\n\nyours, {brand}"),
    }
    return await campaigns.save(work, name="Spring", segment=segment.id, texts=texts, **more)


def a_tag() -> str:
    return f"t{secrets.token_hex(4)}"
