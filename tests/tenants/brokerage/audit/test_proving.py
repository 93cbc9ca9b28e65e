"""The chain is proven by itself and when asked, held to what earlier proofs saw, and it rings."""

from contextlib import asynccontextmanager

import asyncpg
import pytest
from sqlalchemy import select

from brokerage.audit import proving
from brokerage.audit.events import ChainAsked
from brokerage.audit.model import ChainProof
from stoa.audit import chain, sealer
from stoa.events.model import Outbox
from stoa.kernel.config import Role
from stoa.notices.model import Notice
from support import people
from support.web import signed_in


@pytest.fixture
async def broker(house):
    """A tenant with a sealed log, its owner, and a superuser's hand on its tables."""
    tenant = await house.tenant(new_schema=True)
    async with house.door.open(tenant, purpose="test.make") as work:
        owner, _ = await people.make_staff(work, ["Owner"])
    for number in range(9):
        async with house.door.open(tenant, purpose=f"test.{number}") as work:
            work.record("something", number=number)
    await sealer.seal(house.door, tenant)
    hand = await asyncpg.connect(house.config.dsn(Role.ADMIN))
    await hand.execute(f'set search_path = "{tenant.schema}"')
    await hand.execute("set session_replication_role = replica")
    yield house, tenant, owner, hand
    await hand.close()


async def proofs(house, tenant):
    async with house.door.open(tenant, purpose="test.read") as work:
        return list(await work.rows(select(ChainProof).order_by(ChainProof.at, ChainProof.id)))


async def notices(house, tenant, person):
    async with house.door.open(tenant, purpose="test.read") as work:
        rows = await work.rows(select(Notice).where(Notice.person == person.id))
        return [row.title for row in rows if row.path == "/desk/audit/chain"]


async def test_the_first_proof_is_of_all_and_the_next_of_what_was_added(broker):
    house, tenant, owner, _ = broker
    opener = house.door.opener(tenant, purpose="test.prove")

    await proving.prove(opener)
    async with house.door.open(tenant, purpose="test.more") as work:
        work.record("more")
    await sealer.seal(house.door, tenant)
    await proving.prove(opener)

    first, second = await proofs(house, tenant)
    assert (first.began_at, first.fault) == (0, None)
    assert second.began_at == first.links
    assert second.links > first.links and second.fault is None
    assert await notices(house, tenant, owner) == []


async def test_after_a_week_all_of_it_is_proven_again(broker):
    house, tenant, _, hand = broker
    opener = house.door.opener(tenant, purpose="test.prove")
    await proving.prove(opener)
    await hand.execute("update audit_proof set at = at - interval '8 days'")

    await proving.prove(opener)

    assert [one.began_at for one in await proofs(house, tenant)] == [0, 0]


TAMPERED = {
    "changed": ("update audit_entry set reason = 'x' where id = {at}", chain.CHANGED),
    "removed": ("delete from audit_entry where id = {at}", chain.REMOVED),
    "cut short": ("delete from audit_seal where number > 4", chain.CUT_SHORT),
    "made anew": (
        "update audit_seal set hash = sha256('x') where entry = {last}",
        chain.MADE_ANEW,
    ),
}


@pytest.mark.parametrize("what", TAMPERED)
async def test_a_broken_chain_is_told_once_and_stands_on_the_first_screen(broker, what):
    house, tenant, owner, hand = broker
    sql, says = TAMPERED[what]
    opener = house.door.opener(tenant, purpose="test.prove")
    await proving.prove(opener)
    at = await hand.fetchval("select entry from audit_seal where number = 5")
    last = await hand.fetchval("select max(entry) from audit_seal")
    await hand.execute(sql.format(at=at, last=last))

    for _ in range(2):
        await proving.prove_asked(opener, ChainAsked(by=None))

    *_, last = await proofs(house, tenant)
    assert last.fault == says
    told = await notices(house, tenant, owner)
    assert len(told) == 1 and "broken" in told[0]
    browser = await signed_in(house, tenant, owner, "desk")
    assert "The audit log is broken" in (await browser.get("/desk")).text
    page = (await browser.get("/desk/audit/chain")).text
    assert "The chain is broken" in page


async def test_whoever_asks_is_told_what_came_of_it(broker):
    house, tenant, owner, _ = broker
    browser = await signed_in(house, tenant, owner, "desk")

    answer = await browser.post("/desk/audit/chain/prove")
    assert answer.status_code < 400
    await proving.prove_asked(
        house.door.opener(tenant, purpose="test.prove"), ChainAsked(by=owner.id)
    )

    (told,) = await notices(house, tenant, owner)
    assert "whole" in told
    assert (await proofs(house, tenant))[-1].asked_by == owner.id


async def test_a_long_chain_is_proven_part_by_part(broker, monkeypatch):
    house, tenant, owner, _ = broker
    monkeypatch.setattr(proving, "PART", 4)
    opener = house.door.opener(tenant, purpose="test.prove")

    since = 0
    for _ in range(20):
        await proving.prove_asked(opener, ChainAsked(by=owner.id, since=since))
        since = (await proofs(house, tenant))[-1].links
        if await notices(house, tenant, owner):
            break

    found = await proofs(house, tenant)
    assert [one.began_at for one in found] == [0, *(one.links for one in found[:-1])]
    assert all(one.links - one.began_at <= 4 and one.fault is None for one in found)
    async with house.door.open(tenant, purpose="test.read") as work:
        asked = await work.rows(select(Outbox.body).where(Outbox.kind == ChainAsked.kind))
    assert [one["since"] for one in asked] == [one.links for one in found[:-1]]


async def test_entries_that_are_sealed_while_a_proof_runs_break_nothing(broker):
    house, tenant, _, _ = broker
    opener = house.door.opener(tenant, purpose="test.prove")

    @asynccontextmanager
    async def meanwhile():
        async with opener() as work:
            yield work
        async with house.door.open(tenant, purpose="test.meanwhile") as work:
            work.record("meanwhile")
        await sealer.seal(house.door, tenant)

    verdict = await chain.verify(meanwhile)

    assert verdict.fault is None and verdict.last.number >= 9
    assert (await chain.verify(opener)).last.number == verdict.last.number + 2
