"""Schemas of tenants that a file of tests has done with, emptied for the next file's tenants.

A schema is five hundred relations, and making one for every test took a third of a whole run. The
next tenant is another one in every other way: its own id, host, keys and settings.
"""

from collections.abc import Iterable
from contextlib import suppress
from typing import Final

import asyncpg

from stoa.tenancy.blank import REVISION_TABLE
from stoa.tenancy.registry import TenantRef

MOST_BYTES: Final = 4_000_000
"""Where a test wrote more, its schema is left alone: emptying it would leave dead rows to wade through."""

_USED: Final = f"""
    select format('%I.%I', n.nspname, c.relname) as name, pg_relation_size(c.oid) as size
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = $1 and c.relkind = 'r' and c.relname <> '{REVISION_TABLE}'
    and pg_relation_size(c.oid) > 0
"""
_BUILD: Final = """
    select md5(string_agg(part, ' ' order by part)) from (
        select format('%s.%s %s', r.relname, c.conname, c.convalidated) as part
        from pg_constraint c join pg_class r on r.oid = c.conrelid
        where c.connamespace = $1::regnamespace
        union all
        select format('%s %s %s %s', c.relname, c.relkind, c.relhastriggers,
            replace(c.relacl::text, $2, 'tenant'))
        from pg_class c where c.relnamespace = $1::regnamespace and c.relkind in ('r', 'i', 'S')
        union all
        select format('%s.%s %s %s', r.relname, t.tgname, t.tgenabled, t.tgisinternal)
        from pg_trigger t join pg_class r on r.oid = t.tgrelid
        where r.relnamespace = $1::regnamespace and not t.tgisinternal
        union all
        select format('%s.%s %s %s', r.relname, a.attname, a.attnotnull,
            replace(a.attacl::text, $2, 'tenant'))
        from pg_attribute a join pg_class r on r.oid = a.attrelid
        where r.relnamespace = $1::regnamespace and a.attnum > 0 and not a.attisdropped
    ) parts
"""
"""What a schema is made of: a test that took a constraint or a right away keeps what it has done."""
_COUNTERS: Final = """
    select setval(format('%I.%I', schemaname, sequencename)::regclass, start_value, false)
    from pg_sequences where schemaname = $1
"""


async def recycle(admin: asyncpg.Connection, tenants: Iterable[TenantRef]) -> None:
    """Empty their schemas and put them back into the pool; the tenants are archived without one."""
    # No constraint is asked and nothing is set off: all rows of a schema go together.
    await admin.execute("set session_replication_role = replica; set lock_timeout = '2s'")
    whole = await _build(
        admin,
        await admin.fetchval("select name from platform.schema_slot where state = 'blank' limit 1"),
    )
    for tenant in tenants:
        with suppress(asyncpg.LockNotAvailableError):
            async with admin.transaction():
                await _emptied(admin, tenant, whole)


async def _build(admin: asyncpg.Connection, schema: str | None) -> str | None:
    if schema is None:
        return None
    found: str = await admin.fetchval(_BUILD, f'"{schema}"', schema)
    return found


async def _emptied(admin: asyncpg.Connection, tenant: TenantRef, whole: str | None) -> None:
    slot = await admin.fetchrow(
        "select s.name, t.mode from platform.schema_slot s join platform.tenant t on t.id = s.tenant "
        "where t.id = $1 and s.state = 'claimed' and s.error is null",
        tenant.id,
    )
    if slot is None or slot["mode"] != "assume":
        return
    if whole is None or await _build(admin, slot["name"]) != whole:
        return
    used = await admin.fetch(_USED, slot["name"])
    if sum(row["size"] for row in used) > MOST_BYTES:
        return
    if used:
        await admin.execute("; ".join(f"delete from {row['name']}" for row in used))
    await admin.execute(_COUNTERS.replace("$1", f"'{slot['name']}'"))
    await admin.execute(
        "update platform.tenant set state = 'archived', schema = null where id = $1", tenant.id
    )
    await admin.execute(
        "update platform.schema_slot set state = 'blank', tenant = null where name = $1",
        slot["name"],
    )
