"""One kept-alive HTTP connection of our own: what a manager proved on it is worth nothing elsewhere.

A shared pool would hand our authority to another tenant's question, or ours to a fresh connection.
"""

import asyncio
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Final

import h11

from brokerage.trading.connectors.mt5_https import forms
from brokerage.trading.connectors.mt5_webapi.bodies import Answer
from brokerage.trading.connectors.mt5_webapi.link import LoggedOut
from stoa.connectors.trouble import NoAnswer, Unreachable

_PIECE: Final = 64 * 1024
_LARGEST: Final = 32 * 1024 * 1024
_STRANGER: Final = frozenset({401, 403})
_MOST_COOKIES: Final = 20


class HttpTalk:
    """Once broken it stays broken. One question at a time; the others wait before they are sent."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._host = host
        self._wire = h11.Connection(h11.CLIENT)
        self._turn = asyncio.Lock()
        self._cookies: dict[str, str] = {}
        self._heard_at = time.monotonic()
        self._broken = False

    @property
    def broken(self) -> bool:
        return self._broken or self._reader.at_eof()

    @property
    def idle_s(self) -> float:
        return time.monotonic() - self._heard_at

    async def exchange(
        self, command: str, params: Mapping[str, str | int], json: str, wait_s: float
    ) -> Answer:
        """As `Talk.exchange`; a connection on which an answer is missing is never used again."""
        async with self._turn:
            if self.broken:
                raise Unreachable("The trading server's connection is gone.")
            question = forms.question(command, params, json)
            status, body = await self._asked(question, wait_s)
        if status in _STRANGER:
            self._break()
            raise LoggedOut("The trading server did not let us in.", code=f"http-{status}")
        return forms.answer(command, status, body)

    async def aclose(self) -> None:
        self._break()
        with suppress(OSError):
            await self._writer.wait_closed()

    async def _asked(self, question: forms.Question, wait_s: float) -> tuple[int, bytes]:
        whole = False
        try:
            async with asyncio.timeout(wait_s):
                self._writer.write(self._written(question))
                await self._writer.drain()
                status, body, kept = await self._heard()
                whole = kept
        except (OSError, EOFError, TimeoutError, h11.ProtocolError) as why:
            raise NoAnswer("The trading server did not answer.") from why
        finally:
            if not whole:
                self._break()
        self._heard_at = time.monotonic()
        return status, body

    def _written(self, question: forms.Question) -> bytes:
        headers = [
            ("host", self._host),
            ("connection", "keep-alive"),
            ("accept", "application/json"),
            ("user-agent", "back-office/1"),
            ("content-length", str(len(question.body))),
        ]
        if question.body:
            headers.append(("content-type", "application/json"))
        if self._cookies:
            told = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
            headers.append(("cookie", told))
        head = h11.Request(method=question.method, target=question.target, headers=headers)
        pieces = [self._wire.send(head)]
        if question.body:
            pieces.append(self._wire.send(h11.Data(data=question.body)))
        pieces.append(self._wire.send(h11.EndOfMessage()))
        return b"".join(piece for piece in pieces if piece)

    async def _heard(self) -> tuple[int, bytes, bool]:
        """Status, body, and whether the connection may be used again."""
        status, body = 0, bytearray()
        while True:
            event = self._wire.next_event()
            if event is h11.NEED_DATA:
                self._wire.receive_data(await self._reader.read(_PIECE))
            elif isinstance(event, h11.Response):
                status = event.status_code
                self._keep_cookies(event)
            elif isinstance(event, h11.Data):
                body += event.data
                if len(body) > _LARGEST:
                    raise h11.RemoteProtocolError("the answer has no end")
            elif isinstance(event, h11.EndOfMessage):
                break
            elif isinstance(event, h11.ConnectionClosed):
                raise EOFError
        kept = self._wire.our_state is h11.DONE and self._wire.their_state is h11.DONE
        if kept:
            self._wire.start_next_cycle()
        return status, bytes(body), kept

    def _keep_cookies(self, head: h11.Response) -> None:
        for name, value in head.headers:
            if name == b"set-cookie":
                pair = value.decode("latin-1").partition(";")[0]
                key, equals, text = pair.partition("=")
                if equals and len(self._cookies) < _MOST_COOKIES:
                    self._cookies[key.strip()] = text.strip()

    def _break(self) -> None:
        if not self._broken:
            self._broken = True
            self._writer.close()
