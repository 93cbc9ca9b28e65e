"""A client that costs next to nothing, so that what is measured on two cores is the server."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlencode

_LIMIT: Final = 4 * 1024 * 1024
_PATIENCE_S: Final = 60


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()


@dataclass
class Wire:
    """One kept connection, one request at a time; `headers` go with every request."""

    port: int
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    _reader: asyncio.StreamReader | None = None
    _writer: asyncio.StreamWriter | None = None

    async def get(self, path: str) -> Answer:
        return await self.send(f"GET {path} HTTP/1.1\r\n".encode(), b"")

    async def post(
        self, path: str, body: bytes | Mapping[str, str], headers: Mapping[str, str] | None = None
    ) -> Answer:
        """A mapping goes as a form."""
        more = dict(headers or {})
        if not isinstance(body, bytes):
            body = urlencode(body).encode()
            more.setdefault("content-type", "application/x-www-form-urlencoded")
        lines = "".join(f"{name}: {value}\r\n" for name, value in more.items())
        head = f"POST {path} HTTP/1.1\r\n{lines}content-length: {len(body)}\r\n"
        return await self.send(head.encode(), body)

    async def send(self, head: bytes, body: bytes) -> Answer:
        """A request from its first line to its own headers; ours follow. A cut line is made anew."""
        ours = "".join(f"{name}: {value}\r\n" for name, value in self.headers.items())
        message = head + ours.encode() + b"\r\n" + body
        async with asyncio.timeout(_PATIENCE_S):
            for fresh in (False, True):
                if fresh or self._writer is None:
                    self.close()
                    self._reader, self._writer = await asyncio.open_connection(
                        "127.0.0.1", self.port, limit=_LIMIT
                    )
                try:
                    self._writer.write(message)
                    return await self._answer()
                except (ConnectionError, asyncio.IncompleteReadError):
                    if fresh:
                        raise
        raise AssertionError("a request was neither answered nor refused")

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()
        self._reader = self._writer = None

    async def _answer(self) -> Answer:
        reader = self._reader
        assert reader is not None  # noqa: S101 - opened before anything is sent
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        status = int(head[9:12])
        if b"transfer-encoding: chunked" in head:
            return Answer(status, await _chunks(reader))
        length = head.partition(b"content-length:")[2].partition(b"\r\n")[0]
        return Answer(status, await reader.readexactly(int(length or 0)))


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    whole = b""
    while True:
        size = int((await reader.readuntil(b"\r\n")).partition(b";")[0], 16)
        part = await reader.readexactly(size + 2)
        if not size:
            return whole
        whole += part[:-2]
