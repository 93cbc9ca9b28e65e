"""Which host leads to which tenant, kept in memory for a moment and never guessed.

Every request asks, and what is a moment old is read anew: by one of those who ask, for all of them.
"""

import asyncio
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from stoa.tenancy.model import Host, SchemaSlot, Tenant

_FRESH_S: Final = 1.0
_MOST_UNKNOWN: Final = 10_000

K = TypeVar("K")
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class TenantRef:
    """What the door must know of a tenant; nothing of its data."""

    id: UUID
    slug: str
    name: str
    legal_entity: str
    base_currency: str
    time_zone: str
    state: str
    mode: str
    schema: str
    wrapped_key: bytes = field(repr=False)
    password: bytes = field(repr=False)
    epoch: int
    host: str


class Registry:
    """Reads tenants and hosts with the control login; entries live one second."""

    def __init__(self, control: AsyncEngine) -> None:
        self._control = control
        self._by_host: dict[str, tuple[float, UUID | None]] = {}
        self._by_id: dict[UUID, tuple[float, TenantRef]] = {}
        self._hosts: dict[str, asyncio.Task[UUID | None]] = {}
        self._tenants: dict[UUID, asyncio.Task[TenantRef | None]] = {}

    def forget(self) -> None:
        """What is being read now is for those who wait for it, and not kept."""
        for kept in (self._by_host, self._by_id, self._hosts, self._tenants):
            kept.clear()

    async def by_host(self, host: str) -> TenantRef | None:
        """Exact match of a normalised host name; None when no tenant has it."""
        known = self._by_host.get(host)
        if known is not None and time.monotonic() - known[0] <= _FRESH_S:
            tenant = known[1]
        else:
            tenant = await _once(self._hosts, host, self._read_host)
        return None if tenant is None else await self.by_id(tenant)

    async def _read_host(self, host: str) -> UUID | None:
        async with self._control.connect() as connection:
            tenant = (
                await connection.execute(
                    select(Host.tenant).where(Host.name == host, Host.verified_at.is_not(None))
                )
            ).scalar()
        if self._hosts.get(host) is asyncio.current_task():
            if len(self._by_host) > _MOST_UNKNOWN:
                self._by_host.clear()
            self._by_host[host] = (time.monotonic(), tenant)
        return tenant

    def last_known(self, host: str) -> TenantRef | None:
        """Whose host it was when the database last said so: for its brand on an error page."""
        known = self._by_host.get(host)
        found = self._by_id.get(known[1]) if known is not None and known[1] is not None else None
        return found[1] if found is not None else None

    async def by_id(self, tenant: UUID) -> TenantRef | None:
        known = self._by_id.get(tenant)
        if known is not None and time.monotonic() - known[0] <= _FRESH_S:
            return known[1]
        return await _once(self._tenants, tenant, self._read_tenant)

    async def _read_tenant(self, tenant: UUID) -> TenantRef | None:
        found = await self._load(Tenant.id == tenant)
        if not found:
            return None
        if self._tenants.get(tenant) is asyncio.current_task():
            self._by_id[tenant] = (time.monotonic(), found[0])
        return found[0]

    async def by_slug(self, slug: str) -> TenantRef | None:
        found = await self._load(Tenant.slug == slug)
        return found[0] if found else None

    async def all(self, *states: str) -> list[TenantRef]:
        """Every tenant with a schema, in order of age; by default the ones that serve."""
        return await self._load(Tenant.state.in_(states or ("active", "suspended")))

    async def _load(self, where: Any) -> list[TenantRef]:
        host = (
            select(Host.name)
            .where(Host.tenant == Tenant.id, Host.verified_at.is_not(None))
            # A tenant's own domain speaks for it before the platform's.
            .order_by(Host.kind, Host.name)
            .limit(1)
            .scalar_subquery()
        )
        statement = (
            select(
                Tenant.id,
                Tenant.slug,
                Tenant.name,
                Tenant.legal_entity,
                Tenant.base_currency,
                Tenant.time_zone,
                Tenant.state,
                Tenant.mode,
                Tenant.schema,
                Tenant.wrapped_key,
                SchemaSlot.password,
                Tenant.epoch,
                func.coalesce(host, "").label("host"),
            )
            .join(SchemaSlot, SchemaSlot.name == Tenant.schema)
            .where(where, Tenant.wrapped_key.is_not(None))
            .order_by(Tenant.created_at)
        )
        async with self._control.connect() as connection:
            rows = (await connection.execute(statement)).all()
        return [TenantRef(**dict(row._mapping)) for row in rows]  # noqa: SLF001 - the public name of a row as a mapping

    async def schema_version_ok(self) -> bool:
        async with self._control.connect() as connection:
            return bool((await connection.execute(text("select 1"))).scalar())


async def _once(
    readings: dict[K, asyncio.Task[V]], key: K, read: Callable[[K], Coroutine[Any, Any, V]]
) -> V:
    """One reading for all who ask while it goes on; who gives up does not end it for the others.

    Each by itself would take a connection of the few there are, and open more, once a second.
    """
    going = readings.get(key)
    if going is None or going.get_loop() is not asyncio.get_running_loop():
        going = readings[key] = asyncio.create_task(read(key))

        def ended(task: asyncio.Task[V]) -> None:
            if readings.get(key) is task:
                del readings[key]

        going.add_done_callback(ended)
    return await asyncio.shield(going)
