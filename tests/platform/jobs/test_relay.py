"""Doorbells: many rings for the same thing are one job, however slow the worker is."""

from stoa.jobs.relay import Relay
from stoa.jobs.worker import QUEUE, connect
from stoa.kernel.ids import uuid7


async def test_a_sweep_that_waits_is_not_queued_again(house):
    """A busy worker had three thousand sweeps before a letter, most of them the same few."""
    arq = await connect(house.config.redis_url)
    relay = Relay(house.door, house.product, arq)
    tenant = uuid7()
    before = await arq.zcard(QUEUE)

    for _ in range(50):
        await relay.ring_sweep(tenant, "brokerage.trading.sync.watch")
        await relay.ring_sweep(tenant, "brokerage.payments.settlement.sweep")

    # Fifty rings take no time; where they cross into the next slice, that is one more of each.
    assert 2 <= await arq.zcard(QUEUE) - before <= 4
    await arq.delete(QUEUE)
    await arq.aclose()
