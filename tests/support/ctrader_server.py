"""Starts the sandbox's cTrader server as the process it is, and pulls its levers."""

import asyncio
import json
import os
import signal
import sys
import tomllib
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from hashlib import md5
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec

from brokerage.trading.connectors.ctrader import CTrader, Settings
from stoa.connectors.breaker import Limits
from stoa.connectors.egress import Egress
from stoa.connectors.keyring import Keyring
from stoa.connectors.lines import Lines
from support.patience import LONGEST_S
from support.trading_server import Reply

GROUP = "Standard"
PASSWORD = "Main-pass-1"


@dataclass
class CTraderServer:
    """One server process with its state directory; may be killed and started again."""

    folder: Path
    seed: int = 7
    port: int = 0
    link: int = 0
    more: tuple[str, ...] = ()
    process: asyncio.subprocess.Process | None = None

    async def start(self) -> "CTraderServer":
        self.folder.mkdir(parents=True, exist_ok=True)
        self.errors.touch()
        with self.errors.open("ab") as errors:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable,
                *("-m", "sandbox.ctrader", "--state", str(self.folder), "--seed", str(self.seed)),
                *("--port", str(self.port), "--link-port", str(self.link), *self.more),
                stdout=asyncio.subprocess.PIPE,
                stderr=errors,
            )
        assert self.process.stdout is not None
        line = (await asyncio.wait_for(self.process.stdout.readline(), LONGEST_S)).decode()
        assert line.startswith("ready "), line + self.errors.read_text()
        told = dict(piece.split("=") for piece in line.split()[1:])
        self.port, self.link = int(told["port"]), int(told["link"])
        return self

    @property
    def errors(self) -> Path:
        return self.folder / "errors.log"

    @property
    def manager(self) -> tuple[int, str]:
        first = tomllib.loads((self.folder / "server.toml").read_text())["managers"][0]
        return first["login"], first["password"]

    async def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        assert self.process is not None
        if self.process.returncode is None:
            os.kill(self.process.pid, how)
        await asyncio.wait_for(self.process.wait(), LONGEST_S)
        assert self.errors.read_text() == ""

    async def get(self, path: str) -> Any:
        return (await self.call("GET", path)).body

    async def post(self, path: str, **body: Any) -> Any:
        reply = await self.call("POST", path, body)
        assert reply.status < 300, reply
        return reply.body

    async def call(self, method: str, path: str, body: Any = None, auth: str = "") -> Reply:
        """One request on a connection of its own."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        data = b"" if body is None else json.dumps(body).encode()
        head = [
            f"{method} {quote(path, safe='/?=&%:')} HTTP/1.1",
            "host: localhost",
            "connection: close",
            f"content-length: {len(data)}",
        ]
        if auth:
            head.append(f"authorization: Basic {auth}")
        writer.write("\r\n".join(head).encode() + b"\r\n\r\n" + data)
        await writer.drain()
        answer = await asyncio.wait_for(reader.read(), LONGEST_S)
        writer.close()
        top, _, rest = answer.partition(b"\r\n\r\n")
        try:
            told: Any = json.loads(rest) if rest else None
        except ValueError:
            told = rest.decode()
        return Reply(int(top.split()[1]), told)

    async def trade(self, login: int, side: str = "buy", lots: str = "0.10", **more: Any) -> Any:
        """One market order by the desk's hand; the deals it made."""
        told = await self.post(
            f"/dealer/{login}/order", symbol=more.pop("symbol", "EURUSD"), side=side, lots=lots
        )
        return told["Deals"]

    async def close(self, login: int, position: int, lots: str = "") -> Any:
        return (await self.post(f"/dealer/{login}/close", position=position, lots=lots))["Deals"]


def hashed(password: str) -> str:
    return md5(password.encode()).hexdigest()


@asynccontextmanager
async def joined(
    server: CTraderServer, *, egress: Egress | None = None, linked: bool = True, **more: Any
) -> AsyncGenerator[CTrader]:
    """The connector at a server, with everything on unless it is told otherwise."""
    login, password = server.manager
    told = {
        "base_url": f"http://127.0.0.1:{server.port}",
        "login": login,
        "broker": "sandbox",
        "plant": "sandbox",
        "tls": False,
        "answer_s": 20.0,
        **({"host": "127.0.0.1", "port": server.link} if linked else {}),
    } | more
    places = {f"127.0.0.1:{server.port}", f"127.0.0.1:{server.link}"}
    limits = Limits(in_a_row=10_000, error_rate=2)
    lines = Lines(egress or Egress(places), limits=limits)
    keys = Keyring({"ctrader.manager": password})
    connector = CTrader(msgspec.convert(told, Settings), keys, lines.of("t", "ctrader"))
    try:
        yield connector
    finally:
        await connector.aclose()
        await lines.egress.aclose()
