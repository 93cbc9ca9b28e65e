"""A sandbox as the process it is, and the hub's levers over HTTP."""

import asyncio
import os
import signal
import ssl
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx2

from brokerage.trading.connector import DealKind
from support.patience import LONGEST_S


class Served:
    """`python -m <module>`, started with any free port and asked which it took."""

    def __init__(self, module: str, folder: Path, *more: str) -> None:
        self.module = module
        self.folder = folder
        self.more = more
        self.ports: dict[str, int] = {}
        self.told: dict[str, str] = {}
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> "Served":
        self.folder.mkdir(parents=True, exist_ok=True)
        errors = self.folder / "errors.log"
        with errors.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", self.module, "--state", str(self.folder)),
                *("--port", str(self.ports.get("port", 0)), "--seed", "7", *self.more),
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
            )
        assert self._process.stdout is not None
        line = (await asyncio.wait_for(self._process.stdout.readline(), LONGEST_S)).decode()
        assert line.startswith("ready "), line + errors.read_text()
        self.told = dict(piece.split("=", 1) for piece in line.split()[1:])
        self.ports = {name: int(text) for name, text in self.told.items() if text.isdecimal()}
        return self

    async def stop(self) -> None:
        assert self._process is not None
        if self._process.returncode is None:
            os.kill(self._process.pid, signal.SIGTERM)
        await asyncio.wait_for(self._process.wait(), LONGEST_S)
        assert (self.folder / "errors.log").read_text() == ""

    async def lever(self, method: str, path: str, body: Any = None) -> Any:
        """Pull a lever; raises for anything but yes."""
        port = self.ports.get("http") or self.ports["port"]
        async with httpx2.AsyncClient(timeout=LONGEST_S, trust_env=False) as client:
            answer = await client.request(method, f"http://127.0.0.1:{port}{path}", json=body)
        assert answer.status_code < 300, (path, answer.status_code, answer.text)
        return answer.json() if answer.content else None


def trusting(certificate: Path) -> ssl.SSLContext:
    """For the egress: trust a sandbox's self-made certificate and nothing else."""
    return ssl.create_default_context(cafile=str(certificate))


def _same(number: int) -> int:
    return number


class DealerTrader:
    """Trades by the desk's own hand of a sandbox that stands on the hub."""

    def __init__(
        self,
        server: Served,
        *,
        closes_by: bool = True,
        login_of: Callable[[int], int] = _same,
        position_of: Callable[[int], int] = _same,
    ) -> None:
        self._server = server
        self._closes_by = closes_by
        self._login = login_of
        self._position = position_of

    @property
    def closes_by(self) -> bool:
        return self._closes_by

    async def open(self, login: int, symbol: str, side: DealKind, lots: Decimal) -> None:
        await self._do(login, "order", {"symbol": symbol, "side": str(side), "lots": f"{lots}"})

    async def close(self, login: int, position: int, lots: Decimal | None = None) -> None:
        part = {"lots": f"{lots}"} if lots is not None else {}
        await self._do(login, "close", {"position": self._position(position)} | part)

    async def close_by(self, login: int, position: int, other: int) -> None:
        both = {"position": self._position(position), "by": self._position(other)}
        await self._do(login, "close", both)

    async def _do(self, login: int, what: str, body: dict[str, Any]) -> None:
        await self._server.lever("POST", f"/dealer/{self._login(login)}/{what}", body)


class HubWeather:
    """The faults of a sandbox that stands on the hub, each once."""

    def __init__(self, server: Served) -> None:
        self._server = server

    async def drop_before_money(self) -> None:
        await self._faults({"balance_drop_before": {"times": 1}})

    async def drop_after_money(self) -> None:
        await self._faults({"balance_drop_after": {"times": 1}})

    async def cut(self) -> None:
        await self._faults({"down": True})
        await self._faults({"down": False})

    async def calm(self) -> None:
        await self._server.lever("DELETE", "/faults")

    async def _faults(self, order: dict[str, Any]) -> None:
        await self._server.lever("POST", "/faults", order)
