"""Not more calls than agreed: those that read leave room for those that change something."""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final

from stoa.connectors.trouble import Withheld

_WINDOW_S: Final = 60.0
_FOR_READING: Final = 0.8
_LONGEST_S: Final = 20.0


class Pace:
    """So many calls in any minute of this process, and none while the platform asked us to wait."""

    def __init__(
        self,
        per_minute: int,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._most = per_minute
        self._clock = clock
        self._sleep = sleep
        self._made: deque[float] = deque()
        self._not_before = 0.0

    def pause(self, seconds: float) -> None:
        """The platform told us to wait."""
        self._not_before = max(self._not_before, self._clock() + seconds)

    async def turn(self, *, changing: bool) -> None:
        """Wait until a call may be made, and count it.

        Raises:
            Withheld: it would be too long.
        """
        until = self._clock() + _LONGEST_S
        while (wait := self._wait_s(changing=changing)) > 0:
            if self._clock() + wait > until:
                raise Withheld(
                    "The trading server takes no more calls from us this minute.", code="paced"
                )
            await self._sleep(wait)
        self._made.append(self._clock())

    def _wait_s(self, *, changing: bool) -> float:
        now = self._clock()
        while self._made and self._made[0] <= now - _WINDOW_S:
            self._made.popleft()
        wait = self._not_before - now
        most = self._most if changing else int(self._most * _FOR_READING)
        if len(self._made) >= most:
            wait = max(wait, self._made[len(self._made) - most] + _WINDOW_S - now)
        return wait
