"""Schemas: claimed, made, migrated over a fleet."""

import asyncio
import secrets
from uuid import uuid4

import asyncpg

from brokerage.bench.figures import Figure, median, timed
from stoa.db.rows import TenantRow
from stoa.kernel.config import Config, Role
from stoa.tenancy import blank, migrations, provision
from stoa.vault.keys import MasterKey

RUNS = 7
FLEET = 200


async def schemas(config: Config) -> list[Figure]:
    """One schema made from the script, and one claimed from the pool."""
    master = MasterKey.load(config.kek_file)
    owner = await asyncpg.connect(config.dsn(Role.OWNER, direct=True))
    revision = migrations.head("tenants")
    try:
        made: list[float] = []
        for _ in range(RUNS):
            made.append(await timed(lambda: blank.build(owner, revision=revision, master=master)))
        claimed: list[float] = []
        for _ in range(RUNS):
            tenant = uuid4()
            claimed.append(
                await timed(
                    lambda tenant=tenant: provision.claim(  # type: ignore[misc]
                        owner, tenant, revision=revision, master=master
                    )
                )
            )
    finally:
        await owner.close()
    tables = len(TenantRow.metadata.sorted_tables)
    return [
        Figure("schema of one tenant, claimed from the pool", median(claimed) * 1e3, "ms", 10),
        Figure(
            "schema of one tenant, made from the script",
            median(made) * 1e3,
            "ms",
            250,
            note=f"{tables} tables; django-tenants took 1,464 ms for a comparable schema",
        ),
    ]


async def fleet(config: Config) -> list[Figure]:
    """One added column over a fleet of schemas, and a run with nothing to do.

    The column's step is applied through the fleet migrator's own path with a rendered script.
    """
    master = MasterKey.load(config.kek_file)
    dsn = config.dsn(Role.OWNER, direct=True)
    owner = await asyncpg.connect(dsn)
    revision = migrations.head("tenants")
    try:
        have = await owner.fetchval("select count(*) from platform.schema_slot")
        for _ in range(max(0, FLEET - have)):
            await blank.build(owner, revision=revision, master=master)
    finally:
        await owner.close()
    idle = [await timed(lambda: migrations.migrate_fleet(dsn)) for _ in range(5)]
    added: list[float] = []
    for _ in range(3):
        column = f"bench_{secrets.token_hex(3)}"
        sql = f"ALTER TABLE client ADD COLUMN {column} VARCHAR(10)"
        added.append(await timed(lambda sql=sql: _apply_all(dsn, sql, revision)))  # type: ignore[misc]
    return [
        Figure(f"{FLEET} tenants: one column added", median(added), "s", 2),
        Figure(f"{FLEET} tenants: nothing to migrate", median(idle), "s", 0.2),
    ]


async def _apply_all(dsn: str, sql: str, revision: str) -> None:
    pool = await asyncpg.create_pool(dsn, min_size=4, max_size=4)
    try:
        names = [row["name"] for row in await pool.fetch("select name from platform.schema_slot")]

        async def one(name: str) -> None:
            async with pool.acquire() as owner:
                error = await migrations.apply(owner, name, sql, revision)
            if error is not None:
                raise RuntimeError(error)

        await asyncio.gather(*(one(name) for name in names))
    finally:
        await pool.close()
