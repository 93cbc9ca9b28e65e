"""Provisioning as a state machine: every step may be repeated, none leaves half a tenant.

A tenant has no host until the last step, so nobody reaches it before it is whole.
"""

import os
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import asyncpg
import msgspec
from sqlalchemy import or_, select

from stoa.kernel import where
from stoa.kernel.faultpoints import faultpoint
from stoa.kernel.ids import uuid7
from stoa.kernel.refusals import Conflict, Invalid
from stoa.product import Product
from stoa.tenancy import blank, migrations, orders, settings
from stoa.tenancy.door import Door
from stoa.tenancy.model import Host, Provision, Tenant, TenantState
from stoa.tenancy.orders import Asked
from stoa.tenancy.work import PlatformWork, Work, hash_of
from stoa.theming import reasons
from stoa.theming.texts import N_

STEPS: Final = ("reserve", "schema", "settings", "seed", "owner", "open")
_ENTERED: Final = frozenset({"reserve", "schema", "open"})
"""Steps that change the operator's own rows: that is their entry in the audit. The others change the
tenant's, where they are audited; the operator's audit names them once, when they are over.
"""
LEASE_S: Final = 30
_MOST_TRIES: Final = 8
TAKEN: Final = N_("This short name is taken, or was once. Choose another.")
InviteOwner = Callable[[Work, str], Awaitable[None]]


def _unheard(_step: str, _took_ms: int) -> None:
    """Nobody watches."""


async def request(work: PlatformWork, asked: Asked, *, key: str, mine: bool = False) -> Provision:
    """Write down the wish; a worker takes it up. The same key answers the same request.

    `mine` leases it to the caller, who runs it at once; a worker takes over when the caller dies.
    Raises Conflict when the key was used for something else or the slug was ever taken.
    """
    orders.check(asked)
    digest = hash_of(msgspec.to_builtins(asked))
    known = await work.first(select(Provision).where(Provision.key == key))
    if known is not None:
        if known.asked_hash != digest:
            raise Conflict("This key was used for another request. Nothing was changed.")
        return known
    under_way = select(Provision.id).where(
        Provision.asked["slug"].astext == asked.slug, Provision.state != "failed"
    )
    if await work.first(under_way) or await _taken(work, asked.slug):
        raise Conflict(TAKEN, field="slug")
    row = Provision(
        id=uuid7(),
        key=key,
        asked_hash=digest,
        asked=msgspec.to_builtins(asked),
        step=STEPS[0],
        log=[],
        asked_at=work.now,
        asked_by=work.actor.id,
        leased_until=work.now + timedelta(seconds=LEASE_S) if mine else None,
    )
    work.add(row)
    await work.flush()
    return row


async def _taken(work: PlatformWork, slug: str) -> bool:
    return await work.first(select(Tenant.id).where(Tenant.slug == slug)) is not None


async def again(work: PlatformWork, provision: UUID) -> Provision:
    """Let a request that was given up be tried anew, from the step where it stopped."""
    row = await work.lock(Provision, provision)
    if row.state != "failed":
        raise Conflict("It was not given up: it goes on by itself. Nothing was changed.")

    row.state, row.tries, row.leased_until = "waiting", 0, None
    work.about_tenant = row.tenant
    work.record("provisioning tried anew", provision=str(row.id), step=row.step)
    return row


class Provisioner:
    """Takes requests step by step. Holds the owner's login, which no web process has."""

    def __init__(
        self,
        door: Door,
        product: Product,
        *,
        owner_dsn: str,
        base_domain: str,
        invite_owner: InviteOwner,
        pool_size: int = 3,
    ) -> None:
        self.door = door
        self.product = product
        self.owner_dsn = owner_dsn
        self.base_domain = base_domain
        self.invite_owner = invite_owner
        self.pool_size = pool_size

    async def run_waiting(self) -> int:
        """Take up every request that waits or whose worker died; returns how many ended."""
        ended = 0
        while (claimed := await self._claim()) is not None:
            await self.run(claimed)
            ended += 1
        return ended

    async def _claim(self) -> UUID | None:
        async with self.door.platform(purpose="provision.claim") as work:
            row = await work.first(
                select(Provision)
                .where(
                    Provision.state.in_(("waiting", "running")),
                    or_(Provision.leased_until.is_(None), Provision.leased_until < work.now),
                )
                .order_by(Provision.asked_at)
                .with_for_update(skip_locked=True)
            )
            if row is None:
                return None
            row.state = "running"
            row.tries += 1
            work.about_tenant = row.tenant
            work.record("provisioning taken up", provision=str(row.id), tries=row.tries)
            row.leased_until = work.now + timedelta(seconds=LEASE_S)
            return row.id

    async def run(self, provision: UUID, told: Callable[[str, int], None] = _unheard) -> Provision:
        """All remaining steps of one request; `told` hears of each as it ends, with milliseconds.

        A failing step is kept with its error.
        """
        while True:
            async with self.door.platform(purpose="provision.read") as work:
                row = await work.get(Provision, provision)
            if row.state in {"done", "failed"}:
                return row
            started = time.monotonic()
            try:
                await getattr(self, f"_{row.step}")(row, msgspec.convert(row.asked, Asked))
            except Exception as why:
                await self._failed(row.id, row.step, why)
                raise
            faultpoint(f"provision.{row.step}")
            took_s = time.monotonic() - started
            await self._advance(row.id, row.step, took_s)
            told(row.step, round(took_s * 1000))

    async def _advance(self, provision: UUID, step: str, took_s: float) -> None:
        async with self.door.platform(purpose=f"provision.{step}") as work:
            row = await work.lock(Provision, provision)
            if row.step != step or row.state == "done":
                return
            entry = {"step": step, "at": work.now.isoformat(), "took_ms": round(took_s * 1000)}
            row.log = [*row.log, entry]
            work.about_tenant = row.tenant
            if step not in _ENTERED:
                work.record("provisioning step", provision=str(row.id), **entry)
            following = STEPS.index(step) + 1
            row.leased_until = work.now + timedelta(seconds=LEASE_S)
            row.error = None
            if following == len(STEPS):
                row.state, row.done_at, row.leased_until = "done", work.now, None
            else:
                row.step = STEPS[following]

    async def _failed(self, provision: UUID, step: str, why: Exception) -> None:
        async with self.door.platform(purpose=f"provision.{step}.failed") as work:
            row = await work.lock(Provision, provision)
            said = getattr(why, "orig", None) or why  # the statement and its values are for the log
            row.error = f"{step}: {type(why).__name__}: {said}"[:2000]
            work.about_tenant = row.tenant
            work.record("provisioning step failed", provision=str(row.id), error=row.error)
            row.leased_until = work.now + timedelta(seconds=2 ** min(row.tries, 6))
            for_good = isinstance(why, Conflict | Invalid)
            row.state = "failed" if for_good or row.tries >= _MOST_TRIES else "waiting"

    async def _reserve(self, row: Provision, asked: Asked) -> None:
        async with self.door.platform(purpose="provision.reserve") as work:
            row = await work.lock(Provision, row.id)
            if row.tenant is not None:
                return
            if await _taken(work, asked.slug):
                raise Conflict(TAKEN)
            facts = settings.read_toml(self._blueprint(asked), self.product.slices)["tenant"]
            tenant = Tenant(
                id=uuid7(),
                slug=asked.slug,
                name=asked.name,
                legal_entity=asked.legal_entity,
                base_currency=asked.base_currency or facts.base_currency,  # type: ignore[attr-defined]
                time_zone=asked.time_zone or facts.time_zone,  # type: ignore[attr-defined]
                blueprint=asked.blueprint,
                owner_email=asked.owner_email,
                state=TenantState.PROVISIONING,
                mode=asked.mode,
                created_at=work.now,
            )
            work.add(tenant)
            await work.flush()
            work.about_tenant = tenant.id
            row.tenant = tenant.id

    async def _schema(self, row: Provision, asked: Asked) -> None:
        assert row.tenant is not None  # noqa: S101 - the step before set it
        owner = await asyncpg.connect(self.owner_dsn)
        try:
            name = await blank.claim(
                owner, row.tenant, revision=migrations.head("tenants"), master=self.door.master
            )
            await blank.set_mode(owner, name, asked.mode)
        finally:
            await owner.close()
        async with self.door.platform(purpose="provision.schema") as work:
            work.about_tenant = row.tenant
            tenant = await work.lock(Tenant, row.tenant)
            tenant.schema = name
            if tenant.wrapped_key is None:
                tenant.wrapped_key = self.door.master.wrap(tenant.id, os.urandom(32))
        self.door.registry.forget()

    async def _settings(self, row: Provision, asked: Asked) -> None:
        sections = settings.read_toml(self._blueprint(asked), self.product.slices)
        async with self.door.platform(purpose="provision.settings") as platform:
            tenant = await platform.get(Tenant, row.tenant)
        sections["tenant"] = msgspec.structs.replace(
            sections["tenant"],
            name=asked.name,
            legal_entity=asked.legal_entity,
            base_currency=tenant.base_currency,
            currencies=tuple(
                dict.fromkeys([tenant.base_currency, *sections["tenant"].currencies])  # type: ignore[attr-defined]
            ),
            time_zone=tenant.time_zone,
        )
        if "brand" in sections:
            own: dict[str, Any] = {"name": asked.name[:60]}
            if asked.accent:
                own["accent"] = asked.accent
            sections["brand"] = msgspec.structs.replace(sections["brand"], **own)
        title = next(
            (title for name, title, _ in orders.told_of_blueprints() if name == asked.blueprint),
            asked.blueprint,
        )
        why = reasons.from_blueprint(title)
        async with self.door.open(tenant.id, purpose="provision.settings") as work:
            for name in self.product.slices:
                value = sections.get(name) or self.product.slices[name]()
                await settings.put(work, name, value, why=why)

    async def _seed(self, row: Provision, _asked: Asked) -> None:
        assert row.tenant is not None  # noqa: S101 - an earlier step set it
        async with self.door.open(row.tenant, purpose="provision.seed") as work:
            for module in self.product.modules:
                if module.compose is not None:
                    await module.compose(work, self.product)
            for module in self.product.modules:
                if module.seed is not None:
                    await module.seed(work)

    async def _owner(self, row: Provision, asked: Asked) -> None:
        assert row.tenant is not None  # noqa: S101 - an earlier step set it
        async with self.door.open(row.tenant, purpose="provision.owner") as work:
            await self.invite_owner(work, asked.owner_email)

    async def _open(self, row: Provision, asked: Asked) -> None:
        async with self.door.platform(purpose="provision.open") as work:
            tenant = await work.lock(Tenant, row.tenant)
            if tenant.state == TenantState.PROVISIONING:
                tenant.move(TenantState.ACTIVE)
            name = f"{asked.slug}.{self.base_domain}"
            if await work.session.get(Host, name) is None:
                work.add(Host(name=name, tenant=tenant.id, kind="platform", verified_at=work.now))
            work.about_tenant = tenant.id
        self.door.registry.forget()
        # Last, when the tenant is already among those that a decision for all is carried out in.
        for module in self.product.modules:
            if module.welcome is not None:
                await module.welcome(self.door, tenant.id)

    def _blueprint(self, asked: Asked) -> str:
        return (where.blueprints() / f"{asked.blueprint}.toml").read_text()

    async def top_up(self) -> int:
        """Keep some blank schemas warm; runs beside provisioning, never in its way."""
        owner = await asyncpg.connect(self.owner_dsn)
        try:
            return await blank.top_up(
                owner,
                revision=migrations.head("tenants"),
                master=self.door.master,
                keep=self.pool_size,
            )
        finally:
            await owner.close()
