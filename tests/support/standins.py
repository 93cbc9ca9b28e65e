"""Stand-in providers as the processes they are, payers and merchants beside them, and a listener."""

import asyncio
import json
import secrets
import signal
import sys
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2

from sandbox.common.wire import Answer, Asked, Server
from support.patience import LONGEST_S, until

Document = dict[str, Any]


@dataclass
class Standin:
    """One provider process with its state directory; may be killed and started again."""

    name: str
    folder: Path
    options: tuple[str, ...] = ("--settle-s", "0.05", "--retry-base-s", "0.05")
    port: int = 0
    smtp: int = 0
    process: asyncio.subprocess.Process | None = None
    client: httpx2.AsyncClient | None = None

    async def start(self) -> "Standin":
        self.folder.mkdir(parents=True, exist_ok=True)
        ports = ("--port", str(self.port))
        if self.name == "mail":
            ports = (*ports, "--smtp-port", str(self.smtp))
        with self.errors.open("ab") as errors:
            self.process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", f"sandbox.{self.name}", "--state", str(self.folder)),
                *(*ports, *self.options),
                stdout=asyncio.subprocess.PIPE,
                stderr=errors,
            )
        assert self.process.stdout is not None
        line = (await asyncio.wait_for(self.process.stdout.readline(), LONGEST_S)).decode()
        assert f"sandbox.{self.name} ready" in line, line + self.errors.read_text()
        told = line.split()
        self.port = int(told[3].rpartition(":")[2])
        self.smtp = int(told[-1].rpartition(":")[2]) if self.name == "mail" else 0
        # httpx2's own keep-alive would hand a test the connection of a process that is gone.
        limits = httpx2.Limits(max_keepalive_connections=0)
        self.client = httpx2.AsyncClient(
            base_url=self.url, timeout=LONGEST_S, trust_env=False, limits=limits
        )
        return self

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def errors(self) -> Path:
        return self.folder / "errors.log"

    @property
    def http(self) -> httpx2.AsyncClient:
        assert self.client is not None
        return self.client

    async def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        assert self.process is not None
        if self.client is not None:
            await self.client.aclose()
            self.client = None
        if self.process.returncode is None:
            self.process.send_signal(how)
        return await asyncio.wait_for(self.process.wait(), LONGEST_S)

    async def kill_and_restart(self) -> None:
        await self.stop(signal.SIGKILL)
        await self.start()

    async def control(self, path: str, **given: Any) -> Document:
        answer = await self.http.post(f"/_sandbox/{path}", json=given)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def truth(self, merchant: str = "") -> Document:
        return (await self.http.get("/truth", params={"merchant": merchant})).json()


@dataclass
class Listener:
    """A merchant's callback address: keeps what comes, answers by script, else 200."""

    got: list[Asked] = field(default_factory=list)
    scripted: deque[int] = field(default_factory=deque)
    url: str = ""
    server: Server | None = None
    at_each: Callable[[], None] | None = None
    """Run while a callback is being heard, before it is answered."""

    async def open(self) -> "Listener":
        self.server = Server(self._answer)
        port = await self.server.listen("127.0.0.1", 0)
        # A name under .localhost, which the provider must find without a resolver's help.
        self.url = f"http://hooks.localhost:{port}/callback"
        return self

    async def close(self) -> None:
        assert self.server is not None
        await self.server.close()

    async def _answer(self, asked: Asked) -> Answer:
        self.got.append(asked)
        if self.at_each is not None:
            self.at_each()
        return Answer(self.scripted.popleft() if self.scripted else 200, b"")

    @property
    def documents(self) -> list[Document]:
        return [json.loads(asked.content) for asked in self.got]

    async def wait(self, count: int, within_s: float = LONGEST_S) -> list[Document]:
        await until(lambda: len(self.got) >= count, within_s)
        return self.documents

    async def none_for(self, seconds: float = 0.4) -> None:
        """Nothing comes for a while."""
        before = len(self.got)
        await asyncio.sleep(seconds)
        assert len(self.got) == before, self.documents[before:]


@dataclass
class Shop:
    """A merchant at one provider, with its own keys and callback address."""

    at: Standin
    hooks: Listener
    key: str = field(default_factory=lambda: f"sk_test_{secrets.token_hex(8)}")
    secret: str = field(default_factory=lambda: f"whsec_{secrets.token_hex(8)}")
    id: str = ""

    async def open(self, **more: Any) -> "Shop":
        row = await self.at.control(
            "merchants",
            secret_key=self.key,
            webhook_secret=self.secret,
            webhook_url=self.hooks.url,
            name="Northlight",
            **more,
        )
        self.id = row["id"]
        return self

    async def fault(self, kind: str, **how: Any) -> None:
        """A fault for this merchant alone; once, unless told otherwise."""
        await self.at.control("faults", **{kind: {"count": 1, "merchant": self.id, **how}})

    async def truth(self) -> Document:
        return await self.at.truth(self.id)
