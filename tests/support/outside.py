"""A small HTTP server of the outside world for connector tests: answers by script, keeps what came."""

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass
class Asked:
    """One request as it came over the wire."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, str]:
        return {key: values[-1] for key, values in parse_qs(urlsplit(self.target).query).items()}

    @property
    def form(self) -> dict[str, str]:
        return {key: values[-1] for key, values in parse_qs(self.body.decode()).items()}

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Told:
    """What to answer: a status with a JSON or raw body, or one of the ways to misbehave."""

    status: int = 200
    json: Any = None
    raw: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)
    silent: bool = False
    cut: bool = False

    def wire(self) -> bytes:
        body = self.raw if self.raw is not None else json.dumps(self.json).encode()
        lines = [f"HTTP/1.1 {self.status} X", f"Content-Length: {len(body)}"]
        lines += [f"{key}: {value}" for key, value in self.headers.items()]
        head = ("\r\n".join(lines) + "\r\n\r\n").encode()
        return head + (body[: len(body) // 2] if self.cut else body)


Answering = Callable[[Asked], Told | Awaitable[Told]]


@dataclass
class Outside:
    """A running server: where it is, and everything it was asked."""

    place: str
    asked: list[Asked] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://{self.place}"


@asynccontextmanager
async def outside(answering: Answering) -> AsyncGenerator[Outside]:
    """Listen on loopback and answer every request by `answering`."""
    here = Outside("")

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while (asked := await read_request(reader)) is not None:
                here.asked.append(asked)
                told = answering(asked)
                if not isinstance(told, Told):
                    told = await told
                if told.silent:
                    await reader.read()
                    return
                writer.write(told.wire())
                await writer.drain()
                if told.cut:
                    return
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    here.place = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield here
    finally:
        server.close()


async def read_request(reader: asyncio.StreamReader) -> Asked | None:
    """One request off a connection; None at its end."""
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
    except asyncio.IncompleteReadError:
        return None
    first, *rest = head.split("\r\n")
    method, target, _ = first.split(" ")
    pairs = (line.split(": ", 1) for line in rest if ": " in line)
    headers = {key.lower(): value for key, value in pairs}
    if headers.get("transfer-encoding") == "chunked":
        raise AssertionError("connectors send whole bodies")
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Asked(method, target, headers, body)
