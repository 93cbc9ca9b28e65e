"""The door: one tenant per transaction, and nothing else reachable."""

import asyncio

import msgspec
import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import ProgrammingError

from stoa.audit import sealer
from stoa.audit.model import AuditEntry
from stoa.tenancy import settings
from stoa.tenancy.facts import TenantFacts
from stoa.tenancy.model import Setting, TenantIdentity
from stoa.tenancy.unit import WorkClosed


async def test_work_is_in_its_own_tenant_and_no_other(house, aurora, borealis):
    async with house.door.open(aurora) as work:
        assert await work.rows(select(TenantIdentity.tenant)) == [aurora.id]
        with pytest.raises(ProgrammingError, match="permission denied"):
            await work.run(text(f'select * from "{borealis.schema}".setting'))


async def test_the_closed_work_answers_nothing(house, aurora):
    async with house.door.open(aurora) as work:
        pass
    with pytest.raises(WorkClosed):
        await work.rows(select(Setting))


async def test_two_hundred_interleaved_works_never_mix(house, aurora, borealis):
    async def one(tenant):
        async with house.door.open(tenant) as work:
            await asyncio.sleep(0.001)
            return (await work.rows(select(TenantIdentity.tenant)))[0] == tenant.id

    answers = await asyncio.gather(*(one(t) for t in [aurora, borealis] * 100))
    assert all(answers)


async def test_a_change_is_audited_and_sealed(house, aurora):
    async with house.door.open(aurora, purpose="test.rename") as work:
        facts = work.settings(TenantFacts)
        changed = msgspec.structs.replace(facts, legal_entity="Renamed Ltd")
        await settings.put(work, "tenant", changed, why="a test")
    async with house.door.open(aurora) as work:
        assert work.settings(TenantFacts).legal_entity == "Renamed Ltd"
        entry = await work.first(select(AuditEntry).order_by(AuditEntry.id.desc()))
        assert entry.action == "test.rename"
        assert entry.changes[0]["row"] == "setting"
    await sealer.seal(house.door, aurora)
    sealed, fault = await sealer.verify(house.door, aurora)
    assert sealed > 0 and fault is None
