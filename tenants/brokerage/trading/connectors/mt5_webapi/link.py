"""The standing connection to one server: opened on need, kept warm, reopened with back-off.

Over which wire it speaks is decided by who `_connect`s.
"""

import asyncio
import random
import time
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Final, Protocol, TypeVar

from brokerage.trading.connectors.mt5_webapi import records, retcodes, zones
from brokerage.trading.connectors.mt5_webapi.bodies import Answer
from stoa.connectors.lines import Line
from stoa.connectors.trouble import NoAnswer, Unreachable
from stoa.kernel.refusals import Refusal

_WARM_S: Final = 20.0
_FIRST_PAUSE_S: Final = 0.5
_LONGEST_PAUSE_S: Final = 30.0
_LOCKED_OUT_S: Final = 60.0

T = TypeVar("T")
R = TypeVar("R")


class LoggedOut(Unreachable):
    """The server no longer knows who we are, and did nothing of what was asked."""

    kind = "logged-out"


class Terms(Protocol):
    """What a link and its readers want of a server's settings, whatever the wire."""

    @property
    def clock(self) -> str: ...
    @property
    def pipeline(self) -> int: ...
    @property
    def answer_s(self) -> float: ...
    @property
    def page(self) -> int: ...
    @property
    def overlap_s(self) -> int: ...


class Talk(Protocol):
    """One logged-in connection; once broken it stays broken."""

    @property
    def broken(self) -> bool: ...
    @property
    def idle_s(self) -> float: ...

    async def exchange(
        self, command: str, params: Mapping[str, str | int], json: str, wait_s: float
    ) -> Answer:
        """Ask once and wait for the answer.

        Raises:
            Unreachable: nothing was done: the connection was gone, or the question cannot be sent.
            NoAnswer: it was sent, and no whole answer came in time.
        """
        ...

    async def aclose(self) -> None: ...


class Link(ABC):
    """Asks questions over one session; knows whether a question ever left."""

    def __init__(self, settings: Terms, line: Line) -> None:
        self.settings = settings
        self.clock = zones.named(settings.clock)
        self.drift_s = 0.0
        self._line = line
        self._session: Talk | None = None
        self._opening = asyncio.Lock()
        self._turns = asyncio.Semaphore(settings.pipeline)
        self._pause_s = _FIRST_PAUSE_S
        self._not_before = 0.0
        self._warming: asyncio.Task[None] | None = None
        self._closed = False

    async def ask(
        self, command: str, params: Mapping[str, str | int] | None = None, json: str = ""
    ) -> Answer:
        """Ask exactly once.

        Raises:
            Unreachable: the question never left.
            NoAnswer: it left and no answer came.
        """
        async with self._turns, self._line.guard():
            session = await self._open()
            return await session.exchange(command, params or {}, json, self.settings.answer_s)

    async def server_clock(self) -> zones.Clock:
        """The server's clock, measured: for windows, which are asked before anything is answered."""
        async with self._turns, self._line.guard():
            await self._open()
        return self.clock

    async def read(
        self, command: str, params: Mapping[str, str | int] | None = None
    ) -> Answer | None:
        """Ask a question that changes nothing, once more if the connection broke meanwhile.

        Answers None where the server says that there is nothing.

        Raises:
            NotFound: the server has no such thing.
            Unavailable: it did not answer, or would not.
        """
        try:
            answer = await self.ask(command, params)
        except (NoAnswer, LoggedOut):
            answer = await self.ask(command, params)
        if answer.retcode == retcodes.DONE:
            return answer
        if answer.retcode in {retcodes.NOTHING, retcodes.NO_DATA}:
            return None
        raise retcodes.refusal_of(answer.retcode, answer.retext)

    async def each(self, asked: Sequence[T], one: Callable[[T], Awaitable[R | None]]) -> list[R]:
        """`one` for everything asked, as many at once as the server takes, in the order asked.

        What `one` answers None for is left out.
        """
        found: list[R | None] = [None] * len(asked)
        todo = iter(enumerate(asked))

        async def work() -> None:
            for at, item in todo:
                found[at] = await one(item)

        workers = min(self.settings.pipeline, len(asked))
        tasks = [asyncio.ensure_future(work()) for _ in range(workers)]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        return [item for item in found if item is not None]

    async def aclose(self) -> None:
        self._closed = True
        if self._warming is not None:
            self._warming.cancel()
            with suppress(asyncio.CancelledError):
                await self._warming
        if self._session is not None:
            await self._session.aclose()

    async def _open(self) -> Talk:
        async with self._opening:
            if self._session is not None and not self._session.broken:
                return self._session
            if self._closed:
                raise Unreachable("The trading server's connection is closed.")
            if time.monotonic() < self._not_before:
                raise Unreachable("The trading server cannot be reached.", code="backing-off")
            if self._session is not None:
                await self._session.aclose()
                self._session = None
            try:
                self._session = await self._connect()
            except Refusal as why:
                self._back_off(why)
                raise
            self._pause_s = _FIRST_PAUSE_S
            if self._warming is None:
                self._warming = asyncio.ensure_future(self._keep_warm())
            return self._session

    @abstractmethod
    async def _connect(self) -> Talk:
        """Connect and log in. Raises Unreachable: the question that waits was never sent."""

    def _back_off(self, why: Refusal) -> None:
        # A wrong password asked again and again locks the manager out, or our address.
        pause = _LOCKED_OUT_S if why.code.startswith("mt5-") else self._pause_s
        self._not_before = time.monotonic() + pause * random.uniform(0.75, 1.25)  # noqa: S311
        self._pause_s = min(self._pause_s * 2, _LONGEST_PAUSE_S)

    async def set_clock(self, session: Talk) -> None:
        """Measure the server's clock; under `auto` the measure is the clock."""
        now_s = await self._server_seconds(session)
        now = datetime.now(UTC)
        offset_s, drift = zones.measured(now_s, now)
        if self.settings.clock.lower() == "auto":
            self.clock = zones.Offset(offset_s)
            self.drift_s = drift
        else:
            self.drift_s = now_s - self.clock.to_server(now)

    async def _server_seconds(self, session: Talk) -> int:
        """The server's wall clock now; from its time zone where it does not tell the time itself."""
        wait_s = self.settings.answer_s
        answer = await session.exchange("TIME_SERVER", {}, "", wait_s)
        word = answer.params.get("TIME", "").strip().partition(" ")[0]
        if answer.retcode == retcodes.DONE and word.isascii() and word.isdigit():
            return int(word)
        answer = await session.exchange("TIME_GET", {}, "", wait_s)
        offset_s = records.zone_offset_s(answer.json) if answer.retcode == retcodes.DONE else None
        if offset_s is None:
            raise Unreachable("The trading server does not tell its time.", code="no-clock")
        return int(time.time()) + offset_s

    async def _keep_warm(self) -> None:
        """Ask the time while nobody asks anything, so that neither side takes the other for dead."""
        while not self._closed:
            await asyncio.sleep(_WARM_S / 2)
            session = self._session
            if session is None or session.broken or session.idle_s < _WARM_S / 2:
                continue
            with suppress(Refusal):
                await self.set_clock(session)
