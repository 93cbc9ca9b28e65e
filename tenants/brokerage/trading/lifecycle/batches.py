"""One change of many accounts: run in order, paused, gone on with.

    await start(work, batch) / agree(work, batch)          run it; a second person where risk rises
    await pause / resume / cancel(work, batch)
    await sweep(open_work)                                 so many at a time, until all have an end

The plan is the requests themselves, written by one statement; what is counted on the page is counted
from them. A process that dies leaves requests that the next pass goes on with.
"""

import asyncio
import contextlib
from typing import Final, Literal
from uuid import UUID

from sqlalchemy import Integer, select, text

from brokerage.trading.events import RequestReady
from brokerage.trading.lifecycle import moving, sending
from brokerage.trading.lifecycle.model import (
    AccountBatch,
    AccountRequest,
    BatchState,
    RequestState,
)
from brokerage.trading.lifecycle.planning import dangers, of_all
from brokerage.trading.lifecycle.running import CHUNK, ended, released_of
from brokerage.trading.permissions import Trading
from stoa.kernel.refusals import Conflict, Denied, Refusal
from stoa.tenancy.actor import Kind
from stoa.tenancy.door import OpenWork
from stoa.tenancy.work import Work
from stoa.theming.texts import N_

TOGETHER: Final = 8
"""So many accounts are told to their servers at once."""


_LEAVE_OUT: Final = text(
    "update account_request set state = 'cancelled', done_at = :now, answer = "
    "jsonb_build_object('text', cast(:text as text), 'places', cast('{}' as jsonb)) "
    "where batch = :batch and state = 'planned' "
    "and (:all or effect ->> 'verdict' = any(cast(:verdicts as text[])))"
)
LEFT_OUT: Final = N_("Left out: it would have endangered open positions.")
TAKEN_BACK: Final = N_("The batch was taken back before its turn came.")
Include = Literal["safe", "margin-call", "all"]
_DANGERS: Final[dict[Include, list[str]]] = {
    "safe": ["margin-call", "stop-out"],
    "margin-call": ["stop-out"],
    "all": [],
}


async def start(work: Work, batch: UUID, include: Include = "safe") -> AccountBatch:
    """Run it, or ask a second person to where risk rises: more leverage, or positions in danger."""
    work.require(Trading.BULK)
    row = await work.lock(AccountBatch, batch)
    if row.state != BatchState.PLANNED:
        raise Conflict("This was started already. Nothing was changed.")
    await work.run(
        _LEAVE_OUT,
        {
            "now": work.now,
            "text": LEFT_OUT,
            "batch": batch,
            "verdicts": _DANGERS[include],
            "all": False,
        },
    )
    effects = await dangers(work, batch)
    if not effects and row.kind == "leverage":
        raise Conflict("There is nothing left to change. Nothing was changed.")
    row.params = {**row.params, "include": include}
    rises = row.kind == "migrate" or row.undoes is not None or await _rises(work, batch)
    row.move(
        BatchState.ASKED
        if rises or len(effects) > 1 or "none" not in effects
        else BatchState.RUNNING
    )
    work.announce("desk|batches")
    return row


async def _rises(work: Work, batch: UUID) -> bool:
    wanted = AccountRequest.wants["leverage"].astext.cast(Integer)
    was = AccountRequest.was["leverage"].astext.cast(Integer)
    found = select(AccountRequest.id).where(
        AccountRequest.batch == batch, AccountRequest.state == RequestState.PLANNED, wanted > was
    )
    return await work.first(found) is not None


async def agree(work: Work, batch: UUID) -> AccountBatch:
    """A second person's yes. Raises Denied for who planned it."""
    work.require(Trading.DECIDE)
    of_all(work)
    row = await work.lock(AccountBatch, batch)
    if work.actor.kind is not Kind.STAFF or row.asked_by == work.actor.id:
        raise Denied(
            "You asked for this yourself; someone else decides. Nothing was changed.", code="maker"
        )
    row.move(BatchState.RUNNING)
    row.decided_by, row.decided_at = work.actor.id, work.now
    work.announce("desk|batches")
    return row


async def pause(work: Work, batch: UUID) -> AccountBatch:
    """No further account is begun; what is under way ends."""
    work.require(Trading.BULK)
    row = await work.lock(AccountBatch, batch)
    row.move(BatchState.PAUSED)
    work.announce("desk|batches")
    return row


async def resume(work: Work, batch: UUID) -> AccountBatch:
    work.require(Trading.BULK)
    row = await work.lock(AccountBatch, batch)
    if row.state != BatchState.PAUSED:
        raise Conflict("This is not paused. Nothing was changed.")
    row.move(BatchState.RUNNING)
    work.announce("desk|batches")
    return row


async def cancel(work: Work, batch: UUID) -> AccountBatch:
    """What has not begun does not begin any more; what was done stays, and can be undone."""
    work.require(Trading.BULK)
    row = await work.lock(AccountBatch, batch)
    row.move(BatchState.CANCELLED)
    row.done_at = work.now
    await work.run(
        _LEAVE_OUT,
        {"now": work.now, "text": TAKEN_BACK, "batch": batch, "verdicts": [], "all": True},
    )
    work.announce("desk|batches")
    return row


async def sweep(open_work: OpenWork) -> None:
    """A pass over every batch that runs: release so many, tell their servers, see what has ended."""
    async with open_work() as work:
        running = await work.table(
            select(AccountBatch.id, AccountBatch.kind).where(
                AccountBatch.state == BatchState.RUNNING
            )
        )
    for row in running:
        if row.kind == "leverage":
            await run(open_work, row.id)
        else:
            await moving.run(open_work, row.id)


async def run(open_work: OpenWork, batch: UUID, most: int = CHUNK) -> int:
    """One chunk of a batch; how many accounts were begun."""
    async with open_work() as work:
        row = await work.lock(AccountBatch, batch)
        if row.state != BatchState.RUNNING:
            return 0
        released = await released_of(work, row, most)
    turns = asyncio.Semaphore(TOGETHER)

    async def one(request: UUID) -> None:
        async with turns:
            with contextlib.suppress(Refusal):
                await sending.send(open_work, RequestReady(request=request))

    await asyncio.gather(*(one(request) for request in released))
    async with open_work() as work:
        await ended(work, batch, more=bool(released))
    return len(released)
