"""The audit log: complete by transaction, chained, and every kind of tampering named."""

import asyncio
import json
import random

import asyncpg
import pytest
from sqlalchemy import text

from brokerage.ledger import wallets
from stoa.audit import chain, sealer, standalone
from stoa.db.rows import TenantRow
from stoa.identity import people
from stoa.kernel.config import Role
from stoa.kernel.ids import uuid7
from stoa.kernel.refusals import Refusal
from support.ledger import eur, funded


@pytest.fixture(scope="module")
async def place(house):
    """A tenant in which a few things happened, sealed, and a superuser's connection to it."""
    tenant = await house.tenant()
    for number in range(12):
        async with house.door.open(tenant, purpose=f"test.{number}") as work:
            work.reason = f"reason {number}"
            client = await funded(work)
            await people.create(work, "client", f"{uuid7()}@mail.example", "Anna Schmidt")
            await wallets.hold(work, client, eur("5"), cause=("reserve", uuid7()))
    await sealer.seal(house.door, tenant)
    owner = await asyncpg.connect(house.config.dsn(Role.ADMIN))
    await owner.execute(f'set search_path = "{tenant.schema}"')
    yield house.door, tenant, owner
    await owner.close()


async def test_every_changed_row_has_an_entry_of_its_own_transaction(place):
    """Rows of audited tables carry the number of the transaction that last wrote them."""
    _, _, owner = place
    rows = [one.class_ for one in TenantRow.registry.mappers if issubclass(one.class_, TenantRow)]
    audited = [row.__tablename__ for row in rows if row.__audited__]
    assert len(audited) > 30

    lacking = {}
    for table in sorted(set(audited)):
        count = await owner.fetchval(
            f'select count(*) from "{table}" r where not exists (select from audit_entry e '
            "where (e.xid::text::numeric % 4294967296)::text = r.xmin::text)"
        )
        if count:
            lacking[table] = count
    assert lacking == {}


async def test_an_entry_of_a_refused_change_does_not_exist(place):
    door, tenant, owner = place
    before = await owner.fetchval("select count(*) from audit_entry")

    with pytest.raises(Refusal):
        async with door.open(tenant, purpose="test.refused") as work:
            await people.create(work, "client", f"{uuid7()}@mail.example", "Nobody")
            raise Refusal("no")

    assert await owner.fetchval("select count(*) from audit_entry") == before


async def test_writers_at_once_are_sealed_in_one_unbroken_chain(house):
    tenant = await house.tenant()
    door = house.door
    chance = random.Random(3)
    writing = True

    async def writer():
        for _ in range(12):
            async with door.open(tenant, purpose="test.write") as work:
                work.record("something", lucky=chance.random() > 0.5)
                await work.close()
                work.changes.clear()
                await asyncio.sleep(chance.random() / 50)

    async def sealing():
        while writing:
            await sealer.seal(door, tenant)

    running = [asyncio.create_task(sealing()) for _ in range(2)]
    await asyncio.gather(*(writer() for _ in range(6)))
    writing = False
    await asyncio.gather(*running)
    await sealer.seal(door, tenant)

    found = await chain.verify(door.opener(tenant, purpose="verify"))
    async with door.open(tenant) as work:
        entries = await work.value(text("select count(*) from audit_entry"))
    assert (found.last.number, found.fault) == (entries, None)
    assert entries >= 72


CHAIN_AT = "(select entry from audit_seal where number = {n})"
PLANTS = {
    "a reason is changed": (
        "update audit_entry set reason = 'another' where id = " + CHAIN_AT.format(n=7),
        "link 7",
    ),
    "an entry is backdated": (
        "update audit_entry set at = at - interval '1 day' where id = " + CHAIN_AT.format(n=9),
        "link 9",
    ),
    "an actor is changed": (
        "update audit_entry set actor = gen_random_uuid() where id = " + CHAIN_AT.format(n=5),
        "link 5",
    ),
    "an entry is removed": (
        "delete from audit_entry where id = " + CHAIN_AT.format(n=6),
        "link 6",
    ),
    "an entry is removed with its link": (
        (
            "with gone as (delete from audit_seal where number = 6 returning entry) "
            "delete from audit_entry where id = (select entry from gone)"
        ),
        "link 6",
    ),
    "two entries change places": (
        (
            "update audit_seal a set entry = b.entry, xid = b.xid from audit_seal b "
            "where (a.number, b.number) in ((4, 5), (5, 4))"
        ),
        "link 4",
    ),
    "a hash is changed": (
        "update audit_seal set hash = sha256('x') where number = 8",
        "link 8",
    ),
    "an entry is slipped in between": (
        "insert into audit_entry (at, action, actor_kind, actor_name, changes, tenant, xid) "
        "select at, 'slipped', 'system', '', '[]', tenant, xid from audit_entry where id = "
        + CHAIN_AT.format(n=3),
        "inserted behind the seal",
    ),
}


@pytest.mark.parametrize("what", PLANTS)
async def test_tampering_by_the_superuser_is_named(house, place, what):
    door, tenant, owner = place
    sql, named = PLANTS[what]
    assert (await chain.verify(door.opener(tenant, purpose="verify"))).fault is None
    keep = await copies(owner)
    await owner.execute("set session_replication_role = replica")
    try:
        await owner.execute("alter table audit_seal drop constraint if exists uq_audit_seal_entry")
        await owner.execute(sql)
        fault = (await chain.verify(door.opener(tenant, purpose="verify"))).fault
    finally:
        await put_back(owner, keep)

    assert fault is not None and named in fault.lower()
    assert (await chain.verify(door.opener(tenant, purpose="verify"))).fault is None


async def copies(owner):
    await owner.execute(
        "drop table if exists kept_entry, kept_seal; "
        "create table kept_entry as table audit_entry; create table kept_seal as table audit_seal"
    )
    return ("audit_entry", "kept_entry"), ("audit_seal", "kept_seal")


async def put_back(owner, keep):
    await owner.execute("set session_replication_role = replica")
    for table, kept in keep:
        over = "overriding system value" if table == "audit_entry" else ""
        columns = await owner.fetchval(
            "select string_agg(quote_ident(column_name), ',') from information_schema.columns "
            "where table_schema = current_schema() and table_name = $1",
            table,
        )
        await owner.execute(
            f"delete from {table}; insert into {table} ({columns}) {over} "
            f"select {columns} from {kept}; drop table {kept}"
        )
    await owner.execute("set session_replication_role = origin")


async def exported(door, tenant):
    opener = door.opener(tenant, purpose="read")
    return [chain.carried(row) async for row in chain.entries(opener)]


async def test_the_stand_alone_verifier_agrees(place):
    door, tenant, _ = place
    lines = await exported(door, tenant)

    links, fault, _ = standalone.check(lines)

    assert (links, fault) == (len(lines), None)


def changed(lines):
    body = json.loads(lines[6])
    body["entry"]["reason"] = "another"
    return [*lines[:6], json.dumps(body), *lines[7:]]


TAMPERED = {
    "changed": (changed, "line 7: entry"),
    "removed": (lambda lines: [*lines[:4], *lines[5:]], "line 5: link 5 is missing"),
    "re-ordered": (lambda lines: [*lines[:2], lines[3], lines[2], *lines[4:]], "line 3"),
    "inserted": (lambda lines: [*lines[:5], lines[4], *lines[5:]], "line 6"),
    "not a record": (lambda lines: [*lines[:3], "{}", *lines[3:]], "line 4 is not a record"),
}


@pytest.mark.parametrize("how", TAMPERED)
async def test_a_tampered_export_is_named_by_line(place, how):
    door, tenant, _ = place
    tamper, named = TAMPERED[how]
    lines = await exported(door, tenant)

    _, fault, _ = standalone.check(tamper(lines))

    assert fault is not None and fault.startswith(named)


async def test_the_tenants_own_role_can_alter_none_of_it(place):
    door, tenant, _ = place
    for statement in (
        "update audit_entry set reason = 'x'",
        "delete from audit_entry",
        "truncate audit_entry",
        "update audit_seal set hash = ''",
        "delete from audit_seal",
    ):
        with pytest.raises(Exception, match="permission denied"):
            async with door.open(tenant) as work:
                await work.run(text(statement))
