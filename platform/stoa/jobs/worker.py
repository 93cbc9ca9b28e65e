"""The arq worker: its jobs are doorbells, JSON on the wire, and may be lost without harm."""

import json
from typing import Any, ClassVar, Final
from uuid import UUID

from arq import func
from arq.connections import ArqRedis, RedisSettings, create_pool
from arq.worker import Worker

from stoa.audit import sealer
from stoa.control import pulse as pulses
from stoa.jobs import drain as drains
from stoa.jobs.bell import Bell
from stoa.product import Product
from stoa.tenancy.door import Door
from stoa.tenancy.provision import Provisioner

QUEUE: Final = "stoa:doorbells"
_TIMEOUT_S: Final = 120


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
    more = await drains.drain(door, context["product"], ref, lane)
    if more:
        await context["redis"].enqueue_job("drain", tenant, lane)


async def tick(context: dict[str, Any], tenant: str, name: str) -> None:
    door: Door = context["door"]
    ref = await door.registry.by_id(UUID(tenant))
    if ref is not None:
        await drains.tick(door, context["product"], ref, name)


async def provision(context: dict[str, Any]) -> None:
    """Take up waiting provisioning requests, then keep the pool of blank schemas warm."""
    provisioner: Provisioner | None = context["provisioner"]
    if provisioner is not None:
        await provisioner.run_waiting()
        await provisioner.top_up()


async def seal(context: dict[str, Any]) -> None:
    door: Door = context["door"]
    for ref in await door.registry.all():
        await sealer.seal(door, ref)


async def pulse(context: dict[str, Any]) -> None:
    """Every tenant reports its counts and health for the operator's fleet page."""
    door: Door = context["door"]
    for ref in await door.registry.all():
        await pulses.take(door, context["product"], ref)


async def replay(context: dict[str, Any], tenant: str) -> None:
    """Give a tenant's dead letters a new life."""
    door: Door = context["door"]
    ref = await door.registry.by_id(UUID(tenant))
    if ref is not None:
        await drains.replay_all(door, ref)


class _Everything:
    functions: ClassVar = [drain, tick, provision, seal, pulse, replay]


def worker(redis_url: str, door: Door, product: Product, provisioner: Provisioner | None) -> Worker:
    """A worker over all tenants. Its context holds the door; nothing ambient names a tenant."""

    async def startup(context: dict[str, Any]) -> None:
        context["door"] = door
        context["product"] = product
        context["provisioner"] = provisioner
        door.after_commit = Bell(context["redis"])

    async def shutdown(_context: dict[str, Any]) -> None:
        await door.close()

    return Worker(
        functions=[func(f, keep_result=0, max_tries=3) for f in _Everything.functions],  # type: ignore[arg-type]
        queue_name=QUEUE,
        redis_settings=RedisSettings.from_dsn(redis_url),
        on_startup=startup,  # type: ignore[arg-type]
        on_shutdown=shutdown,  # type: ignore[arg-type]
        max_jobs=8,
        job_timeout=_TIMEOUT_S,
        poll_delay=0.05,
        keep_result=0,
        job_serializer=to_wire,
        job_deserializer=from_wire,
        health_check_interval=10,
        handle_signals=True,
    )
