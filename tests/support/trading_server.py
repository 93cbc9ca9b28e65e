"""Starts the sandbox's trading server as the process it is, and speaks to its HTTP side."""

import asyncio
import json
import os
import signal
import sys
import tomllib
from base64 import b64encode
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote

from support.mt5_peer import Peer
from support.patience import LONGEST_S

PASSWORD = "Secret-pass-1"


@dataclass
class Reply:
    status: int
    body: Any


@dataclass
class TradingServer:
    """One server process with its state directory; may be killed and started again."""

    folder: Path
    seed: int = 7
    port: int = 0
    http: int = 0
    process: asyncio.subprocess.Process | None = None
    peers: list[Peer] = field(default_factory=list)

    async def start(self) -> "TradingServer":
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
            "-m",
            "sandbox.trading",
            *("--state", str(self.folder), "--seed", str(self.seed)),
            *("--port", str(self.port), "--http-port", str(self.http)),
            stdout=asyncio.subprocess.PIPE,
            stderr=errors,
        )

    @property
    def errors(self) -> Path:
        return self.folder / "errors.log"

    async def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        for peer in self.peers:
            peer.writer.close()
        self.peers.clear()
        assert self.process is not None
        if self.process.returncode is None:
            os.kill(self.process.pid, how)
        code = await asyncio.wait_for(self.process.wait(), LONGEST_S)
        assert self.errors.read_text() == ""
        return code

    async def kill(self) -> None:
        await self.stop(signal.SIGKILL)

    @property
    def manager(self) -> tuple[int, str]:
        settings = tomllib.loads((self.folder / "server.toml").read_text())
        first = settings["managers"][0]
        return first["login"], first["password"]

    async def peer(self, *, crypt: bool = False) -> Peer:
        peer = await Peer.manager(self.port, *self.manager, crypt=crypt)
        self.peers.append(peer)
        return peer

    async def get(self, path: str, *, login: int = 0, password: str = PASSWORD) -> Any:
        return (await self.call("GET", path, login=login, password=password)).body

    async def post(self, path: str, *, as_login: int = 0, **body: Any) -> Any:
        reply = await self.call("POST", path, body, login=as_login)
        assert reply.status < 300, reply
        return reply.body

    async def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        login: int = 0,
        password: str = PASSWORD,
    ) -> Reply:
        """One request on a connection of its own."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.http)
        data = b"" if body is None else json.dumps(body).encode()
        head = [
            f"{method} {quote(path, safe='/?=&%')} HTTP/1.1",
            "host: localhost",
            "connection: close",
        ]
        if login:
            head.append(
                f"authorization: Basic {b64encode(f'{login}:{password}'.encode()).decode()}"
            )
        head.append(f"content-length: {len(data)}")
        writer.write("\r\n".join(head).encode() + b"\r\n\r\n" + data)
        await writer.drain()
        answer = await asyncio.wait_for(reader.read(), LONGEST_S)
        writer.close()
        top, _, rest = answer.partition(b"\r\n\r\n")
        return Reply(int(top.split()[1]), json.loads(rest) if rest else None)

    async def account(
        self, peer: Peer, group: str = "real\\standard-usd", money: str = "10000", **given: str
    ) -> int:
        """Make an account with some money on it."""
        fields = {"LEVERAGE": "100", "NAME": "Ada Lovelace"} | given
        told = await peer.say(
            "USER_ADD",
            LOGIN="0",
            GROUP=group,
            PASS_MAIN=PASSWORD,
            PASS_INVESTOR=PASSWORD + "i",
            **fields,
        )
        assert told.code == 0, told
        login = int(told.fields["LOGIN"])
        if money != "0":
            told = await peer.say(
                "TRADE_BALANCE", LOGIN=str(login), TYPE="2", BALANCE=money, COMMENT="D:start"
            )
            assert told.code == 0, told
        return login


async def deals_of(
    peer: Peer, login: int, since: int = 0, until: int = 1 << 33
) -> list[dict[str, str]]:
    """All deals of a login, page by page."""
    window = {"LOGIN": str(login), "FROM": str(since), "TO": str(until)}
    total = int((await peer.say("DEAL_GET_TOTAL", **window)).fields["TOTAL"])
    rows: list[dict[str, str]] = []
    while len(rows) < total:
        page = await peer.say("DEAL_GET_PAGE", **window, OFFSET=str(len(rows)), TOTAL="100")
        assert page.body, page
        rows += page.body
    return rows


def cents(texts: Iterable[str]) -> int:
    """Sum decimal texts with two places exactly."""
    return sum(int(text.replace(".", "")) for text in texts)
