"""A long stretch of time counted again behind the scenes: slice by slice, two at once.

Each slice is a transaction of its own, so that a process may die between any two: what is written is
right by itself, and whoever goes on finds no difference in it. After so many slices the rest is told as
a fact that names the last deal done with, so that no turn of a worker takes longer than it may.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec

from brokerage.partners.events import RecountAsked
from brokerage.partners.fees import recounting as fees
from brokerage.partners.permissions import Partners
from brokerage.partners.rewards import clawing, engine, recounting, restating, slicing
from brokerage.partners.rewards.timeline import Epoch
from stoa.tenancy.door import OpenWork
from stoa.tenancy.work import Work

LANES: Final = 2
"""Slices counted at once. They share no deal, and a deal's rewards are nobody else's."""
SLICES: Final = 12
"""Of one turn: half a million deals, well within what a worker may take for a fact."""


async def ask(work: Work, first: datetime, last: datetime, *, why: str) -> None:
    """Have deals that closed in a long stretch counted again by the worker.

    Raises Invalid as `recounting.within`, and NoRate where deals could not be priced.
    """
    work.require(Partners.EDIT)
    recounting.within(first, last)
    await engine.into_plans(work)

    work.tell(RecountAsked(first=first, last=last, why=why))
    work.reason = why[:400]


async def go_on(open_work: OpenWork, fact: RecountAsked) -> None:
    """Count one turn's slices; the rest is told on. Safe to repeat."""
    await stint(open_work, fact)


async def stint(
    open_work: OpenWork, asked: RecountAsked, *, epochs: Sequence[Epoch] | None = None
) -> RecountAsked | None:
    """Count so many slices again, and what of months and fees goes with them after the last one.

    Returns what is left, which is told on; None where all is counted.
    """
    async with open_work() as work:
        every = await slicing.cut(work, asked.first, asked.last, after=(asked.server, asked.number))
        rates = await engine.into_plans(work)
    mine, waiting, lines = every[:SLICES], deque(every[:SLICES]), 0

    async def lane() -> None:
        nonlocal lines
        while waiting:
            one = waiting.popleft()
            async with open_work() as work:
                rows = await slicing.count(work, one, rates=rates, why=asked.why, epochs=epochs)
                await clawing.follow(work, recounting.undone(rows))
                work.reason = asked.why[:400]
            lines += sum(row.count for row in rows)

    async with asyncio.TaskGroup() as lanes:
        for _ in range(LANES):
            lanes.create_task(lane())
    so_far = msgspec.structs.replace(asked, lines=asked.lines + lines)
    if len(every) > len(mine):
        rest = msgspec.structs.replace(so_far, server=mine[-1].server, number=mine[-1].most)
        async with open_work() as work:
            work.tell(rest)
        return rest
    await _ended(open_work, so_far, epochs)
    return None


async def _ended(open_work: OpenWork, asked: RecountAsked, epochs: Sequence[Epoch] | None) -> None:
    async with open_work() as work:
        rates = await engine.into_plans(work)
        rows = await restating.months(
            work, asked.first, asked.last, rates=rates, why=asked.why, epochs=epochs
        )
        await clawing.follow(work, recounting.undone(rows))
        count = await fees.recount(work, asked.first, asked.last, why=asked.why)
        lines = asked.lines + count + sum(row.count for row in rows)
        first, last = str(asked.first), str(asked.last)
        work.record("rewards.recounted", first=first, last=last, lines=lines)
        work.reason = asked.why[:400]
