"""From outbox to inbox, and timers to doorbells: round robin over tenants, in bounded batches."""

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import structlog
from arq.connections import ArqRedis
from redis.exceptions import RedisError
from sqlalchemy import func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from stoa.events.facts import LANES
from stoa.events.model import Inbox, Outbox, Timer
from stoa.jobs.bell import RUNG, WAIT_S
from stoa.kernel.faultpoints import faultpoint
from stoa.product import Product
from stoa.tenancy.door import Door
from stoa.tenancy.registry import TenantRef
from stoa.tenancy.work import Work

log = structlog.get_logger("stoa.relay")

WINDOW: Final = 200
"""Facts fanned out per tenant and pass; a tenant with more waits for its next turn."""
SWEEP_S: Final = 5.0
RETRY_S: Final = 150
"""Longer than a sweep may run, so that two of one name do not meet."""
SAME_S: Final = 10
"""A sweep that still waits in the queue is not queued again within so long."""
GATHER_S: Final = 0.05
"""From one pass to the next at least: many facts told within it are one pass."""
_WAIT_S: Final = 0.5
_TICK_S: Final = 1.0

# A long period is not waited for twice because a bell was lost or a worker died: the hand moves by
# the retry first, and to the whole period when the sweep has run.
DUE = text(
    "update timer set due_at = case "
    "when w.seconds > :retry then cast(:now as timestamptz) + make_interval(secs => :retry) "
    "when due_at + make_interval(secs => w.seconds) > :now "
    "then due_at + make_interval(secs => w.seconds) "
    "else cast(:now as timestamptz) + make_interval(secs => w.seconds) end "
    "from (select unnest(cast(:names as varchar[])) as name, "
    "unnest(cast(:seconds as float8[])) as seconds) w "
    "where timer.name = w.name and timer.due_at <= :now returning timer.name"
)


@dataclass(frozen=True, slots=True)
class FannedOut:
    """How many facts one batch took, and how many deliveries it made in each lane."""

    facts: int
    lanes: dict[str, int]

    def __bool__(self) -> bool:
        return self.facts > 0


async def fan_out(door: Door, product: Product, tenant: TenantRef) -> FannedOut:
    """Write an inbox row per reader for up to WINDOW facts."""
    async with door.open(tenant, purpose="relay") as work:
        waiting = await work.rows(
            select(Outbox)
            .where(Outbox.relayed_at.is_(None))
            .order_by(Outbox.id)
            .limit(WINDOW)
            .with_for_update(skip_locked=True)
        )
        if not waiting:
            return FannedOut(0, {})
        deaf = await _deaf(product, work, waiting)
        deliveries = [
            {
                "fact": told.fact,
                "reader": name,
                "kind": told.kind,
                "lane": told.lane,
                "body": told.body,
                "told_at": told.told_at,
                "due_at": told.told_at,
            }
            for told in waiting
            for name, _ in product.readers.get(told.kind, ())
            if name not in deaf
        ]
        if deliveries:
            await work.run(insert(Inbox).on_conflict_do_nothing(), deliveries)
        faultpoint("relay.inserted")
        await work.run(
            update(Outbox)
            .where(Outbox.id.in_([told.id for told in waiting]))
            .values(relayed_at=work.now)
        )
    faultpoint("relay.marked")
    return FannedOut(len(waiting), dict(Counter(str(one["lane"]) for one in deliveries)))


async def _deaf(product: Product, work: Work, waiting: Sequence[Outbox]) -> set[str]:
    """Readers of these facts that would do nothing in this tenant."""
    named = {name for told in waiting for name, _ in product.readers.get(told.kind, ())}
    asked = [(name, product.hearers[name]) for name in named if name in product.hearers]
    return {name for name, hears in asked if not await hears(work)}


async def due_timers(door: Door, product: Product, tenant: TenantRef) -> Sequence[str]:
    """Claim the timed sweeps that are due by moving their hands forward; missing ones start now."""
    names = list(product.timers)
    if not names:
        return []
    async with door.open(tenant, purpose="relay.timers") as work:
        known = await work.value(select(func.count()).select_from(Timer))
        if known != len(names):
            await work.run(
                insert(Timer).on_conflict_do_nothing(),
                [{"name": name, "due_at": work.now - timedelta(seconds=1)} for name in names],
            )
        seconds = [float(product.timers[name].seconds) for name in names]
        asked = {"now": work.now, "names": names, "seconds": seconds, "retry": float(RETRY_S)}
        found = await work.run(DUE, asked)
        return [row.name for row in found]


class Relay:
    """One process; several may run, they take disjoint rows."""

    def __init__(self, door: Door, product: Product, arq: ArqRedis) -> None:
        self.door = door
        self.product = product
        self.arq = arq
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        self._stopping.set()

    async def run(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._facts())
            tasks.create_task(self._timers())

    async def _facts(self) -> None:
        swept = passed = 0.0
        while not self._stopping.is_set():
            rung = await self._rung()
            # A lone fact goes on at once; where many come, they go on together.
            await asyncio.sleep(max(0.0, passed + GATHER_S - time.monotonic()))
            rung |= await self._rung_since()
            passed = time.monotonic()
            try:
                tenants = await self.door.registry.all()
                if time.monotonic() - swept > SWEEP_S:
                    swept, turn = time.monotonic(), tenants
                else:
                    turn = [tenant for tenant in tenants if tenant.id in rung]
                while turn:
                    turn = [tenant for tenant in turn if await self._one(tenant)]
            except Exception:
                log.exception("relay pass failed")
                await asyncio.sleep(1)

    async def _one(self, tenant: TenantRef) -> bool:
        """One tenant's turn; whether it has more for a next turn."""
        try:
            fanned = await fan_out(self.door, self.product, tenant)
        except Exception:
            log.exception("relay", tenant=str(tenant.id))
            return False
        for lane in fanned.lanes:
            await self.ring(tenant.id, lane)
        return fanned.facts >= WINDOW

    async def _rung(self) -> set[UUID]:
        found: set[UUID] = set()
        try:
            async with asyncio.timeout(_WAIT_S + WAIT_S):
                first: Any = await self.arq.brpop([RUNG], timeout=_WAIT_S)  # type: ignore[arg-type,misc]
                if first is not None:
                    found.add(UUID(first[1].decode()))
        except (RedisError, OSError, TimeoutError, ValueError):
            await asyncio.sleep(_WAIT_S)
        return found

    async def _rung_since(self) -> set[UUID]:
        try:
            async with asyncio.timeout(WAIT_S):
                more: Any = await self.arq.rpop(RUNG, 500)  # type: ignore[misc]
                return {UUID(item.decode()) for item in more or ()}
        except (RedisError, OSError, TimeoutError, ValueError):
            return set()

    async def ring(self, tenant: UUID, lane: str) -> None:
        """A doorbell: 'drain this lane of this tenant'. Many rings within 50 ms are one."""
        moment = int(time.time() * 20)
        await self._enqueue("drain", str(tenant), lane, _job_id=f"{tenant}:{lane}:{moment}")

    async def _enqueue(self, job: str, *words: str, **more: Any) -> None:
        """Lost without harm: whatever no bell announced is rung for again by the next sweep."""
        with contextlib.suppress(RedisError, OSError, TimeoutError):
            async with asyncio.timeout(WAIT_S):
                await self.arq.enqueue_job(job, *words, **more)

    async def ring_sweep(self, tenant: UUID, name: str) -> None:
        """A doorbell for a timed sweep, unless one for the same still waits to be heard.

        A worker that cannot keep up would else gather the same sweep hundreds of times, and every
        letter and every payment would wait behind them. The id changes with time, so that a worker
        that died with the job in hand holds nobody up for longer.
        """
        same = int(time.time()) // SAME_S
        await self._enqueue("tick", str(tenant), name, _job_id=f"{tenant}:{name}:{same}")

    async def _timers(self) -> None:
        swept = 0.0
        while not self._stopping.is_set():
            started = time.monotonic()
            try:
                sweeping = started - swept > SWEEP_S
                for tenant in await self.door.registry.all():
                    await self._timers_of(tenant, sweeping=sweeping)
                if sweeping:
                    swept = started
                same = int(started) // SAME_S
                await self._enqueue("provision", _job_id=f"provision:{same}")
                await self._enqueue("seal", _job_id=f"seal:{same}")
                await self._enqueue("pulse", _job_id=f"pulse:{int(started) // 10}")
            except Exception:
                log.exception("timer pass failed")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), _TICK_S)

    async def _timers_of(self, tenant: TenantRef, *, sweeping: bool) -> None:
        """One tenant's trouble does not keep the next one's timers from their time."""
        try:
            for name in await due_timers(self.door, self.product, tenant):
                await self.ring_sweep(tenant.id, name)
            if sweeping:
                # Whatever a lost doorbell or a dead worker left behind is rung again.
                for lane in LANES:
                    if await waiting(self.door, tenant, lane):
                        await self.ring(tenant.id, lane)
        except Exception:
            log.exception("timers", tenant=str(tenant.id))


async def waiting(door: Door, tenant: TenantRef, lane: str) -> bool:
    async with door.open(tenant, purpose="relay.waiting") as work:
        return bool(
            await work.value(
                select(Inbox.fact)
                .where(Inbox.state == "waiting", Inbox.lane == lane, Inbox.due_at <= work.now)
                .limit(1)
            )
        )
