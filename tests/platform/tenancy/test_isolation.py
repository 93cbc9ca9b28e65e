"""Tenant A's connection and everything of tenant B's: the database itself says no, in both modes."""

import asyncio

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from stoa.identity.model import Role
from stoa.tenancy.model import Setting, TenantIdentity
from stoa.vault.keys import KeyProblem


@pytest.fixture(scope="module")
async def both(house, borealis):
    """A tenant in each isolation mode, and the other to attack."""
    assume = await house.tenant(mode="assume")
    login = await house.tenant(mode="login")
    return {"assume": assume, "login": login}


@pytest.fixture(params=["assume", "login"])
def attacker(request, both):
    return both[request.param]


ATTACKS = [
    'select count(*) from "{other}".setting',
    'select count(*) from "{other}".client',
    "select count(*) from platform.tenant",
    "reset role",
    "do $$ begin execute 'set local role \"{other}\"'; end $$",
    "create temp table stolen (x int)",
    "create table stolen (x int)",
    "alter table setting add column x int",
    "select pg_read_file('/etc/passwd')",
    "update audit_entry set reason = 'x'",
    "delete from audit_entry",
    "delete from audit_seal",
    "update leg set amount = amount",
    "delete from entry",
    "insert into tenant_identity values (gen_random_uuid()); select 1",
    "copy setting to program 'id'",
    "set session authorization stoa_owner",
]


@pytest.mark.parametrize("attack", ATTACKS)
async def test_a_statement_of_the_tenant_cannot_leave_its_schema(house, attacker, borealis, attack):
    statement = attack.format(other=borealis.schema)

    if statement == "reset role":
        async with house.door.open(attacker) as work:
            await work.run(text(statement))
            with pytest.raises(DBAPIError):
                await work.run(text(f'select count(*) from "{borealis.schema}".setting'))
            await work.session.rollback()
            work.close = _nothing
        return
    with pytest.raises(DBAPIError):
        async with house.door.open(attacker) as work:
            await work.run(text(statement))


async def _nothing() -> None:
    return None


async def test_after_the_switch_no_setting_can_be_set_by_sql(house, both, borealis):
    with pytest.raises(DBAPIError, match="permission denied for function set_config"):
        async with house.door.open(both["assume"]) as work:
            await work.run(text(f"select set_config('role', '{borealis.schema}', true)"))


async def test_in_login_mode_even_set_role_is_refused(house, both, borealis):
    with pytest.raises(DBAPIError, match="permission denied to set role"):
        async with house.door.open(both["login"]) as work:
            await work.run(text(f'set local role "{borealis.schema}"'))


async def test_the_shared_login_without_a_tenant_sees_nothing(house):
    async with house.door._app.connect() as connection:
        with pytest.raises(DBAPIError):
            await connection.execute(text("select count(*) from setting"))


async def test_a_savepoint_rolled_back_stays_in_its_tenant(house, attacker):
    async with house.door.open(attacker) as work:
        async with work.session.begin_nested() as point:
            await point.rollback()
        assert await work.rows(select(TenantIdentity.tenant)) == [attacker.id]


async def test_an_abandoned_transaction_leaves_no_tenant_behind(house, both, borealis):
    async def cut_off(tenant):
        async with house.door.open(tenant) as work:
            await work.run(text("select pg_sleep(0.2)"))

    tasks = [asyncio.create_task(cut_off(t)) for t in [*both.values(), borealis] * 4]
    await asyncio.sleep(0.05)
    for task in tasks[::2]:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    for tenant in [*both.values(), borealis] * 5:
        async with house.door.open(tenant) as work:
            assert await work.rows(select(TenantIdentity.tenant)) == [tenant.id]
            await work.rows(select(Role.id).limit(1))
            await work.rows(select(Setting.id).limit(1))


async def test_a_sealed_value_opens_only_where_it_was_sealed(house, both, borealis):
    async with house.door.open(both["assume"]) as mine:
        row = both["assume"].id
        sealed = mine.seal(row, "person.name", "Canary")
        assert mine.unseal(row, "person.name", sealed) == "Canary"
        with pytest.raises(KeyProblem):
            mine.unseal(row, "person.email", sealed)
        with pytest.raises(KeyProblem):
            mine.unseal(borealis.id, "person.name", sealed)
        index = mine.blind("person.email", "a@b.example")
    async with house.door.open(borealis) as theirs:
        with pytest.raises(KeyProblem):
            theirs.unseal(row, "person.name", sealed)
        assert theirs.blind("person.email", "a@b.example") != index
