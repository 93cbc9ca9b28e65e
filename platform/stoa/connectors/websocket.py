"""A WebSocket to a provider (RFC 6455), client side, over the one way out.

    socket = await connect(egress, "wss://host/path?query", headers={...})
    async for text in socket: ...
    await socket.send("text")
    await socket.aclose()

Small on purpose: text messages, no extensions, pings answered by itself. What breaks the protocol or
the limits closes the connection: a stream that cannot be read is no stream.
"""

import asyncio
import base64
import hashlib
import os
import struct
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from typing import Final
from urllib.parse import urlsplit

import msgspec

from stoa.connectors.egress import Egress
from stoa.connectors.trouble import Blocked, NoAnswer, Unreachable, Unreadable

MAX_MESSAGE: Final = 4 * 1024 * 1024
_MAX_HEAD: Final = 16 * 1024
_MAX_CONTROL: Final = 125
_HANDSHAKE_S: Final = 10.0
_GUID: Final = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_CONTINUE, _TEXT, _BINARY, _CLOSE, _PING, _PONG = 0, 1, 2, 8, 9, 10
_KNOWN: Final = frozenset({_CONTINUE, _TEXT, _BINARY, _CLOSE, _PING, _PONG})


class Frame(msgspec.Struct, frozen=True):
    final: bool
    code: int
    body: bytes


class Handshake(Unreachable):
    """The other side did not take the connection; `answered` is the HTTP status."""

    kind = "websocket-refused"

    def __init__(self, status: int) -> None:
        super().__init__(
            "The provider cannot be reached.",
            code=f"http-{status}" if status else "no-upgrade",
        )
        self.answered = status


async def connect(
    egress: Egress,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    max_message: int = MAX_MESSAGE,
) -> "WebSocket":
    """Open a connection.

    Raises:
        Blocked: the address is not one we call.
        Unreachable: no connection, or no upgrade (`Handshake` where an HTTP status says why).
    """
    parts = urlsplit(url)
    if parts.scheme not in {"ws", "wss"} or not parts.hostname or parts.username:
        raise Blocked("This address is not one we may call.", field="base_url")
    tls = parts.scheme == "wss"
    port = parts.port or (443 if tls else 80)
    reader, writer = await egress.open_stream(parts.hostname, port, tls=tls)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        async with asyncio.timeout(_HANDSHAKE_S):
            await _upgrade(reader, writer, parts.netloc, target, headers or {})
    except (OSError, EOFError, TimeoutError, ValueError) as why:
        writer.transport.abort()
        raise Unreachable("The provider cannot be reached.") from why
    except BaseException:
        writer.transport.abort()
        raise
    return WebSocket(reader, writer, max_message)


async def _upgrade(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    host: str,
    target: str,
    headers: Mapping[str, str],
) -> None:
    key = base64.b64encode(os.urandom(16))
    lines = [
        f"GET {target} HTTP/1.1",
        f"host: {host}",
        "upgrade: websocket",
        "connection: Upgrade",
        f"sec-websocket-key: {key.decode()}",
        "sec-websocket-version: 13",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    if any("\r" in line or "\n" in line for line in lines):
        raise ValueError("a header holds a line break")
    writer.write("\r\n".join(lines).encode() + b"\r\n\r\n")
    await writer.drain()
    status, told = await _head(reader)
    if status != 101:
        raise Handshake(status)
    proof = base64.b64encode(hashlib.sha1(key + _GUID, usedforsecurity=False).digest()).decode()
    if told.get("upgrade", "").lower() != "websocket" or told.get("sec-websocket-accept") != proof:
        raise Handshake(0)


async def _head(reader: asyncio.StreamReader) -> tuple[int, dict[str, str]]:
    head = bytearray()
    while not head.endswith(b"\r\n\r\n"):
        line = await reader.readline()
        head += line
        if not line or len(head) > _MAX_HEAD:
            raise EOFError("no whole answer")
    first, *rest = head.decode("latin-1").split("\r\n")
    version, _, status = first.partition(" ")
    if not version.startswith("HTTP/1.") or not status[:3].isdecimal():
        raise ValueError("not an HTTP answer")
    pairs = (line.partition(":") for line in rest if ":" in line)
    return int(status[:3]), {name.strip().lower(): value.strip() for name, _, value in pairs}


def encode(code: int, body: bytes, mask: bytes | None = None) -> bytes:
    """One whole frame; a client masks, a server does not."""
    flag = 0x80 if mask is not None else 0
    size = len(body)
    if size < 126:
        head = struct.pack("!BB", 0x80 | code, flag | size)
    elif size < 1 << 16:
        head = struct.pack("!BBH", 0x80 | code, flag | 126, size)
    else:
        head = struct.pack("!BBQ", 0x80 | code, flag | 127, size)
    return head + body if mask is None else head + mask + _masked(body, mask)


def _masked(body: bytes, mask: bytes) -> bytes:
    whole = (mask * (len(body) // 4 + 1))[: len(body)]
    return (int.from_bytes(body) ^ int.from_bytes(whole)).to_bytes(len(body))


async def read_frame(reader: asyncio.StreamReader, limit: int) -> Frame:
    """One frame from a server.

    Raises:
        Unreadable: reserved bits, an unknown kind, a mask, a control frame in pieces, too large.
        asyncio.IncompleteReadError: the stream ended within it.
    """
    first, second = await reader.readexactly(2)
    final, code, size = bool(first & 0x80), first & 0x0F, second & 0x7F
    if first & 0x70 or code not in _KNOWN or second & 0x80:
        raise Unreadable("The provider's answer could not be read.", code="bad-frame")
    if code >= _CLOSE and (not final or size > _MAX_CONTROL):
        raise Unreadable("The provider's answer could not be read.", code="bad-frame")
    if size == 126:
        (size,) = struct.unpack("!H", await reader.readexactly(2))
    elif size == 127:
        (size,) = struct.unpack("!Q", await reader.readexactly(8))
    if size > limit:
        raise Unreadable("The provider's answer is too large.", code="too-large")
    return Frame(final, code, await reader.readexactly(size))


class WebSocket:
    """An open connection. One reader at a time; sending is safe from anywhere."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, max_message: int
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._max = max_message
        self._closed = False

    def __aiter__(self) -> AsyncIterator[str]:
        return self._texts()

    async def receive(self, wait_s: float | None = None) -> str | None:
        """The next text message, or None once the other side has closed in order.

        Raises:
            NoAnswer: the connection broke, or `wait_s` passed in silence.
            Unreadable: what came breaks the protocol.
        """
        try:
            async with asyncio.timeout(wait_s):
                return await self._message()
        except TimeoutError as why:
            self.abort()
            raise NoAnswer("The provider did not answer.", code="silent") from why
        except (OSError, EOFError) as why:
            self.abort()
            raise NoAnswer("The provider did not answer.", code="broken") from why
        except BaseException:
            self.abort()
            raise

    async def send(self, text: str) -> None:
        """Raises NoAnswer when the connection is gone."""
        await self._send(_TEXT, text.encode())

    async def aclose(self) -> None:
        if not self._closed:
            with suppress(NoAnswer):
                await self._send(_CLOSE, struct.pack("!H", 1000))
        self.abort()

    def abort(self) -> None:
        """Drop the connection without a word."""
        self._closed = True
        self._writer.transport.abort()

    async def _texts(self) -> AsyncIterator[str]:
        while (text := await self.receive()) is not None:
            yield text

    async def _send(self, code: int, body: bytes) -> None:
        if self._closed:
            raise NoAnswer("The provider did not answer.", code="broken")
        try:
            self._writer.write(encode(code, body, os.urandom(4)))
            await self._writer.drain()
        except OSError as why:
            self.abort()
            raise NoAnswer("The provider did not answer.", code="broken") from why

    async def _message(self) -> str | None:
        """Join the pieces of one message; answer pings on the way."""
        body, begun = bytearray(), False
        while True:
            frame = await read_frame(self._reader, self._max - len(body))
            match frame.code:
                case 9:
                    await self._send(_PONG, frame.body)
                    continue
                case 10:
                    continue
                case 8:
                    await self.aclose()
                    return None
                case _:
                    if begun != (frame.code == _CONTINUE) or frame.code == _BINARY:
                        raise Unreadable(
                            "The provider's answer could not be read.", code="bad-frame"
                        )
            begun = True
            body += frame.body
            if frame.final:
                try:
                    return body.decode()
                except UnicodeDecodeError as why:
                    raise Unreadable(
                        "The provider's answer could not be read.", code="bad-text"
                    ) from why
