"""Brings a database server from nothing to ready: logins, hardening, platform schema."""

from collections.abc import Callable

import asyncpg

from stoa.kernel.config import Config, Role
from stoa.tenancy import bootstrap, migrations
from stoa.vault.keys import MasterKey


async def install(config: Config, tell: Callable[[str], None] = lambda _: None) -> None:
    """Safe to repeat at every start; does nothing to what is already as it should be."""
    MasterKey.create(config.kek_file)
    passwords = {
        role.value: config.password(role)
        for role in (Role.OWNER, Role.CONTROL, Role.APP, Role.RELAY)
    }
    tell("logins")
    admin = await asyncpg.connect(config.dsn(Role.ADMIN, database="postgres", direct=True))
    try:
        await bootstrap.prepare(admin, database=config.database_name, passwords=passwords)
    finally:
        await admin.close()
    admin = await asyncpg.connect(config.dsn(Role.ADMIN, direct=True))
    try:
        await bootstrap.harden(admin, database=config.database_name)
    finally:
        await admin.close()
    tell("platform schema")
    owner = await asyncpg.connect(config.dsn(Role.OWNER, direct=True))
    try:
        await migrations.upgrade_platform(owner)
    finally:
        await owner.close()


async def settled(dsn: str, *, keep: int) -> bool:
    """Whether every tenant's schema is at the head and `keep` blank ones of it are there."""
    newest = migrations.head("tenants")
    owner = await asyncpg.connect(dsn)
    try:
        found: bool = await owner.fetchval(
            "select count(*) filter (where revision <> $1) = 0 "
            "and count(*) filter (where state = 'blank') >= $2 "
            "from platform.schema_slot where state in ('claimed', 'blank')",
            newest,
            keep,
        )
    finally:
        await owner.close()
    return found
