"""Reads what was queued for a person, and lets reactions run, without a mail server."""

from sqlalchemy import select

from stoa.identity.model import Person
from stoa.jobs.drain import drain
from stoa.jobs.relay import fan_out
from stoa.notices.model import Message
from stoa.notices.notices import LINK
from stoa.tenancy.work import Work


async def newest(work: Work, person: Person, template: str) -> Message | None:
    return await work.first(
        select(Message)
        .where(Message.person == person.id, Message.template == template)
        .order_by(Message.queued_at.desc(), Message.id.desc())
    )


async def link(work: Work, person: Person, template: str) -> str:
    """The link of the newest letter of that kind."""
    message = await newest(work, person, template)
    assert message is not None, f"no letter {template}"
    return work.unseal(message.id, LINK, message.link_sealed) or ""


async def run_reactions(house, tenant, *lanes: str) -> None:
    """Hand out what was told and run these lanes until nothing in them is due."""
    while await fan_out(house.door, house.product, tenant):
        pass
    for lane in lanes or ("money", "platform", "kyc", "mail"):
        while await drain(house.door, house.product, tenant, lane):
            pass
