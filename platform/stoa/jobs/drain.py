"""Takes a lane's work in batches from PostgreSQL, runs it, and writes down how it ended.

A batch is leased, and the lease is kept alive by a heartbeat for as long as its worker lives: one
that is killed is followed within a lease by another. What a dead worker had in hand is run alone
from then on, so that a fact that kills its worker takes nobody else's with it.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, Final

import structlog
from sqlalchemy import func, select, tuple_, update

from stoa.events.facts import Heard, from_body, hearing
from stoa.events.model import Inbox, Timer
from stoa.kernel.faultpoints import faultpoint
from stoa.product import Product
from stoa.tenancy.actor import SYSTEM
from stoa.tenancy.door import Door
from stoa.tenancy.registry import TenantRef
from stoa.tenancy.work import Work

log = structlog.get_logger("stoa.jobs")

BATCH: Final = 20
LEASE_S: Final = 30
BEAT_S: Final = 10
MOST_TRIES: Final = 12
SLICE_S: Final = 5.0
"""How long one turn of a lane may take before others get theirs; a reaction in hand is ended."""
NOTED_S: Final = 0.25
"""How long what was heard may go without being written down."""
_BACKOFF_MOST_S: Final = 1800


async def drain(
    door: Door,
    product: Product,
    tenant: TenantRef,
    lane: str,
    *,
    batches: int = 5,
    slice_s: float = SLICE_S,
) -> bool:
    """Up to `batches` batches of one lane in `slice_s`; whether more may be waiting."""
    ends = time.monotonic() + slice_s
    left: list[Inbox] = []
    for turn in range(batches):
        # What a dead worker left comes first and alone: it may be why the worker died.
        if left or turn == 0:
            left = await _claim(door, tenant, lane, left_behind=True, most=1)
        taken = left or await _claim(door, tenant, lane, left_behind=False, most=BATCH)
        async with _held(door, tenant, taken) as held:
            while held.rows:
                await _run(door, product, tenant, held)
                if time.monotonic() > ends:
                    break
            await _note_heard(door, tenant, held)
        if not left and len(taken) < BATCH and not held.given_back:
            return False
        if time.monotonic() > ends:
            return True
    return True


async def _claim(
    door: Door, tenant: TenantRef, lane: str, *, left_behind: bool, most: int
) -> list[Inbox]:
    async with door.open(tenant, purpose="drain.claim") as work:
        lease = Inbox.leased_until < work.now if left_behind else Inbox.leased_until.is_(None)
        rows = await work.rows(
            select(Inbox)
            .where(Inbox.state == "waiting", Inbox.lane == lane, Inbox.due_at <= work.now, lease)
            .order_by(Inbox.due_at, Inbox.fact)
            .limit(most)
            .with_for_update(skip_locked=True)
        )
        for row in rows:
            row.leased_until = work.now + timedelta(seconds=LEASE_S)
            row.tries += 1
            if row.tries > MOST_TRIES:
                row.state, row.leased_until = "dead", None
                row.error = row.error or "the worker died each time this was tried"
    faultpoint("drain.claimed")
    return [row for row in rows if row.state == "waiting"]


class _Held:
    """A batch in hand: rows still to run, and those heard whose end is not written down yet.

    `tries` is the fence: who claims next raises it.
    """

    def __init__(self, rows: Sequence[Inbox]) -> None:
        self.rows = list(rows)
        self.running: Inbox | None = None
        self.heard: list[Inbox] = []
        self.given_back = False
        self.sure_until = time.monotonic() + LEASE_S
        self.noted_at = time.monotonic()

    def all(self) -> list[Inbox]:
        running = [self.running] if self.running is not None else []
        return [*self.heard, *running, *self.rows]


@asynccontextmanager
async def _held(door: Door, tenant: TenantRef, rows: Sequence[Inbox]) -> AsyncGenerator[_Held]:
    held = _Held(rows)
    if not rows:
        yield held
        return
    beat = asyncio.create_task(_beat(door, tenant, held))
    try:
        yield held
    finally:
        beat.cancel()
        if held.all():
            held.given_back = True
            await asyncio.shield(_give_back(door, tenant, held))


async def _beat(door: Door, tenant: TenantRef, held: _Held) -> None:
    """Keep the lease alive; where the database is away, it runs out and others may take over."""
    while True:
        await asyncio.sleep(BEAT_S)
        asked = time.monotonic()
        try:
            async with door.open(tenant, purpose="drain.beat") as work:
                until = work.now + timedelta(seconds=LEASE_S)
                await work.run(_mine(held.all()).values(leased_until=until))
            held.sure_until = asked + LEASE_S
        except Exception:
            log.warning("heartbeat failed", tenant=str(tenant.id), exc_info=True)


async def _give_back(door: Door, tenant: TenantRef, held: _Held) -> None:
    """What was claimed and not run is free at once; what was interrupted, after a moment."""
    try:
        await _note_heard(door, tenant, held)
        async with door.open(tenant, purpose="drain.back") as work:
            if held.rows:
                await work.run(_mine(held.rows).values(leased_until=None, tries=Inbox.tries - 1))
            if held.running is not None:
                wait = timedelta(seconds=min(2**held.running.tries, _BACKOFF_MOST_S))
                again = {"leased_until": None, "due_at": work.now + wait, "error": "interrupted"}
                await work.run(_mine([held.running]).values(**again))
    except Exception:
        # Then the lease runs out by itself.
        log.warning("not given back", tenant=str(tenant.id), exc_info=True)


def _mine(rows: Sequence[Inbox]) -> Any:
    """These rows, as long as nobody has claimed them since."""
    fenced = [(row.fact, row.reader, row.tries) for row in rows]
    return update(Inbox).where(
        tuple_(Inbox.fact, Inbox.reader, Inbox.tries).in_(fenced), Inbox.state == "waiting"
    )


async def _run(door: Door, product: Product, tenant: TenantRef, held: _Held) -> None:
    row = held.rows.pop(0)
    if time.monotonic() > held.sure_until:
        held.rows.insert(0, row)
        raise TimeoutError("the lease ran out while the database was away")
    held.running = row
    reaction = product.reader(row.kind, row.reader)
    error: str | None = None
    if reaction is None:
        error = "no reader of this name"
    else:
        opener = door.opener(tenant, actor=SYSTEM, purpose=row.reader)
        hearing.set(Heard(row.fact, row.told_at))
        try:
            await reaction(opener, from_body(row.kind, row.body))
        except Exception as why:
            error = f"{type(why).__name__}: {why}"
            log.warning(
                "reaction failed",
                tenant=str(tenant.id),
                reader=row.reader,
                tries=row.tries,
                exc_info=True,
            )
    faultpoint("drain.reacted")
    if error is None:
        held.heard.append(row)
    else:
        async with door.open(tenant, purpose="drain.failed") as work:
            await work.run(_mine([row]).values(**_failed(work, row, error)))
    held.running = None
    if time.monotonic() - held.noted_at > NOTED_S:
        await _note_heard(door, tenant, held)


async def _note_heard(door: Door, tenant: TenantRef, held: _Held) -> None:
    """Write down which were heard. A worker that dies before has them heard again, as ever."""
    heard, held.noted_at = held.heard, time.monotonic()
    if not heard:
        return
    async with door.open(tenant, purpose="drain.done") as work:
        done = {"state": "done", "done_at": work.now, "error": None, "leased_until": None}
        await work.run(_mine(heard).values(**done))
    held.heard = []


def _failed(work: Work, row: Inbox, error: str) -> dict[str, Any]:
    wait = min(2**row.tries, _BACKOFF_MOST_S)
    return {
        "leased_until": None,
        "state": "dead" if row.tries >= MOST_TRIES else "waiting",
        "error": error[:2000],
        "due_at": work.now + timedelta(seconds=wait),
    }


async def tick(door: Door, product: Product, tenant: TenantRef, name: str) -> None:
    """Run one timed sweep and note how it went."""
    every = product.timers.get(name)
    if every is None:
        return
    error: str | None = None
    began = time.monotonic()
    try:
        await every.run(door.opener(tenant, actor=SYSTEM, purpose=name))
    except Exception as why:
        error = f"{type(why).__name__}: {why}"[:2000]
        log.warning("sweep failed", tenant=str(tenant.id), name=name, exc_info=True)
    async with door.open(tenant, purpose="tick.done") as work:
        values: dict[str, Any] = {"last_error": error}
        if error is None:
            values["last_ok_at"] = work.now
            following = work.now + timedelta(seconds=every.seconds - (time.monotonic() - began))
            values["due_at"] = func.greatest(Timer.due_at, following)
        await work.run(update(Timer).where(Timer.name == name).values(**values))


async def replay_all(door: Door, tenant: TenantRef) -> int:
    """Give every dead letter of a tenant a new life; returns how many."""
    async with door.open(tenant, purpose="dead-letters.replay") as work:
        revived = (
            await work.run(
                update(Inbox)
                .where(Inbox.state == "dead")
                .values(state="waiting", tries=0, due_at=work.now, error=None, leased_until=None)
                .returning(Inbox.fact)
            )
        ).all()
        work.record("dead-letters.replayed", count=len(revived))
    return len(revived)
