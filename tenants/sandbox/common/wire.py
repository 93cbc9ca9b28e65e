"""HTTP/1.1 on asyncio and h11, with a hand on the socket.

A web framework would hide what a stand-in must be able to do badly on purpose: hold a call until
the caller gives up, cut a connection in the middle, answer half a document.
"""

import asyncio
import contextlib
import socket
import struct
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

import h11
import msgspec

MAX_BODY = 12 * 1024 * 1024
IDLE_S = 75.0
CHUNK = 65_536


class HangUp(Exception):
    """Cut the connection without an answer."""


class Unreadable(Exception):
    """The body is not what its type says."""


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    content: bytes
    headers: tuple[tuple[str, str], ...] = ()


class Refused(Exception):
    """A call that ends early with this answer."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


@dataclass(frozen=True, slots=True)
class Asked:
    """One request: header names in lower case, the body as it came."""

    method: str
    target: str
    headers: dict[str, str]
    content: bytes
    params: dict[str, str] = field(default_factory=dict[str, str])
    gone: Callable[[], bool] = field(default=lambda: False)

    @property
    def path(self) -> str:
        return unquote(urlsplit(self.target).path)

    @property
    def query(self) -> dict[str, str]:
        return dict(self.query_pairs)

    @property
    def query_pairs(self) -> list[tuple[str, str]]:
        return parse_qsl(urlsplit(self.target).query, keep_blank_values=True)

    @property
    def host(self) -> str:
        return self.headers.get("host", "127.0.0.1")

    def form_pairs(self) -> list[tuple[str, str]]:
        try:
            text = self.content.decode()
        except UnicodeDecodeError:
            raise Unreadable("the form is not UTF-8") from None
        return parse_qsl(text, keep_blank_values=True, max_num_fields=1_000)

    def document(self) -> dict[str, Any]:
        """The JSON object or the flat form in the body."""
        if "json" not in self.headers.get("content-type", "json"):
            return dict(self.form_pairs())
        if not self.content.strip():
            return {}
        try:
            found = msgspec.json.decode(self.content)
        except msgspec.DecodeError as why:
            raise Unreadable(str(why)) from None
        if not isinstance(found, dict):
            raise Unreadable("a JSON object is expected")
        return found


Answering = Callable[[Asked], Awaitable[Answer]]


def as_json(document: object, status: int = 200, *headers: tuple[str, str]) -> Answer:
    kind = ("content-type", "application/json; charset=utf-8")
    return Answer(status, msgspec.json.encode(document), (kind, *headers))


def as_html(text: str, status: int = 200, *headers: tuple[str, str]) -> Answer:
    kind = ("content-type", "text/html; charset=utf-8")
    return Answer(status, text.encode(), (kind, *headers))


def see_other(place: str) -> Answer:
    return Answer(303, b"", (("location", place),))


def done(asked: Asked, note: str, document: object) -> Answer:
    """A control was used: a document for a program, back to the page with a word for a person."""
    if "form" not in asked.headers.get("content-type", ""):
        return as_json(document)
    back = urlsplit(asked.headers.get("referer", "/")).path or "/"
    return see_other(f"{back}?{urlencode({'note': note})}")


class Server:
    """Serves one function that answers requests."""

    def __init__(self, answer: Answering) -> None:
        self._answer = answer
        self._server: asyncio.Server | None = None
        self._talks: set[asyncio.Task[None]] = set()

    async def listen(self, host: str, port: int) -> int:
        """Start listening; returns the port, which the system picks when it is 0."""
        self._server = await asyncio.start_server(self._accept, host, port, backlog=256)
        bound: int = self._server.sockets[0].getsockname()[1]
        return bound

    async def close(self) -> None:
        if self._server is None:
            return
        self._server.close()
        for talk in list(self._talks):
            talk.cancel()
        await asyncio.gather(*self._talks, return_exceptions=True)
        await self._server.wait_closed()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talk = asyncio.current_task()
        if talk is not None:
            self._talks.add(talk)
            talk.add_done_callback(self._talks.discard)
        try:
            await _converse(reader, writer, self._answer)
        except HangUp:
            _reset(writer)
        except (ConnectionError, TimeoutError, h11.RemoteProtocolError, asyncio.CancelledError):
            pass
        finally:
            with contextlib.suppress(Exception):
                writer.close()


def _reset(writer: asyncio.StreamWriter) -> None:
    """Close so that the caller sees a reset, not a polite end."""
    sock = writer.get_extra_info("socket")
    if sock is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def _converse(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, answer: Answering
) -> None:
    wire = h11.Connection(h11.SERVER, max_incomplete_event_size=CHUNK)
    while True:
        asked = await _read(wire, reader, writer)
        if asked is None:
            return
        if isinstance(asked, Answer):
            await _write(wire, writer, asked, head=False)
            return
        said = await answer(asked)
        await _write(wire, writer, said, head=asked.method == "HEAD")
        if wire.our_state is not h11.DONE or wire.their_state is not h11.DONE:
            return
        wire.start_next_cycle()


async def _read(
    wire: h11.Connection, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> Asked | Answer | None:
    head: h11.Request | None = None
    body = bytearray()
    while True:
        event = wire.next_event()
        if event is h11.NEED_DATA:
            if wire.they_are_waiting_for_100_continue:
                go_on = h11.InformationalResponse(status_code=100, headers=[])
                writer.write(wire.send(go_on))
            async with asyncio.timeout(IDLE_S):
                wire.receive_data(await reader.read(CHUNK))
        elif isinstance(event, h11.Request):
            head = event
        elif isinstance(event, h11.Data):
            body += event.data
            if len(body) > MAX_BODY:
                return as_json({"error": "too large"}, 413, ("connection", "close"))
        elif isinstance(event, h11.EndOfMessage) and head is not None:
            return Asked(
                method=head.method.decode(),
                target=head.target.decode("latin-1"),
                headers={k.decode().lower(): v.decode("latin-1") for k, v in head.headers},
                content=bytes(body),
                gone=reader.at_eof,
            )
        else:
            return None


async def _write(
    wire: h11.Connection, writer: asyncio.StreamWriter, said: Answer, *, head: bool
) -> None:
    headers = [*said.headers, ("content-length", str(len(said.content)))]
    reason = HTTPStatus(said.status).phrase.encode()
    opening = h11.Response(status_code=said.status, headers=headers, reason=reason)
    parts = [wire.send(opening)]
    if not head:
        parts.append(wire.send(h11.Data(data=said.content)))
    parts.append(wire.send(h11.EndOfMessage()))
    writer.write(b"".join(part for part in parts if part))
    await writer.drain()
