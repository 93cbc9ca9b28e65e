"""Time made to pass quickly after a storm: what is held by a living sender stays held."""

from datetime import timedelta

import asyncpg
import pytest
from sqlalchemy import update

from brokerage.faults.draining import OLDER
from stoa.events.model import Inbox
from stoa.kernel.config import Role
from stoa.kernel.ids import uuid7
from stoa.notices import notices
from stoa.notices.events import MailQueued
from stoa.notices.model import Message
from support.people import make_client_login

LATER = timedelta(hours=1)


async def a_letter_held(house, tenant, *, left):
    """A queued letter that somebody claimed, with `left` of the hold to go, and its fact's next try."""
    async with house.door.open(tenant) as work:
        person, _ = await make_client_login(work)
        message = await notices.mail(work, person.id, "reset", link="/reset/x")
        await work.run(
            update(Message).where(Message.id == message).values(claimed_until=work.now + left)
        )
        fact = uuid7()
        work.add(
            Inbox(
                fact=fact,
                reader="stoa.notices.jobs.send_queued",
                kind=MailQueued.kind,
                lane=MailQueued.lane,
                body={"message": str(message)},
                told_at=work.now,
                due_at=work.now + LATER,
            )
        )
    return message, fact


async def grown_older(house, tenant):
    owner = await asyncpg.connect(house.config.dsn(Role.ADMIN))
    try:
        await owner.execute(f'set search_path = "{tenant.schema}"')
        for sql in OLDER:
            await owner.execute(sql)
    finally:
        await owner.close()


@pytest.mark.parametrize(("left", "due"), [(600, False), (25, True)])
async def test_a_letter_is_tried_again_once_its_sender_must_have_died(house, aurora, left, due):
    message, fact = await a_letter_held(house, aurora, left=timedelta(seconds=left))

    await grown_older(house, aurora)

    async with house.door.open(aurora) as work:
        held = await work.get(Message, message)
        waiting = await work.get(Inbox, (fact, "stoa.notices.jobs.send_queued"))
        assert (held.claimed_until <= work.now, waiting.due_at <= work.now) == (due, due)
