"""Things that happen a while after they were caused, also over a restart."""

import asyncio
import heapq
import time
from collections.abc import Callable

from sandbox.common.book import Book, Row, fresh

Step = Callable[[str], None]
MOST_HURRIED = 100_000


class Later:
    def __init__(self, book: Book) -> None:
        self._book = book
        self._steps: dict[str, Step] = {}
        self._heap: list[tuple[float, str]] = []
        self._wake = asyncio.Event()
        book.watch("timers", self._queue)

    def names(self, what: str, step: Step) -> None:
        """Say what is to be done when a timer of this name is due."""
        self._steps[what] = step

    def after(self, seconds: float, what: str, subject: str) -> None:
        timer: Row = {
            "id": fresh("t_", 12),
            "due": time.time() + seconds,
            "what": what,
            "subject": subject,
        }
        self._book.put(f"timer.set {what}", "timers", timer)

    async def run(self) -> None:
        while True:
            now = time.time()
            while self._heap and self._heap[0][0] <= now:
                self._fire(heapq.heappop(self._heap)[1])
            self._wake.clear()
            wait = self._heap[0][0] - now if self._heap else None
            try:
                await asyncio.wait_for(self._wake.wait(), wait)
            except TimeoutError:
                continue

    def hurry(self) -> int:
        """Bring everything about that would have come later; returns how much that was."""
        fired = 0
        while (timers := self._book.table("timers")) and fired < MOST_HURRIED:
            self._fire(next(iter(timers)))
            fired += 1
        return fired

    def _fire(self, key: str) -> None:
        timer = self._book.get("timers", key)
        if timer is None:
            return
        with self._book.together():
            self._book.drop("timer.fired", "timers", key)
            self._steps[timer["what"]](timer["subject"])

    def _queue(self, timer: Row) -> None:
        heapq.heappush(self._heap, (timer["due"], timer["id"]))
        self._wake.set()
