"""Which tenant a host is: read once for all who ask, and never kept past a change."""

import asyncio
from contextlib import contextmanager

import pytest
from sqlalchemy import event

from stoa.db.engines import engine
from stoa.tenancy.registry import Registry


@pytest.fixture
async def tenant(house):
    return await house.tenant()


@pytest.fixture
def registry(house):
    return Registry(house.door.control)


@contextmanager
def read(registry):
    """The statements asked of the platform's tables meanwhile."""
    asked = []

    def note(_connection, _cursor, statement, *_rest):
        asked.append(statement)

    sync = registry._control.sync_engine
    event.listen(sync, "before_cursor_execute", note)
    try:
        yield asked
    finally:
        event.remove(sync, "before_cursor_execute", note)


async def test_all_who_ask_at_once_are_told_by_one_reading(registry, tenant):
    with read(registry) as asked:
        found = await asyncio.gather(*(registry.by_host(tenant.host) for _ in range(200)))

    assert {one.id for one in found} == {tenant.id}
    assert len(asked) == 2, "one for the host and one for the tenant"


async def test_a_host_nobody_has_is_read_once_too(registry, tenant):
    with read(registry) as asked:
        found = await asyncio.gather(*(registry.by_host("nobody.example") for _ in range(50)))

    assert found == [None] * 50
    assert len(asked) == 1


async def test_who_gives_up_does_not_end_it_for_the_others(registry, tenant):
    first = asyncio.create_task(registry.by_host(tenant.host))
    other = asyncio.create_task(registry.by_host(tenant.host))
    await asyncio.sleep(0)

    first.cancel()

    with pytest.raises(asyncio.CancelledError):
        await first
    found = await other
    assert found is not None
    assert found.id == tenant.id


async def test_what_was_being_read_when_all_is_forgotten_is_not_kept(registry, tenant):
    asking = asyncio.create_task(registry.by_id(tenant.id))
    await asyncio.sleep(0)
    assert tenant.id in registry._tenants, "the reading goes on"

    registry.forget()
    await asking

    with read(registry) as asked:
        await registry.by_id(tenant.id)
        await registry.by_id(tenant.id)
    assert len(asked) == 1, "read anew, and then kept"


async def test_all_who_wait_for_a_reading_that_fails_are_told_so_and_it_is_not_kept(tenant):
    nowhere = engine("postgresql://nobody:x@127.0.0.1:1/none", application="test", size=1)
    registry = Registry(nowhere)

    told = await asyncio.gather(
        *(registry.by_id(tenant.id) for _ in range(5)), return_exceptions=True
    )

    assert all(isinstance(one, OSError) for one in told)
    assert registry._tenants == {}
    await nowhere.dispose()
