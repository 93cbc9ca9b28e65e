"""Connections somebody left dirty, and many people at once who leave without a word."""

import asyncio
import random

import pytest
from sqlalchemy import select, text

from stoa.tenancy.model import TenantIdentity
from support.patience import until


async def whose(house, tenant):
    async with house.door.open(tenant) as work:
        return (await work.rows(select(TenantIdentity.tenant)))[0]


@pytest.mark.parametrize("leak", ['set role "{0}"', 'set search_path = "{0}"'])
async def test_what_somebody_left_on_a_connection_reaches_nobody(house, aurora, borealis, leak):
    """T3: the next of other tenants are all right; a connection under a foreign role is replaced."""
    others = [aurora, await house.tenant()]
    before = house.door.dirty
    for _ in range(4):
        async with house.door._app.connect() as connection:
            await connection.execute(text(leak.format(borealis.schema)))
            await connection.commit()

    places = asyncio.Semaphore(24)

    async def one(tenant):
        async with places:
            return await whose(house, tenant) == tenant.id

    answers = await asyncio.gather(*(one(others[n % 2]) for n in range(400)))

    assert all(answers)
    assert (house.door.dirty > before) == leak.startswith("set role")
    async with house.door._app.connect() as connection:
        await connection.execute(text("select 1"))
    assert house.door._app.pool.size() == 10


async def test_sixty_four_at_once_over_many_tenants_never_mix(house, aurora, borealis):
    """T7."""
    tenants = [aurora, borealis, *[await house.tenant() for _ in range(4)]]
    wrong = 0
    # More wait than there are connections, but none longer than the pool lets it.
    places = asyncio.Semaphore(32)

    async def one(seed):
        nonlocal wrong
        chance = random.Random(seed)
        for _ in range(12):
            tenant = chance.choice(tenants)
            async with places, house.door.open(tenant) as work:
                for _ in range(4):
                    await asyncio.sleep(chance.random() / 500)
                    found = (
                        await work.run(text("select tenant, current_user from tenant_identity"))
                    ).one()
                    wrong += tuple(found) != (tenant.id, tenant.schema)

    await asyncio.gather(*(one(seed) for seed in range(64)))

    assert wrong == 0


async def test_a_storm_of_people_who_leave_costs_no_connection(house, aurora, borealis):
    """T8: a third of 900 requests is cancelled at some moment; then everything is as before."""
    chance = random.Random(11)
    tenants = [aurora, borealis]

    async def one(tenant):
        async with house.door.open(tenant) as work:
            await work.run(text("select pg_sleep(0.003)"))
            work.record("a visit")
            await work.flush()
            return (await work.rows(select(TenantIdentity.tenant)))[0] == tenant.id

    answers = []
    for _ in range(30):
        tasks = [asyncio.create_task(one(tenants[n % 2])) for n in range(30)]
        await asyncio.sleep(chance.random() / 30)
        for task in tasks[::3]:
            task.cancel()
        answers += await asyncio.gather(*tasks, return_exceptions=True)

    strange = [
        one for one in answers if one is not True and not isinstance(one, asyncio.CancelledError)
    ]
    assert strange == []
    assert house.door._app.pool.checkedout() == 0
    for tenant in tenants * 10:
        assert await whose(house, tenant) == tenant.id

    async def none_is_left_open():
        async with house.door._app.connect() as connection:
            idle = await connection.scalar(
                text(
                    "select count(*) from pg_stat_activity where state like 'idle in transaction%' "
                    "and application_name = 'tests' and pid <> pg_backend_pid()"
                )
            )
        return idle == 0

    # The server notices a line that was hung up a moment after we hung up.
    await until(none_is_left_open)
