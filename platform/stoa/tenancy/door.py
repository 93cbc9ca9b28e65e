"""The one door to the database: opens a unit of work and closes it with one commit."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec
import structlog
from asyncpg import PostgresError
from sqlalchemy import bindparam, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from stoa.db.engines import (
    WAIT_S,
    EnginePerRole,
    engine,
    note_tenant,
    recycle_after_many_tenants,
)
from stoa.kernel.clock import Clock, real
from stoa.kernel.faultpoints import faultpoint
from stoa.kernel.refusals import Unavailable, Uncertain
from stoa.tenancy.actor import SYSTEM, Actor
from stoa.tenancy.registry import Registry, TenantRef
from stoa.tenancy.slices import current
from stoa.tenancy.work import PlatformWork, Work
from stoa.vault.keys import MasterKey, TenantKeys

log = structlog.get_logger("stoa.door")

ENTER: Final = text(
    "select set_config('role', :role, true), set_config('search_path', :schema, true), "
    "set_config('app.tenant', :tenant, true), now()"
)
ENTER_AS_SELF: Final = text("select now()")
WHOSE: Final = text(
    "select i.tenant, coalesce((select max(s.id) from setting s), 0) from tenant_identity i"
)
LOAD: Final = text(
    "select distinct on (slice) slice, body from setting where slice = any(:slices) "
    "order by slice, id desc"
).bindparams(bindparam("slices"))

_DENIED: Final = "42501"
_MOST_TRIES: Final = 20

AfterCommit = Callable[[TenantRef, bool, set[str]], Any]
OpenWork = Callable[..., AbstractAsyncContextManager[Work]]


class TenantMismatch(RuntimeError):
    """The schema behind the connection is not the tenant's: nothing was read or written."""


class Door:
    """Holds the logins and keys of one process. `slices` are the settings types by module name."""

    def __init__(
        self,
        *,
        app_dsn: str,
        control_dsn: str,
        master: MasterKey,
        slices: Mapping[str, type[msgspec.Struct]] | None = None,
        pool: int = 8,
        application: str = "stoa",
        clock: Clock = real,
        relaxed: bool = False,
        wait_s: float = WAIT_S,
    ) -> None:
        self._app = engine(
            app_dsn,
            application=application,
            size=pool,
            overflow=4,
            relaxed=relaxed,
            wait_s=wait_s,
        )
        recycle_after_many_tenants(self._app)
        self._own = EnginePerRole(make_url(app_dsn), application=application)
        self._control = engine(
            control_dsn, application=f"{application}-control", size=3, overflow=5, ping=True
        )
        self.registry = Registry(self._control)
        self.master = master
        self.clock = clock
        self.slices = dict(slices or {})
        self._keys: dict[UUID, TenantKeys] = {}
        self._parsed: dict[UUID, tuple[int, dict[type[msgspec.Struct], msgspec.Struct]]] = {}
        self.after_commit: AfterCommit | None = None
        self.dirty = 0
        """Connections found under another role and thrown away; more than none is a defect."""

    @property
    def control(self) -> AsyncEngine:
        return self._control

    async def close(self) -> None:
        await self._app.dispose()
        await self._own.close()
        await self._control.dispose()

    def keys(self, tenant: TenantRef) -> TenantKeys:
        if tenant.id not in self._keys:
            raw = self.master.unwrap(tenant.id, tenant.wrapped_key)
            self._keys[tenant.id] = TenantKeys(tenant.id, raw)
        return self._keys[tenant.id]

    def _engine(self, tenant: TenantRef) -> AsyncEngine:
        if tenant.mode != "login":
            return self._app
        password = self.master.unseal(f"role|{tenant.schema}", tenant.password).decode()
        return self._own.of(tenant.schema, password)

    @asynccontextmanager
    async def open(
        self, tenant: TenantRef | UUID, *, actor: Actor = SYSTEM, purpose: str = "work"
    ) -> AsyncGenerator[Work]:
        """A transaction as the tenant's role in the tenant's schema, committed on a clean exit."""
        ref = tenant if isinstance(tenant, TenantRef) else await self._ref(tenant)
        session, now = await self._session(ref)
        work: Work | None = None
        try:
            async with _committed(session) as keeping:
                work = await self._enter(session, ref, actor, purpose, now)
                yield work
                await work.close()
                keeping.all = bool(work.changes or work.told)
        finally:
            if work is not None:
                work.shut()
            await asyncio.shield(session.close())
        faultpoint("door.committed")
        if work is not None:
            await self._tell(ref, work)
            await _afterwards(work)

    async def _session(self, ref: TenantRef) -> tuple[AsyncSession, datetime]:
        """A transaction that is the tenant's, and the database's time in it.

        A connection that somebody left as another role cannot become ours, and one whose server
        was restarted is dead: both are thrown away, and the next one is taken.
        """
        for left in reversed(range(_MOST_TRIES)):
            session = AsyncSession(self._engine(ref), expire_on_commit=False, autoflush=True)
            try:
                return session, await self._become(session, ref)
            except BaseException as why:
                dirty = _sqlstate(why) == _DENIED and ref.mode != "login"
                if dirty:
                    self.dirty += 1
                    log.warning("dirty connection thrown away", tenant=str(ref.id))
                    await (await session.connection()).invalidate()
                await asyncio.shield(session.close())
                # Nothing was asked of it yet, so that another may be taken in its place.
                stale = isinstance(why, DBAPIError) and why.connection_invalidated
                if not (dirty or stale) or not left:
                    raise
        raise AssertionError("every way out of the loop is inside it")

    async def _become(self, session: AsyncSession, ref: TenantRef) -> datetime:
        if ref.mode == "login":
            return (await session.execute(ENTER_AS_SELF)).scalar_one()  # type: ignore[no-any-return]
        names = {"role": ref.schema, "schema": ref.schema, "tenant": str(ref.id)}
        return (await session.execute(ENTER, names)).one()[3]  # type: ignore[no-any-return]

    async def _tell(self, ref: TenantRef, work: Work) -> None:
        if self.after_commit is not None and (work.told or work.announced):
            try:
                await self.after_commit(ref, bool(work.told), work.announced)
            except Exception:
                # The relay sweeps what no bell announced; a screen refreshes a moment later.
                log.warning("bell unheard", tenant=str(ref.id), exc_info=True)

    async def _enter(
        self, session: AsyncSession, ref: TenantRef, actor: Actor, purpose: str, now: datetime
    ) -> Work:
        whose, epoch = (await session.execute(WHOSE)).one()
        if whose != ref.id:
            raise TenantMismatch(f"schema {ref.schema} belongs to another tenant")
        note_tenant(await session.connection(), ref.schema)
        return Work(
            session,
            tenant=ref,
            actor=actor,
            now=self.clock(now),
            purpose=purpose,
            keys=self.keys(ref),
            settings=await self._settings(session, ref, epoch),
            settings_epoch=epoch,
        )

    async def _settings(
        self, session: AsyncSession, ref: TenantRef, epoch: int
    ) -> dict[type[msgspec.Struct], msgspec.Struct]:
        known = self._parsed.get(ref.id)
        if known is not None and known[0] == epoch:
            return known[1]
        stored = {
            row.slice: row.body
            for row in (await session.execute(LOAD, {"slices": list(self.slices)})).all()
        }
        parsed = {
            slice_type: msgspec.convert(
                current(slice_type, stored.get(name, {})), slice_type, strict=False
            )
            for name, slice_type in self.slices.items()
        }
        self._parsed[ref.id] = (epoch, parsed)
        return parsed

    def last_known(self, tenant: UUID, slice_type: type[msgspec.Struct]) -> Any:
        """Settings as this process last read them, for pages drawn without the database."""
        known = self._parsed.get(tenant)
        return known[1].get(slice_type) if known else None

    async def _ref(self, tenant: UUID) -> TenantRef:
        ref = await self.registry.by_id(tenant)
        if ref is None:
            raise Unavailable("This service is not available.")
        return ref

    @asynccontextmanager
    async def platform(
        self, *, actor: Actor = SYSTEM, purpose: str = "work"
    ) -> AsyncGenerator[PlatformWork]:
        """A transaction in the operator's schema, committed on a clean exit."""
        session = AsyncSession(self._control, expire_on_commit=False)
        work: PlatformWork | None = None
        try:
            async with _committed(session) as keeping:
                now: datetime = (await session.execute(ENTER_AS_SELF)).scalar_one()
                work = PlatformWork(session, actor=actor, now=self.clock(now), purpose=purpose)
                yield work
                await work.close()
                keeping.all = bool(work.changes)
        finally:
            if work is not None:
                work.shut()
            await asyncio.shield(session.close())
        if work is not None:
            await _afterwards(work)

    def opener(self, tenant: TenantRef | UUID, *, actor: Actor = SYSTEM, purpose: str) -> OpenWork:
        """What a job gets: a function that opens work in this tenant and no other."""

        def open_work(
            *, actor: Actor = actor, purpose: str = purpose
        ) -> AbstractAsyncContextManager[Work]:
            return self.open(tenant, actor=actor, purpose=purpose)

        return open_work


class _Keeping:
    """Whether all was said and only the commit is left, of something that matters."""

    all = False


@asynccontextmanager
async def _committed(session: AsyncSession) -> AsyncGenerator[_Keeping]:
    """One transaction. Raises Uncertain where the answer to its commit never came."""
    keeping = _Keeping()
    try:
        yield keeping
        if keeping.all:
            faultpoint("door.flushed")
        await session.commit()
    except (DBAPIError, PostgresError, ConnectionError, OSError) as why:
        if keeping.all and not _refused(why):
            raise Uncertain from why
        raise


def _refused(why: BaseException) -> bool:
    """The database answered, and its answer was no: a constraint, a conflict, a deadline."""
    state = _sqlstate(why)
    return bool(state) and state[:2] not in {"08", "57"}


def _sqlstate(why: BaseException) -> str:
    return str(getattr(getattr(why, "orig", why), "sqlstate", "") or "")


async def _afterwards(work: Work | PlatformWork) -> None:
    for wake in work.after:
        try:
            await wake()
        except Exception:
            log.warning("wake-up unheard", purpose=work.purpose, exc_info=True)
