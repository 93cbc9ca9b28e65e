"""Starts the sandbox's server of one trading platform as the process it is, and pulls its levers."""

import asyncio
import json
import os
import signal
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from support.patience import LONGEST_S
from support.trading_server import Reply


@dataclass
class PlatformServer:
    """One process with its state directory; may be killed and started again on the same ports."""

    name: str
    folder: Path
    seed: int = 7
    port: int = 0
    http: int = 0
    process: asyncio.subprocess.Process | None = None

    async def start(self) -> "PlatformServer":
        self.folder.mkdir(parents=True, exist_ok=True)
        self.errors.touch()
        with self.errors.open("ab") as errors:
            self.process = await self._spawn(errors)
        assert self.process.stdout is not None
        line = (await asyncio.wait_for(self.process.stdout.readline(), LONGEST_S)).decode()
        assert line.startswith("ready "), line + self.errors.read_text()
        told = dict(piece.split("=") for piece in line.split()[1:])
        self.port, self.http = int(told["port"]), int(told["http"])
        return self

    async def _spawn(self, errors: IO[bytes]) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", f"sandbox.{self.name}"),
            *("--state", str(self.folder), "--seed", str(self.seed)),
            *("--port", str(self.port), "--http-port", str(self.http)),
            stdout=asyncio.subprocess.PIPE,
            stderr=errors,
        )

    @property
    def errors(self) -> Path:
        return self.folder / "errors.log"

    @property
    def key(self) -> str:
        """What opens the platform's API: the first manager's password."""
        settings = tomllib.loads((self.folder / "server.toml").read_text())
        return str(settings["managers"][0]["password"])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        assert self.process is not None
        if self.process.returncode is None:
            os.kill(self.process.pid, how)
        code = await asyncio.wait_for(self.process.wait(), LONGEST_S)
        assert self.errors.read_text() == ""
        return code

    async def kill(self) -> None:
        await self.stop(signal.SIGKILL)

    async def lever(self, method: str, path: str, **body: Any) -> Any:
        """One pull of a lever that must be obeyed."""
        reply = await self.call(self.http, method, path, body or None)
        assert reply.status < 300, reply
        return reply.body

    async def post(self, path: str, **body: Any) -> Any:
        return await self.lever("POST", path, **body)

    async def api(self, method: str, path: str, body: Any = None, **headers: str) -> Reply:
        """One call of the platform's own API, as a stranger's client makes it."""
        return await self.call(self.port, method, path, body, headers)

    @staticmethod
    async def call(
        port: int, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> Reply:
        """One request on a connection of its own."""
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        data = b"" if body is None else json.dumps(body).encode()
        head = [
            f"{method} {path} HTTP/1.1",
            *("host: localhost", "connection: close", "content-type: application/json"),
            *(f"{name.replace('_', '-')}: {value}" for name, value in (headers or {}).items()),
            f"content-length: {len(data)}",
        ]
        writer.write("\r\n".join(head).encode() + b"\r\n\r\n" + data)
        await writer.drain()
        answer = await asyncio.wait_for(reader.read(), LONGEST_S)
        writer.close()
        if not answer:
            raise ConnectionResetError("the line broke")
        top, _, rest = answer.partition(b"\r\n\r\n")
        return Reply(int(top.split()[1]), json.loads(rest) if rest else None)
