"""A blank tenant schema: rendered once to one script, built in one round trip, kept warm."""

import secrets
from datetime import datetime
from functools import lru_cache
from typing import Final
from uuid import UUID

import asyncpg
from sqlalchemy import MetaData
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import AddConstraint, CreateIndex, CreateTable

from stoa.db.rows import TenantRow
from stoa.vault.keys import MasterKey

LOGINS: Final = ("stoa_app", "stoa_relay")
REVISION_TABLE: Final = "schema_revision"


def ddl(metadata: MetaData) -> list[str]:
    """CREATE statements of every table and index, in an order that resolves foreign keys.

    Foreign keys that close a circle (`use_alter`) come last.
    """
    dialect = postgresql.dialect(paramstyle="named")  # type: ignore[no-untyped-call]
    parts: list[str] = []
    circles = [
        key
        for table in metadata.sorted_tables
        for key in sorted(table.foreign_key_constraints, key=lambda key: str(key.name))
        if key.use_alter
    ]
    for table in metadata.sorted_tables:
        parts.append(str(CreateTable(table).compile(dialect=dialect)).strip())
        parts += [
            str(CreateIndex(index).compile(dialect=dialect))
            for index in sorted(table.indexes, key=lambda index: str(index.name))
        ]
    parts += [str(AddConstraint(key).compile(dialect=dialect)).strip() for key in circles]
    return parts


@lru_cache(maxsize=4)
def script(revision: str) -> str:
    """DDL of a whole tenant schema without its name; equal to running every migration."""
    parts = ddl(TenantRow.metadata)
    parts.append(
        f"CREATE TABLE {REVISION_TABLE} (version_num VARCHAR(32) NOT NULL, "
        f"CONSTRAINT {REVISION_TABLE}_pkc PRIMARY KEY (version_num))"
    )
    parts.append(f"INSERT INTO {REVISION_TABLE} VALUES ('{revision}')")  # noqa: S608 - from our own files
    return ";\n".join(parts) + ";"


def grants(schema: str, metadata: MetaData = TenantRow.metadata) -> str:
    """What the tenant's role may do: everything, but append-only tables only grow.

    What an erasure may empty in them is granted column by column.
    """
    open_tables: list[str] = []
    closed_tables: list[str] = []
    append_only = {
        mapper.local_table.name: mapper.class_.__erasable__  # type: ignore[attr-defined]
        for mapper in TenantRow.registry.mappers
        if mapper.class_.__append_only__
    }
    for table in metadata.sorted_tables:
        name = f'"{schema}"."{table.name}"'
        (closed_tables if table.name in append_only else open_tables).append(name)
    parts = [
        f'REVOKE ALL ON ALL TABLES IN SCHEMA "{schema}" FROM "{schema}"',
        f'GRANT USAGE ON SCHEMA "{schema}" TO "{schema}"',
    ]
    if open_tables:
        names = ", ".join(open_tables)
        parts.append(f'GRANT SELECT, INSERT, UPDATE, DELETE ON {names} TO "{schema}"')
    if closed_tables:
        parts.append(f'GRANT SELECT, INSERT ON {", ".join(closed_tables)} TO "{schema}"')
    for name, columns in sorted(append_only.items()):
        if columns and name in metadata.tables:
            listed = ", ".join(f'"{column}"' for column in sorted(columns))
            parts.append(f'GRANT UPDATE ({listed}) ON "{schema}"."{name}" TO "{schema}"')
    return ";\n".join(parts) + ";"


async def build(
    owner: asyncpg.Connection, *, revision: str, master: MasterKey, now: datetime | None = None
) -> str:
    """Make one blank schema with its login role and put it into the pool. Returns its name."""
    name = f"t_{secrets.token_hex(8)}"
    password = secrets.token_urlsafe(24)
    async with owner.transaction():
        await owner.execute(
            f'CREATE SCHEMA "{name}"; '
            f"CREATE ROLE \"{name}\" LOGIN PASSWORD '{password}'; "
            f'SET LOCAL search_path = "{name}"; '
            + script(revision)
            + grants(name)
            + "".join(f'GRANT "{name}" TO {login}; ' for login in LOGINS)
            + f'ALTER ROLE "{name}" SET search_path = "{name}"; '
        )
        await owner.execute(
            "insert into platform.schema_slot (name, password, revision, state, made_at) "
            "values ($1, $2, $3, 'blank', coalesce($4, now()))",
            name,
            master.seal(f"role|{name}", password.encode()),
            revision,
            now,
        )
    return name


async def top_up(owner: asyncpg.Connection, *, revision: str, master: MasterKey, keep: int) -> int:
    """Fill the pool up to `keep` blank schemas of this revision; drop blank ones of another."""
    stale = await owner.fetch(
        "delete from platform.schema_slot where state = 'blank' and revision <> $1 returning name",
        revision,
    )
    for row in stale:
        await drop(owner, row["name"])
    blank: int = (
        await owner.fetchval("select count(*) from platform.schema_slot where state = 'blank'") or 0
    )
    made = 0
    for _ in range(max(0, keep - blank)):
        await build(owner, revision=revision, master=master)
        made += 1
    return made


async def drop(owner: asyncpg.Connection, name: str) -> None:
    """Remove a schema that no tenant ever used, and its role.

    The owner made the role and yet holds none of its privileges (PostgreSQL 16 and later), which
    dropping what belongs to it asks for: so it takes them first.
    """
    async with owner.transaction():
        await owner.execute(
            f'DROP SCHEMA IF EXISTS "{name}" CASCADE; GRANT "{name}" TO CURRENT_USER; '
            f'DROP OWNED BY "{name}"; DROP ROLE "{name}"'
        )


async def claim(
    owner: asyncpg.Connection, tenant: UUID, *, revision: str, master: MasterKey
) -> str:
    """Give a tenant one blank schema; the same tenant asking again gets the same one."""
    async with owner.transaction():
        name: str | None = await owner.fetchval(
            "select name from platform.schema_slot where tenant = $1", tenant
        )
        if name is None:
            name = await owner.fetchval(
                "update platform.schema_slot set state = 'claimed', tenant = $1 where name = ("
                "select name from platform.schema_slot where state = 'blank' and revision = $2 "
                "order by made_at limit 1 for update skip locked) returning name",
                tenant,
                revision,
            )
        if name is None:
            name = await build(owner, revision=revision, master=master)
            await owner.execute(
                "update platform.schema_slot set state = 'claimed', tenant = $1 where name = $2",
                tenant,
                name,
            )
        await owner.execute(
            # The name is ours, made of hex digits; the id is a UUID.
            f"insert into \"{name}\".tenant_identity values ('{tenant}') on conflict do nothing; "  # noqa: S608
            f"alter role \"{name}\" set app.tenant = '{tenant}'"
        )
    return name


async def set_mode(owner: asyncpg.Connection, schema: str, mode: str) -> None:
    """`login`: only the tenant's own role reaches the schema; `assume`: the shared logins may."""
    logins = ", ".join(LOGINS)
    if mode == "login":
        database = await owner.fetchval("select current_database()")
        # A fresh password too: whoever saw the old one through the pool knows nothing now.
        await owner.execute(
            f'revoke "{schema}" from {logins}; grant connect on database "{database}" to "{schema}"'
        )
    else:
        await owner.execute(f'grant "{schema}" to {logins}')
