"""One connection to the Manager API: questions found again by their id, and what is told unasked."""

import asyncio
import hashlib
import itertools
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from brokerage.trading.connectors.ctrader import errors, frames, messages
from brokerage.trading.connectors.ctrader.messages import Kind
from brokerage.trading.connectors.ctrader.settings import Settings
from brokerage.trading.connectors.ctrader.wire import BrokenMessage
from stoa.connectors.trouble import NoAnswer, Unreachable, Unreadable
from stoa.kernel.refusals import Refusal

_PIECE: Final = 64 * 1024
_LOGIN_S: Final = 10.0
_SILENT_BEATS: Final = 3
_MOST_HELD: Final = 10_000

Heard = tuple[int, bytes]


class Ear:
    """What one listener has yet to hear. Full, it forgets all and says that there is a gap."""

    def __init__(self, most: int = _MOST_HELD) -> None:
        self._most = most
        self._held: deque[Heard | None] = deque()
        self._rings = asyncio.Event()
        self._broken = ""

    def hear(self, heard: Heard) -> None:
        if len(self._held) >= self._most:
            self._held.clear()
            self._held.append(None)
        self._held.append(heard)
        self._rings.set()

    def end(self, why: str) -> None:
        self._broken = why
        self._rings.set()

    async def next(self) -> Heard | None:
        """The next event; None is a gap.

        Raises:
            Unreachable: the connection broke, and all that was heard before has been told.
        """
        while not self._held:
            if self._broken:
                raise Unreachable("The trading server's connection broke.", code="link-broke")
            self._rings.clear()
            await self._rings.wait()
        return self._held.popleft()


class Session:
    """Made by `log_in`; once broken it stays broken."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        beat_s: float,
        hear: Callable[[int, bytes], None],
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._beat_s = beat_s
        self._hear = hear
        self._parser = frames.FrameParser()
        self._waiting: dict[str, asyncio.Future[Heard]] = {}
        self._numbers = itertools.count(1)
        self._ears: set[Ear] = set()
        self._heard_at = time.monotonic()
        self._broken: str | None = None
        self._tasks = [
            asyncio.ensure_future(self._listen()),
            asyncio.ensure_future(self._beat()),
        ]

    @property
    def broken(self) -> bool:
        return self._broken is not None

    def listen(self) -> Ear:
        ear = Ear()
        self._ears.add(ear)
        if self._broken is not None:
            ear.end(self._broken)
        return ear

    def unlisten(self, ear: Ear) -> None:
        self._ears.discard(ear)

    async def exchange(self, kind: int, payload: bytes, expected: int, wait_s: float) -> bytes:
        """Ask once and wait for the answer's payload.

        Raises:
            Unreachable: the connection was already gone.
            NoAnswer: it was sent, and no answer came in time, or one of another kind.
            NotFound, Unavailable: the server refused.
        """
        if self._broken is not None:
            raise Unreachable("The trading server's connection is gone.")
        asked = f"q{next(self._numbers)}"
        waiting: asyncio.Future[Heard] = asyncio.get_running_loop().create_future()
        self._waiting[asked] = waiting
        asked_at = time.monotonic()
        self._writer.write(frames.pack(kind, payload, asked))
        try:
            async with asyncio.timeout(wait_s):
                told, answer = await waiting
        except TimeoutError as why:
            if self._heard_at < asked_at:
                self._break("silence")
            raise NoAnswer("The trading server did not answer.") from why
        finally:
            self._waiting.pop(asked, None)
        if told == Kind.ERROR:
            raise errors.refusal_of(*_error(answer))
        if told != expected:
            raise Unreadable("The trading server answered something else.", code="crossed-answer")
        return answer

    async def aclose(self) -> None:
        self._break("closed")
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        with suppress(OSError):
            await self._writer.wait_closed()

    async def _listen(self) -> None:
        why = "closed by the server"
        try:
            while piece := await self._reader.read(_PIECE):
                self._heard_at = time.monotonic()
                for envelope in self._parser.feed(piece):
                    self._take(envelope)
        except (OSError, BrokenMessage) as trouble:
            why = type(trouble).__name__
        finally:
            self._break(why)

    def _take(self, envelope: frames.Envelope) -> None:
        if envelope.kind == Kind.HEARTBEAT:
            self._send(Kind.HEARTBEAT, b"")
            return
        waiting = self._waiting.get(envelope.asked) if envelope.asked else None
        if waiting is not None and not waiting.done():
            waiting.set_result((envelope.kind, envelope.payload))
        elif not envelope.asked:
            self._hear(envelope.kind, envelope.payload)
            for ear in self._ears:
                ear.hear((envelope.kind, envelope.payload))

    def _send(self, kind: int, payload: bytes) -> None:
        if self._broken is None:
            self._writer.write(frames.pack(kind, payload))

    async def _beat(self) -> None:
        """Ping while the connection stands; silence in spite of it means that it does not."""
        while self._broken is None:
            await asyncio.sleep(self._beat_s)
            if time.monotonic() - self._heard_at > self._beat_s * _SILENT_BEATS:
                self._break("silence")
            self._send(Kind.PING, messages.ping(int(time.time() * 1000)))

    def _break(self, why: str) -> None:
        if self._broken is None:
            self._broken = why
            self._writer.close()
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(NoAnswer("The trading server's connection broke."))
        for ear in self._ears:
            ear.end(why)


def _error(payload: bytes) -> tuple[str, str]:
    try:
        return messages.error(payload)
    except BrokenMessage:
        return "", ""


def hashed(password: str) -> str:
    """As the platform wants passwords: MD5 of the UTF-8, in small hexadecimal digits."""
    return hashlib.md5(password.encode(), usedforsecurity=False).hexdigest()


async def log_in(session: Session, settings: Settings, password: str) -> None:
    """Prove who we are. Raises Unreachable with the platform's name for the reason."""
    payload = messages.auth(settings.plant, settings.environment, settings.login, hashed(password))
    try:
        await session.exchange(Kind.AUTH, payload, Kind.AUTH_DONE, _LOGIN_S)
    except Unreachable:
        raise
    except Refusal as why:
        # Silence or a no: what waits behind the login was never sent.
        raise Unreachable(
            "The trading server did not let us in: {reason}", code=why.code, reason=str(why)
        ) from why
