"""The script that makes a schema and the migrations that lead there say the same."""

import secrets

import asyncpg
import pytest

from stoa.kernel.config import Role
from stoa.tenancy import blank, migrations
from stoa.vault.keys import MasterKey

COLUMNS = """
select table_name, column_name, data_type, is_nullable, column_default, character_maximum_length,
       numeric_precision, numeric_scale, generation_expression, identity_generation
from information_schema.columns where table_schema = $1 order by 1, 2
"""
CONSTRAINTS = """
select c.relname, con.conname, replace(pg_get_constraintdef(con.oid), $1 || '.', '')
from pg_constraint con join pg_class c on c.oid = con.conrelid
join pg_namespace n on n.oid = c.relnamespace
where n.nspname = $1 order by 1, 2
"""
INDEXES = """
select tablename, indexname, replace(indexdef, $1 || '.', '') from pg_indexes
where schemaname = $1 order by 1, 2
"""
GRANTS = """
select table_name, privilege_type from information_schema.role_table_grants
where table_schema = $1 and grantee = $1 order by 1, 2
"""


async def shape(owner, schema):
    return {
        name: [tuple(row) for row in await owner.fetch(sql, schema)]
        for name, sql in {
            "columns": COLUMNS,
            "constraints": CONSTRAINTS,
            "indexes": INDEXES,
            "grants": GRANTS,
        }.items()
    }


async def test_the_script_equals_all_migrations(house):
    owner = await asyncpg.connect(house.config.dsn(Role.OWNER))
    try:
        head = migrations.head("tenants")
        master = MasterKey.load(house.config.kek_file)
        scripted = await blank.build(owner, revision=head, master=master)
        migrated = f"t_{secrets.token_hex(8)}"
        await owner.execute(f'create schema "{migrated}"; create role "{migrated}"')
        sql = migrations.render("tenants", "0")
        async with owner.transaction():
            await owner.execute(f'set local search_path = "{migrated}"; {sql}')
            await owner.execute(blank.grants(migrated))

        one, other = await shape(owner, scripted), await shape(owner, migrated)
    finally:
        await owner.close()

    for part in one:
        assert one[part] == other[part], part
    assert one["columns"]


async def test_a_fleet_with_nothing_behind_is_left_alone(house, aurora):
    report = await migrations.migrate_fleet(house.config.dsn(Role.OWNER))

    assert (report.done, report.failed) == ([], {})


async def test_one_broken_tenant_fails_alone_and_resumes(house):
    good, bad = await house.tenant(), await house.tenant()
    owner = await asyncpg.connect(house.config.dsn(Role.OWNER))
    try:
        await owner.execute(f'alter table "{bad.schema}".tenant_identity add column extra int')
        sql = "alter table tenant_identity add column extra int"
        head = migrations.head("tenants")

        assert await migrations.apply(owner, good.schema, sql, head) is None
        assert "already exists" in (await migrations.apply(owner, bad.schema, sql, head) or "")

        await owner.execute(f'alter table "{bad.schema}".tenant_identity drop column extra')
        assert await migrations.apply(owner, bad.schema, sql, head) is None
        for one in (good, bad):
            await owner.execute(f'alter table "{one.schema}".tenant_identity drop column extra')
    finally:
        await owner.close()


@pytest.mark.parametrize(
    ("sql", "left"),
    [
        (
            "ALTER TABLE client ADD COLUMN one INT;\n\nUPDATE alembic_version SET version_num='7'",
            True,
        ),
        ("-- a word\nCREATE UNIQUE INDEX ux ON client (one); DROP INDEX ux;", True),
        ("CREATE TABLE one (id INT)", False),
        ("ALTER TABLE client ADD COLUMN one INT; create table two (id int)", False),
        ("ALTER TABLE client OWNER TO somebody", False),
        ("REVOKE UPDATE ON client FROM somebody", False),
        ("CREATE SEQUENCE counted", False),
        ("DO $$ begin execute 'create table t (id int)'; end $$", False),
    ],
)
def test_rights_are_given_again_unless_a_step_is_known_to_leave_them(sql, left):
    assert migrations.leaves_rights(sql) is left


async def test_blank_schemas_of_another_revision_are_replaced(house):
    """The owner may make a role and not drop what is its: after each upgrade the pool stayed empty."""
    owner = await asyncpg.connect(house.config.dsn(Role.OWNER))
    try:
        head = migrations.head("tenants")
        master = MasterKey.load(house.config.kek_file)
        old = await blank.build(owner, revision=head, master=master)
        await owner.execute(
            "update platform.schema_slot set revision = '0000' where name = $1", old
        )

        await blank.top_up(owner, revision=head, master=master, keep=1)

        left = await owner.fetchval("select count(*) from pg_namespace where nspname = $1", old)
        role = await owner.fetchval("select count(*) from pg_roles where rolname = $1", old)
        slots = await owner.fetchval(
            "select count(*) from platform.schema_slot where name = $1", old
        )
    finally:
        await owner.close()
    assert (left, role, slots) == (0, 0, 0)
