"""The arq worker: its jobs are doorbells, JSON on the wire, and may be lost without harm."""

import asyncio
import contextlib
import json
import time
from collections import Counter
from collections.abc import Generator
from typing import Any, ClassVar, Final
from uuid import UUID

import structlog
from arq import func
from arq.connections import ArqRedis, RedisSettings, create_pool
from arq.worker import Worker
from redis.exceptions import RedisError
from sqlalchemy import text

from stoa.audit import sealer
from stoa.control import metering
from stoa.control import pulse as pulses
from stoa.jobs import drain as drains
from stoa.jobs.bell import Bell
from stoa.product import Product
from stoa.tenancy.door import Door
from stoa.tenancy.provision import Provisioner
from stoa.tenancy.registry import TenantRef

log = structlog.get_logger("stoa.worker")

QUEUE: Final = "stoa:doorbells"
_TIMEOUT_S: Final = 120
_PLACES: Final = 16
_LEAVE_S: Final = 5
_DRAINS_OF_ONE: Final = 4
_SWEEPS_OF_ONE: Final = 2
_COMPOSING: Final = text(
    "select pg_advisory_xact_lock(hashtext('compose'), hashtext(cast(:schema as text)))"
)
"""Several workers begin at once after a release."""


def to_wire(job: dict[str, Any]) -> bytes:
    return json.dumps(job, default=str).encode()


def from_wire(raw: bytes) -> dict[str, Any]:
    job: dict[str, Any] = json.loads(raw)
    return job


async def connect(redis_url: str) -> ArqRedis:
    return await create_pool(
        RedisSettings.from_dsn(redis_url),
        job_serializer=to_wire,
        job_deserializer=from_wire,
        default_queue_name=QUEUE,
    )


async def drain(context: dict[str, Any], tenant: str, lane: str) -> None:
    """Drain this tenant's lane; ring again when more is left, so that others get their turn."""
    door: Door = context["door"]
    ref = await door.registry.by_id(UUID(tenant))
    if ref is None or (ref.state != "active" and lane != "mail"):
        return
    turns: Turns = context["turns"]
    if not turns.begin(tenant, lane):
        return
    more = True
    try:
        more = await drains.drain(door, context["product"], ref, lane)
    finally:
        rung = turns.end(tenant, lane)
        if more or rung:
            with contextlib.suppress(RedisError, OSError):
                await context["redis"].enqueue_job("drain", tenant, lane)


class Turns:
    """How many of this worker's places each tenant holds: never so many that others wait."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._held: Counter[str] = Counter()
        self._missed: set[tuple[str, str]] = set()

    def begin(self, tenant: str, lane: str) -> bool:
        """Take a place; False where this tenant has its share, and then its bell is kept."""
        if self._held[tenant] >= self._most:
            self._missed.add((tenant, lane))
            return False
        self._held[tenant] += 1
        return True

    def end(self, tenant: str, lane: str) -> bool:
        """Give the place back; whether a bell for this lane was kept meanwhile."""
        self._held[tenant] -= 1
        if not self._held[tenant]:
            del self._held[tenant]
        missed = (tenant, lane) in self._missed
        self._missed.discard((tenant, lane))
        return missed


async def tick(context: dict[str, Any], tenant: str, name: str) -> None:
    door: Door = context["door"]
    ref = await door.registry.by_id(UUID(tenant))
    # A sweep that still runs is not joined by the next: a silent provider would hold every place.
    sweeps: Turns = context["sweeps"]
    running: set[tuple[str, str]] = context["running"]
    if ref is None or (tenant, name) in running or not sweeps.begin(tenant, name):
        return
    running.add((tenant, name))
    try:
        await drains.tick(door, context["product"], ref, name)
    finally:
        running.discard((tenant, name))
        if sweeps.end(tenant, name):
            with contextlib.suppress(RedisError, OSError):
                await context["redis"].enqueue_job("tick", tenant, name)


async def provision(context: dict[str, Any]) -> None:
    """Take up waiting provisioning requests, then keep the pool of blank schemas warm."""
    provisioner: Provisioner | None = context["provisioner"]
    if provisioner is not None:
        await provisioner.run_waiting()
        await provisioner.top_up()


async def seal(context: dict[str, Any]) -> None:
    """Chain what every tenant's audit log has gained; one round at a time in this worker."""
    door: Door = context["door"]
    if context["sealing"].locked():
        return
    async with context["sealing"]:
        for ref in await door.registry.all():
            with _alone("seal", ref):
                await sealer.seal(door, ref)


async def pulse(context: dict[str, Any]) -> None:
    """Every tenant reports its counts and health for the operator's fleet page."""
    door: Door = context["door"]
    for ref in await door.registry.all():
        with _alone("pulse", ref):
            await pulses.take(door, context["product"], ref)
            counted: dict[UUID, float] = context["counted"]
            if time.monotonic() - counted.get(ref.id, float("-inf")) > metering.EVERY_S:
                counted[ref.id] = time.monotonic()
                await metering.count(door, context["product"], ref)


@contextlib.contextmanager
def _alone(what: str, ref: TenantRef | None = None) -> Generator[None]:
    """One tenant's trouble is not the next one's."""
    try:
        yield
    except Exception:
        log.exception(what, tenant=str(ref.id) if ref is not None else None)


async def replay(context: dict[str, Any], tenant: str) -> None:
    """Give a tenant's dead letters a new life."""
    door: Door = context["door"]
    ref = await door.registry.by_id(UUID(tenant))
    if ref is not None:
        await drains.replay_all(door, ref)


async def compose(door: Door, product: Product) -> None:
    """After a release: every tenant gets what its modules bring anew, such as the owner's rights."""
    composing = [module.compose for module in product.modules if module.compose is not None]
    for ref in await door.registry.all():
        with _alone("compose", ref):
            async with door.open(ref, purpose="release.compose") as work:
                await work.run(_COMPOSING, {"schema": ref.schema})
                for one in composing:
                    await one(work, product)


async def leave(product: Product) -> None:
    """Let every module give back what it holds; one that cannot does not keep the others."""
    for giving_back in (one for module in product.modules for one in module.leaving):
        with _alone("leave"):
            async with asyncio.timeout(_LEAVE_S):
                await giving_back()


class _Everything:
    functions: ClassVar = [drain, tick, provision, seal, pulse, replay]


def worker(redis_url: str, door: Door, product: Product, provisioner: Provisioner | None) -> Worker:
    """A worker over all tenants. Its context holds the door; nothing ambient names a tenant."""

    async def startup(context: dict[str, Any]) -> None:
        context["door"] = door
        context["product"] = product
        context["provisioner"] = provisioner
        context["turns"], context["sweeps"] = Turns(_DRAINS_OF_ONE), Turns(_SWEEPS_OF_ONE)
        context["running"], context["counted"] = set(), {}
        context["sealing"] = asyncio.Lock()
        context["composing"] = asyncio.create_task(compose(door, product))
        door.after_commit = Bell(context["redis"])

    async def shutdown(context: dict[str, Any]) -> None:
        context["composing"].cancel()
        await leave(product)
        await door.close()

    return Worker(
        functions=[func(f, keep_result=0, max_tries=3) for f in _Everything.functions],  # type: ignore[arg-type]
        queue_name=QUEUE,
        redis_settings=RedisSettings.from_dsn(redis_url),
        on_startup=startup,  # type: ignore[arg-type]
        on_shutdown=shutdown,  # type: ignore[arg-type]
        max_jobs=_PLACES,
        job_timeout=_TIMEOUT_S,
        poll_delay=0.05,
        keep_result=0,
        job_serializer=to_wire,
        job_deserializer=from_wire,
        health_check_interval=10,
        handle_signals=True,
    )
