"""Sends queued letters: claim, call, conclude."""

from stoa.kernel import process
from stoa.kernel.refusals import Unavailable
from stoa.notices import letters, sending
from stoa.notices.events import MailQueued
from stoa.tenancy.door import OpenWork


async def send_queued(open_work: OpenWork, fact: MailQueued) -> None:
    """Send one letter. Raises Unavailable to be tried again later; a sent one is not sent twice."""
    config = process.config()
    async with open_work() as work:
        letter = await letters.claim(work, fact.message, config)
    if letter is None:
        return

    outcome = await sending.send(config, letter)

    async with open_work() as work:
        await letters.conclude(work, fact.message, letter, outcome)
    if outcome.id is None and not outcome.final:
        raise Unavailable("The letter waits: {trouble}", trouble=outcome.trouble)
