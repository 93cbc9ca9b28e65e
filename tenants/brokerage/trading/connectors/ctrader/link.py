"""The standing connection to the Manager API: opened on need, kept warm, reopened with back-off.

Everything asked over it reads; nothing that changes anything goes this way.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, TypeVar

from brokerage.trading.connectors.ctrader import messages
from brokerage.trading.connectors.ctrader.messages import Kind, Spot
from brokerage.trading.connectors.ctrader.session import Session, log_in
from brokerage.trading.connectors.ctrader.settings import Settings
from brokerage.trading.connectors.ctrader.wire import BrokenMessage
from stoa.connectors.keyring import Keyring
from stoa.connectors.lines import Line
from stoa.connectors.trouble import NoAnswer, Unreachable, Unreadable
from stoa.kernel.refusals import Refusal

_AT_ONCE: Final = 4
_FIRST_PAUSE_S: Final = 0.25
_LONGEST_PAUSE_S: Final = 30.0
_LOCKED_OUT_S: Final = 60.0
_MOST_ROWS: Final = 1_000_000
_NARROWEST_MS: Final = 2

T = TypeVar("T")
R = TypeVar("R")


class Link:
    """Asks questions over one session, and hands out what the server tells unasked."""

    def __init__(self, settings: Settings, secrets: Keyring, line: Line) -> None:
        self.settings = settings
        self.spots: dict[int, tuple[int, Spot]] = {}
        self.heard = 0
        self._secrets = secrets
        self._line = line
        self._session: Session | None = None
        self._opening = asyncio.Lock()
        self._turns = asyncio.Semaphore(_AT_ONCE)
        self._pause_s = _FIRST_PAUSE_S
        self._not_before = 0.0
        self._closed = False

    @property
    def configured(self) -> bool:
        return bool(self.settings.host)

    async def read(self, kind: int, payload: bytes, expected: int) -> bytes:
        """Ask, and once more if the connection broke meanwhile.

        Raises:
            NotFound: the server has no such thing.
            Unavailable: it did not answer, or would not.
        """
        try:
            return await self._ask(kind, payload, expected)
        except NoAnswer:
            return await self._ask(kind, payload, expected)

    async def rows(
        self, kind: int, expected: int, window: Callable[[int, int], bytes], first: int, last: int
    ) -> list[bytes]:
        """All rows of a list between two instants, in no order, some perhaps twice.

        The platform tells "there is more" and nothing of where; so a window that holds too much is
        cut in two that overlap, which needs no order and no rule about a window's ends.
        """
        found: list[bytes] = []
        todo = [(first, last)]
        while todo:
            since, until = todo.pop()
            payload = await self.read(kind, window(since, until), expected)
            try:
                some, more = messages.rows(expected, payload)
            except BrokenMessage as why:
                raise Unreadable("The trading server's answer could not be read.") from why
            if not more:
                found += some
                if len(found) > _MOST_ROWS:
                    raise Unreadable("The trading server's list has no end.", code="no-end")
                continue
            if until - since <= _NARROWEST_MS:
                raise Unreadable("The trading server tells too little at once.", code="no-end")
            middle = (since + until) // 2
            todo += [(middle, until), (since, middle + 1)]
        return found

    async def each(self, asked: Sequence[T], one: Callable[[T], Awaitable[R]]) -> list[R]:
        """`one` for everything asked, a few at once; the first trouble ends them all."""
        todo = iter(enumerate(asked))
        found: dict[int, R] = {}

        async def work() -> None:
            for at, item in todo:
                found[at] = await one(item)

        tasks = [asyncio.ensure_future(work()) for _ in range(min(_AT_ONCE, len(asked)))]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        return [found[at] for at in sorted(found)]

    async def session(self) -> Session:
        """The connection that stands, opened if there is none. Raises Unreachable."""
        async with self._opening:
            if self._session is not None and not self._session.broken:
                return self._session
            if self._closed or not self.configured:
                raise Unreachable("There is no Manager link to the trading server.")
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
            return self._session

    async def aclose(self) -> None:
        self._closed = True
        if self._session is not None:
            await self._session.aclose()

    async def _ask(self, kind: int, payload: bytes, expected: int) -> bytes:
        async with self._turns, self._line.guard():
            session = await self.session()
            return await session.exchange(kind, payload, expected, self.settings.answer_s)

    async def _connect(self) -> Session:
        settings = self.settings
        password = self._secrets.current(settings.password)
        reader, writer = await self._line.egress.open_stream(
            settings.host, settings.port, tls=settings.tls
        )
        session = Session(reader, writer, settings.beat_s, self._hear)
        try:
            await log_in(session, settings, password)
        except BaseException:
            await session.aclose()
            raise
        # What was subscribed to was lost with the connection.
        self.spots.clear()
        return session

    def _back_off(self, why: Refusal) -> None:
        # A wrong password asked again and again locks the manager out.
        pause = _LOCKED_OUT_S if why.code.startswith("ctrader-") else self._pause_s
        self._not_before = time.monotonic() + pause * random.uniform(0.75, 1.25)  # noqa: S311
        self._pause_s = min(self._pause_s * 2, _LONGEST_PAUSE_S)

    def _hear(self, kind: int, payload: bytes) -> None:
        """Keep the newest price of each symbol; one that is none, or older, changes nothing."""
        if kind != Kind.SPOT_EVENT:
            return
        try:
            spot = messages.spot(payload)
        except BrokenMessage:
            return
        known = self.spots.get(spot.symbol)
        bid = spot.bid if spot.bid is not None else known and known[1].bid
        ask = spot.ask if spot.ask is not None else known and known[1].ask
        if bid is None or ask is None or not 0 < bid <= ask:
            return
        if known is not None and spot.at and spot.at < known[1].at:
            return
        self.heard += 1
        self.spots[spot.symbol] = (self.heard, Spot(spot.symbol, bid, ask, spot.at))
