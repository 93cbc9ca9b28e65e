"""Hear every public fact, and send what waits."""

from stoa.connectors.outside import outside
from stoa.events.facts import Fact, hearing
from stoa.tenancy.door import OpenWork
from stoa.webhooks import deliveries, replays
from stoa.webhooks.events import WebhookQueued


async def pass_on(open_work: OpenWork, fact: Fact) -> None:
    """Queue a public fact for whoever hears it, under the fact's own id."""
    heard = hearing.get()
    async with open_work() as work:
        await deliveries.queue(work, fact, heard)


async def send(open_work: OpenWork, _fact: WebhookQueued) -> None:
    """Safe to repeat: what was sent is no longer due."""
    await deliveries.deliver(open_work, outside().egress)


async def sweep(open_work: OpenWork) -> None:
    """What is due again after a pause, and what a lost doorbell or a dead worker left behind."""
    async with open_work() as work:
        await replays.give_up(work)
    await deliveries.deliver(open_work, outside().egress)
