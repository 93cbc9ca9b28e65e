"""A small HTTP/1.1 server on h11, beside the TCP port in the same event loop."""

import asyncio
import re
import ssl
import traceback
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import parse_qsl, unquote, urlsplit

import h11
import msgspec

from sandbox.trading.faults import DroppedError

Shape = TypeVar("Shape")

BODY_MAX = 1 << 20
IDLE_S = 120.0


class HttpError(Exception):
    """Ends a request with a status and a reason."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


@dataclass
class Request:
    """One request. ``line`` lives as long as the connection does."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes
    line: dict[str, Any]
    found: dict[str, str] = field(default_factory=dict[str, str])

    def read(self, shape: type[Shape]) -> Shape:
        """Decode the JSON body into a type; refuse what does not fit."""
        try:
            return msgspec.json.decode(self.body or b"{}", type=shape, strict=False)
        except msgspec.MsgspecError as wrong:
            raise HttpError(422, str(wrong)) from None


Takeover = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Response:
    """``takeover`` gets the connection after a 101: from then on it speaks another protocol."""

    body: bytes = b""
    status: int = 200
    kind: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict[str, str])
    takeover: Takeover | None = None
    torn: bool = False
    """The line breaks in the middle of it."""


Handler = Callable[[Request], Awaitable[Response]]


def reply(value: Any, status: int = 200) -> Response:
    return Response(msgspec.json.encode(value), status)


def number(text: str) -> int:
    """A login or ticket as it stands in a path; 0 for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0


class Router:
    """Paths with ``{names}`` in them, and who answers each."""

    def __init__(self) -> None:
        self._routes: list[tuple[str, re.Pattern[str], Handler]] = []

    def add(self, method: str, path: str, handler: Handler) -> None:
        pattern = re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path))
        self._routes.append((method, pattern, handler))

    async def __call__(self, request: Request) -> Response:
        known = False
        for method, pattern, handler in self._routes:
            found = pattern.fullmatch(request.path)
            if found is None:
                continue
            known = True
            if method in (request.method, "*"):
                request.found = {name: unquote(text) for name, text in found.groupdict().items()}
                return await handler(request)
        if known:
            raise HttpError(405, "this path does not take that method")
        raise HttpError(404, "there is nothing at this path")


class HttpServer:
    """Listens on loopback and hands requests to a router; may be stopped and started again."""

    def __init__(self, router: Handler, port: int, *, tls: ssl.SSLContext | None = None) -> None:
        self._router = router
        self._tls = tls
        self.port = port
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._meet, "127.0.0.1", self.port, ssl=self._tls)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        for writer in list(self._writers):
            writer.transport.abort()

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            await self._serve(reader, writer)
        except DroppedError:
            writer.transport.abort()
        except (h11.ProtocolError, OSError, EOFError, TimeoutError):
            pass  # The other side is gone or does not speak HTTP.
        finally:
            self._writers.discard(writer)
            with suppress(OSError):
                writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line: dict[str, Any] = {}
        wire = h11.Connection(h11.SERVER)
        while True:
            request = await _next_request(wire, reader, line)
            if request is None:
                return
            response = await self._answer(request)
            if response.takeover is not None:
                head = list(response.headers.items())
                writer.write(wire.send(h11.InformationalResponse(status_code=101, headers=head)))
                await response.takeover(reader, writer)
                return
            whole = b"".join(wire.send(event) or b"" for event in _events(response))
            writer.write(whole[: len(whole) // 2] if response.torn else whole)
            await writer.drain()
            if response.torn:
                raise DroppedError
            if wire.our_state is h11.MUST_CLOSE or wire.their_state is not h11.DONE:
                return
            wire.start_next_cycle()

    async def _answer(self, request: Request) -> Response:
        try:
            return await self._router(request)
        except HttpError as wrong:
            return reply({"error": str(wrong)}, wrong.status)
        except DroppedError:
            raise
        except Exception:
            traceback.print_exc()
            return reply({"error": "the server made a mistake; its log says which"}, 500)


class PlatformPort(HttpServer):
    """A platform's own HTTP port: closed, with everybody cut off, while it is to be down."""

    def __init__(
        self,
        router: Handler,
        port: int,
        is_down: Callable[[], bool],
        *,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        super().__init__(router, port, tls=tls)
        self._is_down = is_down

    @property
    def connected(self) -> int:
        return len(self._writers)

    async def follow_faults(self) -> None:
        if self._is_down() and self._server is not None:
            await self.stop()
        elif not self._is_down() and self._server is None:
            await self.start()


async def _next_request(
    wire: h11.Connection, reader: asyncio.StreamReader, line: dict[str, Any]
) -> Request | None:
    head: h11.Request | None = None
    body = bytearray()
    while True:
        event = wire.next_event()
        if event is h11.NEED_DATA:
            async with asyncio.timeout(IDLE_S):
                wire.receive_data(await reader.read(65_536))
        elif isinstance(event, h11.Request):
            head = event
        elif isinstance(event, h11.Data):
            body += event.data
            if len(body) > BODY_MAX:
                return None
        elif isinstance(event, h11.EndOfMessage) and head is not None:
            return _request(head, bytes(body), line)
        else:
            return None


def _request(head: h11.Request, body: bytes, line: dict[str, Any]) -> Request:
    target = urlsplit(head.target.decode("latin-1"))
    return Request(
        method=head.method.decode("latin-1"),
        path=target.path,
        query=dict(parse_qsl(target.query, keep_blank_values=True)),
        headers={name.decode("latin-1"): text.decode("latin-1") for name, text in head.headers},
        body=body,
        line=line,
    )


def _events(response: Response) -> list[h11.Event]:
    headers = {
        "content-type": response.kind,
        "content-length": str(len(response.body)),
        "cache-control": "no-store",
        **response.headers,
    }
    return [
        h11.Response(status_code=response.status, headers=list(headers.items())),
        h11.Data(data=response.body),
        h11.EndOfMessage(),
    ]
