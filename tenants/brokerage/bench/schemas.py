"""Schemas: claimed, made, migrated over a fleet."""

import time
from uuid import uuid4

import asyncpg

from brokerage.bench.figures import Figure, median, timed
from brokerage.bench.ground import Ground
from stoa.db.rows import TenantRow
from stoa.kernel.config import Role
from stoa.tenancy import blank, migrations
from stoa.vault.keys import MasterKey

WARM = 8
"""Schemas made before one is timed: a server made seconds ago first has to make its own log's files."""
RUNS = 7
FLEET = 200
IDLE_RUNS = 5
ADDED = 3


async def one(ground: Ground) -> list[Figure]:
    """One schema made from the script, and one claimed from the pool."""
    config = ground.config
    master = MasterKey.load(config.kek_file)
    owner = await asyncpg.connect(config.dsn(Role.OWNER, direct=True))
    revision = migrations.head("tenants")
    try:
        for _ in range(WARM):
            await blank.build(owner, revision=revision, master=master)
        made: list[float] = []
        for _ in range(RUNS):
            made.append(await timed(lambda: blank.build(owner, revision=revision, master=master)))
        claimed: list[float] = []
        for _ in range(RUNS):
            tenant = uuid4()
            claimed.append(
                await timed(
                    lambda tenant=tenant: blank.claim(  # type: ignore[misc]
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


async def fleet(ground: Ground) -> list[Figure]:
    """One added column over a fleet of schemas by the fleet migrator, and a run of nothing to do."""
    config = ground.config
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
    idle = [await timed(lambda: migrations.migrate_fleet(dsn)) for _ in range(IDLE_RUNS)]
    added: list[float] = []
    for turn in range(ADDED):
        sql = f"ALTER TABLE client ADD COLUMN bench_{turn} VARCHAR(10)"
        started = time.perf_counter()
        report = await migrations.bring(dsn, f"{revision}.{turn}", lambda _, sql=sql: sql)  # type: ignore[misc]
        added.append(time.perf_counter() - started)
        if report.failed or len(report.done) < FLEET:
            raise RuntimeError(f"{len(report.done)} schemas were migrated: {report.failed}")
    return [
        Figure(f"{FLEET} tenants: fleet migration of one added column", median(added), "s", 2),
        Figure(f"{FLEET} tenants: with nothing to do", median(idle), "s", 0.2),
    ]
