"""Takes a lane's work in batches from PostgreSQL, runs it, and writes down how it ended."""

from datetime import timedelta
from typing import Any, Final

import structlog
from sqlalchemy import or_, select, update

from stoa.events.facts import Heard, from_body, hearing
from stoa.events.model import Inbox, Timer
from stoa.product import Product
from stoa.tenancy.actor import SYSTEM
from stoa.tenancy.door import Door
from stoa.tenancy.registry import TenantRef

log = structlog.get_logger("stoa.jobs")

BATCH: Final = 20
LEASE_S: Final = 60
MOST_TRIES: Final = 12
_BACKOFF_MOST_S: Final = 1800


async def drain(
    door: Door, product: Product, tenant: TenantRef, lane: str, *, batches: int = 5
) -> bool:
    """Up to `batches` batches of one lane; whether more may be waiting."""
    for _ in range(batches):
        taken = await _claim(door, tenant, lane)
        for row in taken:
            await _run(door, product, tenant, row)
        if len(taken) < BATCH:
            return False
    return True


async def _claim(door: Door, tenant: TenantRef, lane: str) -> list[Inbox]:
    async with door.open(tenant, purpose="drain.claim") as work:
        rows = await work.rows(
            select(Inbox)
            .where(
                Inbox.state == "waiting",
                Inbox.lane == lane,
                Inbox.due_at <= work.now,
                or_(Inbox.leased_until.is_(None), Inbox.leased_until < work.now),
            )
            .order_by(Inbox.due_at, Inbox.fact)
            .limit(BATCH)
            .with_for_update(skip_locked=True)
        )
        for row in rows:
            row.leased_until = work.now + timedelta(seconds=LEASE_S)
            row.tries += 1
        return list(rows)


async def _run(door: Door, product: Product, tenant: TenantRef, row: Inbox) -> None:
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
    async with door.open(tenant, purpose="drain.done") as work:
        values: dict[str, Any] = {"leased_until": None}
        if error is None:
            values |= {"state": "done", "done_at": work.now, "error": None}
        else:
            wait = min(2**row.tries, _BACKOFF_MOST_S)
            values |= {
                "state": "dead" if row.tries >= MOST_TRIES else "waiting",
                "error": error[:2000],
                "due_at": work.now + timedelta(seconds=wait),
            }
        await work.run(
            update(Inbox).where(Inbox.fact == row.fact, Inbox.reader == row.reader).values(**values)
        )


async def tick(door: Door, product: Product, tenant: TenantRef, name: str) -> None:
    """Run one timed sweep and note how it went."""
    every = product.timers.get(name)
    if every is None:
        return
    error: str | None = None
    try:
        await every.run(door.opener(tenant, actor=SYSTEM, purpose=name))
    except Exception as why:
        error = f"{type(why).__name__}: {why}"[:2000]
        log.warning("sweep failed", tenant=str(tenant.id), name=name, exc_info=True)
    async with door.open(tenant, purpose="tick.done") as work:
        values: dict[str, Any] = {"last_error": error}
        if error is None:
            values["last_ok_at"] = work.now
        await work.run(update(Timer).where(Timer.name == name).values(**values))


async def replay_all(door: Door, tenant: TenantRef) -> int:
    """Give every dead letter of a tenant a new life; returns how many."""
    async with door.open(tenant, purpose="dead-letters.replay") as work:
        revived = (
            await work.run(
                update(Inbox)
                .where(Inbox.state == "dead")
                .values(state="waiting", tries=0, due_at=work.now, error=None)
                .returning(Inbox.fact)
            )
        ).all()
        work.record("dead-letters.replayed", count=len(revived))
    return len(revived)
