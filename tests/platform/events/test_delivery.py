"""From a commit to each reader, once: outbox, relay, inbox, on a real database."""

import asyncio
import random

import pytest
from sqlalchemy import func, select, text, update

from stoa.events.model import Inbox, Outbox
from stoa.jobs import drain
from stoa.jobs.relay import fan_out
from support.probe import Probe, Probed

LANE = Probed.lane


@pytest.fixture
async def place(house):
    """A sub-broker of its own whose outbox is empty, a probe, and the probe's product."""
    tenant = await house.tenant()
    async with house.door.open(tenant) as work:
        await work.run(update(Outbox).values(relayed_at=work.now))
    probe = Probe()
    return house.door, tenant, probe, probe.product


async def tell(door, tenant, *facts):
    async with door.open(tenant, purpose="test.tell") as work:
        for one in facts:
            work.tell(one)


async def relay_all(door, product, tenant):
    while await fan_out(door, product, tenant):
        pass


async def drain_all(door, product, tenant):
    while await drain.drain(door, product, tenant, LANE):
        pass


async def inbox(door, tenant):
    async with door.open(tenant) as work:
        return list(await work.rows(select(Inbox).where(Inbox.kind == Probed.kind)))


async def test_a_fact_reaches_each_of_its_readers_once(place):
    door, tenant, probe, product = place
    await tell(door, tenant, *(Probed(number=n) for n in range(50)))

    await relay_all(door, product, tenant)
    await drain_all(door, product, tenant)

    assert set(probe.heard.values()) == set(probe.others.values()) == {1}
    assert len(probe.heard) == len(probe.others) == len(probe.ids) == 50
    assert {row.state for row in await inbox(door, tenant)} == {"done"}


async def test_what_was_rolled_back_was_never_told(place):
    door, tenant, _probe, product = place

    with pytest.raises(ZeroDivisionError):
        async with door.open(tenant) as work:
            work.tell(Probed(number=1))
            raise ZeroDivisionError

    await relay_all(door, product, tenant)
    assert await inbox(door, tenant) == []


async def test_a_relay_that_forgot_what_it_did_tells_nobody_twice(place):
    """Killed between writing the inbox and marking the outbox, with the first part kept."""
    door, tenant, probe, product = place
    await tell(door, tenant, *(Probed(number=n) for n in range(30)))
    await relay_all(door, product, tenant)
    await drain_all(door, product, tenant)
    async with door.open(tenant) as work:
        await work.run(update(Outbox).where(Outbox.kind == Probed.kind).values(relayed_at=None))

    await relay_all(door, product, tenant)
    await drain_all(door, product, tenant)

    assert set(probe.heard.values()) == {1}
    assert len(await inbox(door, tenant)) == 60


async def test_eight_relays_at_once_share_the_work_and_repeat_none(place):
    door, tenant, _probe, product = place
    await tell(door, tenant, *(Probed(number=n) for n in range(900)))

    async def one():
        counted = 0
        while fanned := await fan_out(door, product, tenant):
            counted += sum(fanned.lanes.values())
        return counted

    counted = await asyncio.gather(*(one() for _ in range(8)))

    # A relay that finds every row locked ends early; whoever holds them goes on.
    await relay_all(door, product, tenant)
    rows = await inbox(door, tenant)
    assert len(rows) == 1800
    assert sum(counted) <= 1800


async def test_a_fact_that_commits_late_is_not_passed_over(place):
    """T111: 16 writers that commit in another order than they wrote."""
    door, tenant, probe, product = place
    chance = random.Random(7)
    writing = True

    async def writer(base):
        for number in range(25):
            async with door.open(tenant) as work:
                work.tell(Probed(number=base + number))
                await work.close()
                work.told.clear()
                await asyncio.sleep(chance.random() / 40)

    async def relaying():
        while writing:
            await fan_out(door, product, tenant)
            await asyncio.sleep(0.005)

    running = asyncio.create_task(relaying())
    for part in range(2):
        await asyncio.gather(*(writer(part * 10_000 + at * 100) for at in range(8)))
    writing = False
    await running
    await relay_all(door, product, tenant)
    await drain_all(door, product, tenant)

    assert len(probe.heard) == 400
    async with door.open(tenant) as work:
        left = await work.value(select(func.count()).where(Outbox.relayed_at.is_(None)))
    assert left == 0


async def test_a_fact_carries_no_tenant_but_its_own(place):
    door, tenant, _, _ = place
    await tell(door, tenant, Probed(number=1))

    async with door.open(tenant) as work:
        whose = await work.rows(select(Outbox.tenant).distinct())
        mine = (await work.run(text("select tenant from tenant_identity"))).scalar_one()
    assert whose == [mine] == [tenant.id]
