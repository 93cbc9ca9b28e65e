"""Corruptions planted as superuser and taken back: which laws name each of them."""

from collections.abc import Iterable, Mapping
from typing import Any

import asyncpg

from brokerage.ledger import invariants
from stoa.kernel.config import Role
from stoa.tenancy.registry import TenantRef
from support.fixtures import House

# Keys and triggers are off, as after a restore by hand; checks are dropped.
NO_CHECKS = (
    "do $$ declare r record; begin for r in select conrelid::regclass t, conname n "
    "from pg_constraint where connamespace = current_schema()::regnamespace and contype = 'c' "
    "loop execute format('alter table %s drop constraint %I', r.t, r.n); end loop; end $$"
)


async def misnamed(
    house: House, tenant: TenantRef, plants: Mapping[str, tuple[str, set[str]]]
) -> dict[str, set[str]]:
    """For each plant the laws that should have named it and did not; nothing stays planted."""
    owner = await asyncpg.connect(house.config.dsn(Role.ADMIN))
    missed: dict[str, set[str]] = {}
    try:
        await owner.execute(f'set search_path = "{tenant.schema}"')
        healthy = await broken(owner, tenant)
        assert healthy == set(), f"broken before anything was planted: {healthy}"
        for what, (sql, named) in plants.items():
            change = owner.transaction()
            await change.start()
            try:
                await owner.execute("set local session_replication_role = replica")
                await owner.execute(NO_CHECKS)
                done = await owner.execute(sql)
                assert not done.endswith(" 0"), f"{what}: nothing was planted"
                lacking = named - await broken(owner, tenant)
            finally:
                await change.rollback()
            if lacking:
                missed[what] = lacking
    finally:
        await owner.close()
    return missed


async def broken(owner: Any, tenant: TenantRef) -> set[str]:
    """The laws broken now, asked in this very transaction; the ledger's own guard of its
    constraints is left out, as dropping them is how the others are tested.
    """
    found: set[str] = set()
    laws: Iterable[Any] = invariants.every()
    for law in laws:
        if law.name != "constraint-missing" and await owner.fetch(law.sql):
            found.add(law.name)
    # The last law asks what the tenant's role may do; a superuser may do everything.
    return found - {"history-writable"}
