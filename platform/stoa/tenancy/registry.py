"""Which host leads to which tenant, kept in memory for a moment and never guessed."""

import time
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from stoa.tenancy.model import Host, SchemaSlot, Tenant

_FRESH_S: Final = 1.0
_MOST_UNKNOWN: Final = 10_000


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

    def forget(self) -> None:
        self._by_host.clear()
        self._by_id.clear()

    async def by_host(self, host: str) -> TenantRef | None:
        """Exact match of a normalised host name; None when no tenant has it."""
        known = self._by_host.get(host)
        if known is None or time.monotonic() - known[0] > _FRESH_S:
            async with self._control.connect() as connection:
                tenant = (
                    await connection.execute(
                        select(Host.tenant).where(Host.name == host, Host.verified_at.is_not(None))
                    )
                ).scalar()
            if len(self._by_host) > _MOST_UNKNOWN:
                self._by_host.clear()
            known = (time.monotonic(), tenant)
            self._by_host[host] = known
        if known[1] is None:
            return None
        return await self.by_id(known[1])

    def last_known(self, host: str) -> TenantRef | None:
        """Whose host it was when the database last said so: for its brand on an error page."""
        known = self._by_host.get(host)
        found = self._by_id.get(known[1]) if known is not None and known[1] is not None else None
        return found[1] if found is not None else None

    async def by_id(self, tenant: UUID) -> TenantRef | None:
        known = self._by_id.get(tenant)
        if known is not None and time.monotonic() - known[0] <= _FRESH_S:
            return known[1]
        found = await self._load(Tenant.id == tenant)
        if not found:
            return None
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
