"""Things handed in at the same time are worked off together: one transaction where each had its own.

Whoever finds nobody at work works off all that waits; who comes meanwhile waits for the next turn.
A single thing is not delayed, and a thousand cost little more than a few. Where things come faster
than one by one, a turn may gather: it begins no sooner than `gather_s` after the one before it did.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")
WorkOff = Callable[[Sequence[T]], Awaitable[None]]


@dataclass(slots=True, eq=False)
class _Slip(Generic[T]):
    thing: T
    done: bool = False
    alone: bool = False


class Together(Generic[T]):
    """At most `most` things at once, in the order they came; turns `gather_s` seconds apart."""

    def __init__(self, most: int, *, gather_s: float = 0.0) -> None:
        self._most = most
        self._gather_s = gather_s
        self._next = 0.0
        self._waiting: deque[_Slip[T]] = deque()
        self._turn = asyncio.Lock()

    async def hand_in(self, thing: T, work_off: WorkOff[T]) -> None:
        """Returns when the thing is worked off, with others or alone; raises what `work_off` raised.

        What fails together is tried again one by one, each by whoever handed it in, so that one
        bad thing spoils no other. `work_off` must therefore bear being asked twice.
        """
        slip = _Slip(thing)
        self._waiting.append(slip)
        try:
            async with self._turn:
                if not slip.done and not slip.alone:
                    await self._gather()
                    await self._all_that_waits(slip, work_off)
                if not slip.done:
                    await work_off([thing])
        finally:
            if slip in self._waiting:
                self._waiting.remove(slip)

    async def _gather(self) -> None:
        """Wait for others to come, where the turn before has only just begun."""
        clock = asyncio.get_running_loop()
        if (left := self._next - clock.time()) > 0:
            await asyncio.sleep(left)
        self._next = clock.time() + self._gather_s

    async def _all_that_waits(self, mine: _Slip[T], work_off: WorkOff[T]) -> None:
        self._waiting.remove(mine)
        batch = [mine]
        while self._waiting and len(batch) < self._most:
            batch.append(self._waiting.popleft())
        try:
            await work_off([one.thing for one in batch])
        except BaseException as why:
            for one in batch:
                one.alone = True
            if len(batch) == 1 or not isinstance(why, Exception):
                raise
        else:
            for one in batch:
                one.done = True
