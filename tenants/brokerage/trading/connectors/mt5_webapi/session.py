"""One logged-in connection: many questions under way, each answer found by its packet number."""

import asyncio
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Final

from brokerage.trading.connectors.mt5_webapi import bodies, entering, frames, login
from brokerage.trading.connectors.mt5_webapi.bodies import Answer
from brokerage.trading.connectors.mt5_webapi.settings import Settings
from stoa.connectors.trouble import NoAnswer, Unreachable

_LARGEST_ANSWER: Final = 32 * 1024 * 1024
_PIECE: Final = 64 * 1024


class _Waiting:
    """A question under way: its answer's packets so far."""

    def __init__(self) -> None:
        self.body = bytearray()
        self.done: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()


class Session:
    """Made by `open_session`; once broken it stays broken."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._parser = frames.FrameParser()
        self._waiting: dict[int, _Waiting] = {}
        self._number = 0
        self._first = True
        self._sending: login.Stream | None = None
        self._receiving: login.Stream | None = None
        self._heard_at = time.monotonic()
        self._broken: str | None = None
        self._listening = asyncio.ensure_future(self._listen())

    @property
    def broken(self) -> bool:
        return self._broken is not None

    @property
    def idle_s(self) -> float:
        return time.monotonic() - self._heard_at

    async def exchange(
        self, command: str, params: Mapping[str, str | int], json: str, wait_s: float
    ) -> Answer:
        """Ask once and wait for the answer.

        Raises:
            Unreachable: the connection was already gone, or the question is too long to send.
            NoAnswer: it was sent, and no whole answer came in time.
        """
        if self._broken is not None:
            raise Unreachable("The trading server's connection is gone.")
        body = bodies.write(command, params, json)
        if len(body) > frames.LARGEST:
            raise Unreachable("The request is too long for the trading server.", code="too-long")
        number, waiting = self._send(body)
        asked_at = time.monotonic()
        try:
            async with asyncio.timeout(wait_s):
                joined = await waiting.done
        except TimeoutError as why:
            # Others were answered meanwhile: only this one is lost. Else the line is dead.
            if self._heard_at < asked_at:
                self._break("silence")
            raise NoAnswer("The trading server did not answer.") from why
        finally:
            self._waiting.pop(number, None)
        answer = bodies.read(joined)
        if answer.command != command:
            self._break("crossed answers")
            raise NoAnswer("The trading server answered another question.")
        return answer

    def encrypt(self, hashed: bytes, crypt_rand: bytes) -> None:
        """From the next packet on, in both directions."""
        self._sending, self._receiving = login.streams(hashed, crypt_rand)

    async def aclose(self) -> None:
        self._break("closed")
        self._listening.cancel()
        with suppress(asyncio.CancelledError):
            await self._listening
        with suppress(OSError):
            await self._writer.wait_closed()

    def _send(self, body: bytes) -> tuple[int, _Waiting]:
        """Number, encrypt and write in one go: the keystream follows the order on the wire."""
        number = frames.next_number(self._number)
        while number in self._waiting:
            number = frames.next_number(number)
        self._number = number
        sealed = self._sending.apply(body) if self._sending else body
        waiting = self._waiting[number] = _Waiting()
        self._writer.write(frames.pack(number, sealed, first=self._first))
        self._first = False
        return number, waiting

    async def _listen(self) -> None:
        why = "closed by the server"
        try:
            while piece := await self._reader.read(_PIECE):
                self._heard_at = time.monotonic()
                for frame in self._parser.feed(piece):
                    self._take(frame)
        except (OSError, frames.BrokenFrame, ValueError) as trouble:
            why = type(trouble).__name__
        finally:
            self._break(why)

    def _take(self, frame: frames.Frame) -> None:
        body = self._receiving.apply(frame.body) if self._receiving and frame.body else frame.body
        waiting = self._waiting.get(frame.number)
        if waiting is None or waiting.done.done():
            return  # a keep-alive, or the answer to a question given up
        waiting.body += body
        if len(waiting.body) > _LARGEST_ANSWER:
            raise frames.BrokenFrame("the answer has no end")
        if not frame.more:
            waiting.done.set_result(bytes(waiting.body))

    def _break(self, why: str) -> None:
        if self._broken is None:
            self._broken = why
            self._writer.close()
        for waiting in self._waiting.values():
            if not waiting.done.done():
                waiting.done.set_exception(NoAnswer("The trading server's connection broke."))


async def log_in(session: Session, settings: Settings, password: str) -> None:
    """Prove both sides to one another, then encrypt where the settings say so.

    Raises:
        Unreachable: with the server's code; none of our commands was sent.
    """
    crypt = {"none": "NONE", "aes256ofb": "AES256OFB"}[settings.crypt]
    asked: dict[str, str | int] = {
        "VERSION": settings.build,
        "AGENT": settings.agent,
        "LOGIN": settings.login,
        "TYPE": "MANAGER",
        "CRYPT_METHOD": crypt,
    }
    hashed, answer = await entering.enter(session, asked, password)
    if settings.crypt != "none":
        session.encrypt(hashed, entering.random_of(answer, "CRYPT_RAND"))
