"""The door: one tenant per transaction, and nothing else reachable."""

import asyncio

import msgspec
import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import ProgrammingError

from stoa.audit import chain, sealer
from stoa.audit.model import AuditEntry
from stoa.events.model import Outbox
from stoa.kernel.refusals import Invalid
from stoa.notices.events import MailQueued
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
    found = await chain.verify(house.door.opener(aurora, purpose="verify"))
    assert found.last.number > 0 and found.fault is None


async def test_what_is_refused_within_a_unit_leaves_nothing_and_the_unit_goes_on(house, aurora):
    async with house.door.open(aurora, purpose="test.refused") as work:
        facts = work.settings(TenantFacts)
        held = await work.first(select(TenantIdentity))
        work.record("before")
        with pytest.raises(Invalid):
            async with work.undone_if_refused():
                changed = msgspec.structs.replace(facts, legal_entity="Half Done Ltd")
                await settings.put(work, "tenant", changed, why="a test")
                work.record("within")
                work.tell(MailQueued(message=aurora.id))
                raise Invalid("Not like that.")
        assert held.tenant == aurora.id, "what was read before is still there to be drawn"
        async with work.undone_if_refused():
            work.record("after")

    async with house.door.open(aurora) as work:
        assert work.settings(TenantFacts).legal_entity == facts.legal_entity
        entry = await work.first(select(AuditEntry).order_by(AuditEntry.id.desc()))
        assert [one.get("did") for one in entry.changes] == ["before", "after"]
        told = await work.rows(select(Outbox.body).where(Outbox.kind == MailQueued.kind))
        assert str(aurora.id) not in {body["message"] for body in told}
