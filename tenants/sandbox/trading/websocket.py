"""The server side of a WebSocket (RFC 6455): the answer to an upgrade, and text messages."""

import asyncio
import base64
import hashlib
import struct
from collections.abc import Awaitable, Callable

from sandbox.trading.web_server import HttpError, Request, Response

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_MAX = 1 << 20
_CONTINUE, _TEXT, _CLOSE, _PING, _PONG = 0, 1, 8, 9, 10


class GoneError(Exception):
    """The client closed, or broke the protocol."""


class Socket:
    """One connection, after the upgrade."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def send(self, text: str) -> None:
        await self.raw(frame(_TEXT, text.encode()))

    async def raw(self, data: bytes) -> None:
        """Bytes as they are, for bad days."""
        try:
            self._writer.write(data)
            await self._writer.drain()
        except OSError as gone:
            raise GoneError from gone

    def abort(self) -> None:
        self._writer.transport.abort()

    async def receive(self) -> str:
        """The next text. Raises GoneError when there is none to come."""
        text = bytearray()
        while True:
            final, code, body = await self._frame()
            if code == _PING:
                await self.raw(frame(_PONG, body))
            elif code == _CLOSE:
                await self.raw(frame(_CLOSE, body[:2]))
                raise GoneError
            elif code in (_TEXT, _CONTINUE):
                text += body
                if final:
                    return text.decode("utf-8", "replace")

    async def _frame(self) -> tuple[bool, int, bytes]:
        try:
            first, second = await self._reader.readexactly(2)
            size = second & 0x7F
            if size == 126:
                (size,) = struct.unpack("!H", await self._reader.readexactly(2))
            elif size == 127:
                (size,) = struct.unpack("!Q", await self._reader.readexactly(8))
            # A client that does not mask what it sends breaks the protocol.
            if not second & 0x80 or size > _MAX:
                raise GoneError
            mask = await self._reader.readexactly(4)
            body = await self._reader.readexactly(size)
        except (OSError, EOFError) as gone:
            raise GoneError from gone
        plain = bytes(byte ^ mask[at & 3] for at, byte in enumerate(body))
        return bool(first & 0x80), first & 0x0F, plain


def frame(code: int, body: bytes) -> bytes:
    size = len(body)
    if size < 126:
        return struct.pack("!BB", 0x80 | code, size) + body
    if size < 1 << 16:
        return struct.pack("!BBH", 0x80 | code, 126, size) + body
    return struct.pack("!BBQ", 0x80 | code, 127, size) + body


def accept(request: Request, talk: Callable[[Socket], Awaitable[None]]) -> Response:
    """Answer an upgrade; ``talk`` has the connection until it returns.

    Raises:
        HttpError: 400 where the request asks for no WebSocket of version 13.
    """
    key = request.headers.get("sec-websocket-key", "")
    if (
        request.headers.get("upgrade", "").lower() != "websocket"
        or request.headers.get("sec-websocket-version") != "13"
        or not key
    ):
        raise HttpError(400, "this path speaks WebSocket only")
    proof = hashlib.sha1(key.encode() + _GUID, usedforsecurity=False).digest()

    async def takeover(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await talk(Socket(reader, writer))

    headers = {
        "upgrade": "websocket",
        "connection": "Upgrade",
        "sec-websocket-accept": base64.b64encode(proof).decode(),
    }
    return Response(headers=headers, takeover=takeover)
