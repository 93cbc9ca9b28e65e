"""Provisioning as a state machine: every step may be repeated, none leaves half a tenant.

A tenant has no host until the last step, so nobody reaches it before it is whole.
"""

import os
import re
import secrets
import time
import tomllib
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, Final
from uuid import UUID
from zoneinfo import available_timezones

import asyncpg
import msgspec
from email_validator import EmailNotValidError, validate_email
from sqlalchemy import or_, select

from stoa.kernel import currencies, where
from stoa.kernel.faultpoints import faultpoint
from stoa.kernel.ids import uuid7
from stoa.kernel.refusals import Conflict, Invalid
from stoa.product import Product
from stoa.tenancy import blank, migrations, settings
from stoa.tenancy.door import Door
from stoa.tenancy.model import Host, Provision, SchemaSlot, Tenant, TenantState
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
_LONGEST_NAME: Final = 120
_LONGEST_ENTITY: Final = 160
TAKEN: Final = N_("This short name is taken, or was once. Choose another.")
_HEX: Final = re.compile(r"#[0-9a-fA-F]{6}")
_SLUG: Final = re.compile(r"[a-z][a-z0-9-]{1,30}[a-z0-9]")
_RESERVED: Final = frozenset(
    {"control", "www", "api", "mail", "admin", "status", "platform", "operator", "static", "app"}
)

InviteOwner = Callable[[Work, str], Awaitable[None]]


def _unheard(_step: str, _took_ms: int) -> None:
    """Nobody watches."""


class Asked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an operator asks for a new sub-broker. `blueprint` names a file of settings."""

    name: str
    slug: str
    legal_entity: str
    owner_email: str
    blueprint: str = "standard"
    base_currency: str | None = None
    time_zone: str | None = None
    accent: str | None = None
    mode: str = "assume"


def check(asked: Asked) -> Asked:
    """Raises Invalid, the field named."""
    if not _SLUG.fullmatch(asked.slug) or "--" in asked.slug:
        raise Invalid(
            "The short name has 3 to 32 small letters, digits or hyphens and starts with a letter.",
            field="slug",
        )
    if asked.slug in _RESERVED:
        raise Invalid("This short name is reserved. Choose another.", field="slug")
    if not 0 < len(asked.name.strip()) <= _LONGEST_NAME:
        raise Invalid(
            "Give the sub-broker a name of up to {n} letters.", field="name", n=_LONGEST_NAME
        )
    if not 0 < len(asked.legal_entity.strip()) <= _LONGEST_ENTITY:
        raise Invalid(
            "Name the legal entity in up to {n} letters.", field="legal_entity", n=_LONGEST_ENTITY
        )
    _check_wishes(asked)
    if asked.mode not in {"assume", "login"}:
        raise Invalid("The isolation mode is assume or login.", field="mode")
    if asked.blueprint not in blueprints():
        raise Invalid(
            "There is no blueprint {name}; known are {known}.",
            field="blueprint",
            name=asked.blueprint,
            known=", ".join(blueprints()),
        )
    return asked


def _check_wishes(asked: Asked) -> None:
    """What a later step would stumble over, when the short name is used up already."""
    try:
        validate_email(asked.owner_email, check_deliverability=False, allow_smtputf8=False)
    except EmailNotValidError as why:
        raise Invalid("Give the owner's e-mail address.", field="owner_email") from why
    if asked.base_currency and not currencies.known(asked.base_currency):
        raise Invalid(
            "The currency {code} is not known.", field="base_currency", code=asked.base_currency
        )
    if asked.time_zone and asked.time_zone not in available_timezones():
        raise Invalid("The time zone {name} is not known.", field="time_zone", name=asked.time_zone)
    if asked.accent and not _HEX.fullmatch(asked.accent):
        raise Invalid("Write a colour as # and six hex digits.", field="accent")


def blueprints() -> list[str]:
    return sorted(path.stem for path in where.blueprints().glob("*.toml"))


def told_of_blueprints() -> list[tuple[str, str, str]]:
    """Each blueprint's name, its title, and what it says of itself."""
    told: list[tuple[str, str, str]] = []
    for name in blueprints():
        head = tomllib.loads((where.blueprints() / f"{name}.toml").read_text()).get("blueprint", {})
        told.append((name, str(head.get("title", name)), str(head.get("about", ""))))
    return told


async def request(work: PlatformWork, asked: Asked, *, key: str, mine: bool = False) -> Provision:
    """Write down the wish; a worker takes it up. The same key answers the same request.

    `mine` leases it to the caller, who runs it at once; a worker takes over when the caller dies.
    Raises Conflict when the key was used for something else or the slug was ever taken.
    """
    check(asked)
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
            name = await claim(
                owner, row.tenant, revision=migrations.head("tenants"), master=self.door.master
            )
            await set_mode(owner, name, asked.mode)
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
            (title for name, title, _ in told_of_blueprints() if name == asked.blueprint),
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


async def claim(owner: asyncpg.Connection, tenant: UUID, *, revision: str, master: Any) -> str:
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
            name = await blank.build(owner, revision=revision, master=master)
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
    logins = ", ".join(blank.LOGINS)
    if mode == "login":
        database = await owner.fetchval("select current_database()")
        # A fresh password too: whoever saw the old one through the pool knows nothing now.
        await owner.execute(
            f'revoke "{schema}" from {logins}; grant connect on database "{database}" to "{schema}"'
        )
    else:
        await owner.execute(f'grant "{schema}" to {logins}')


def idempotency_key() -> str:
    return secrets.token_urlsafe(16)


__all__ = ["Asked", "Provisioner", "SchemaSlot", "blueprints", "check", "claim", "request"]
