"""A deal on a polled server, on the client's open screen: how long, and what watching costs.

The deal is made by the server's own desk at a moment nobody chose; it counts as seen when the screen's
stream has told of the client's accounts and the deal stands in the books that the screen then reads.
"""

import asyncio
import os
import random
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Final
from uuid import UUID

from sqlalchemy import select

from brokerage.bench import browsers
from brokerage.bench.figures import Figure, median, percentile
from brokerage.bench.ground import Ground
from brokerage.bench.links import JSON, pull
from brokerage.bench.wire import Wire
from brokerage.trading.model import AccountState, Deal, TradingAccount

DEALS: Final = 60
_PATIENCE_S: Final = 30.0
_WHO: Final = "client001"
_RESTING_S: Final = 15.0
_TICKS: Final = os.sysconf("SC_CLK_TCK")


async def measure(ground: Ground) -> list[Figure]:
    """By the stream of the trader room, with the demo's own traders going on beside it."""
    person = await browsers.named(ground, "client", _WHO)
    account, login = await _account(ground, person.id)
    seat = await browsers.seat(ground, person, "room")
    levers = Wire(int(ground.config.services["trading-http"].rpartition(":")[2]), JSON)
    screen = _Screen(seat)
    dice, took = random.Random(1), list[float]()  # noqa: S311 - no secret
    used, lasted = dict[str, float](), 1.0
    async with asyncio.TaskGroup() as group:
        listening = group.create_task(screen.listen())
        await screen.heard()
        began, before = time.monotonic(), _spent(ground.supervisor)
        for at in range(DEALS):
            await asyncio.sleep(0.3 + dice.random() * 1.7)
            took.append(await _seen(ground, levers, screen, account, login, at))
        used, lasted = _less(_spent(ground.supervisor), before), time.monotonic() - began
        listening.cancel()
    idle = await _idle(ground)
    levers.close()
    note = (
        f"{DEALS} deals, median {median(took):.2f} s, longest {max(took):.2f} s; meanwhile the worker "
        f"used {used['worker'] / lasted:.1%} of a core and the stand-in server {used['trading'] / lasted:.1%}"
        f" (without our deals {idle['worker']:.1%} and {idle['trading']:.1%})"
    )
    return [
        Figure("a deal on MT5 to the client's screen, p95", percentile(took, 95), "s", 2, note=note)
    ]


class _Screen:
    """An open page's stream: when it was last told that the accounts changed."""

    def __init__(self, seat: Wire) -> None:
        self._seat = seat
        self._told = asyncio.Event()

    async def heard(self) -> None:
        await self._told.wait()
        self._told.clear()

    async def listen(self) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._seat.port)
        try:
            head = "".join(f"{name}: {value}\r\n" for name, value in self._seat.headers.items())
            writer.write(f"GET /live HTTP/1.1\r\naccept: text/event-stream\r\n{head}\r\n".encode())
            async for line in reader:
                if line.strip() in {b"data: hello", b"data: accounts"}:
                    self._told.set()
        finally:
            writer.close()


async def _seen(
    ground: Ground, levers: Wire, screen: _Screen, account: UUID, login: int, at: int
) -> float:
    """Make a deal and wait until the screen can show it; seconds from just before it was made."""
    began = time.monotonic()
    order = {"symbol": "EURUSD", "side": "buy" if at % 2 else "sell", "lots": "0.01"}
    made = await pull(levers, f"/dealer/{login}/order", order)
    number = int(made["Deals"][0]["Deal"])
    async with asyncio.timeout(_PATIENCE_S):
        while True:
            await screen.heard()
            told = time.monotonic()
            async with ground.door.open(ground.tenant, purpose="bench") as work:
                there = await work.value(
                    select(Deal.number).where(Deal.account == account, Deal.number == number)
                )
            if there is not None:
                break
    closing = {"position": int(made["Deals"][0]["PositionID"])}
    await pull(levers, f"/dealer/{login}/close", closing)
    return told - began


async def _account(ground: Ground, client: UUID) -> tuple[UUID, int]:
    async with ground.door.open(ground.tenant, purpose="bench") as work:
        rows = await work.rows(
            select(TradingAccount)
            .where(
                TradingAccount.client == client,
                TradingAccount.kind == "live",
                TradingAccount.state == AccountState.ACTIVE,
                TradingAccount.server.like("mt5%"),
                TradingAccount.login.is_not(None),
            )
            .limit(1)
        )
    if not rows:
        raise RuntimeError(f"{_WHO} has no live account")
    return rows[0].id, rows[0].login or 0


async def _idle(ground: Ground) -> dict[str, float]:
    """What both use of a core when nobody but the demo's own traders makes deals."""
    before = _spent(ground.supervisor)
    await asyncio.sleep(_RESTING_S)
    return {
        name: used / _RESTING_S for name, used in _less(_spent(ground.supervisor), before).items()
    }


def _less(now: dict[str, float], before: dict[str, float]) -> dict[str, float]:
    return {name: now[name] - before[name] for name in now}


def _spent(supervisor: int) -> dict[str, float]:
    """Seconds of processor time of the worker and of the stand-in trading server so far."""
    found = {"worker": 0.0, "trading": 0.0}
    for pid in _children(supervisor):
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        name = "worker" if b"worker" in words else "trading" if b"sandbox.trading" in words else ""
        if name:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            found[name] += (int(fields[11]) + int(fields[12])) / _TICKS
    return found


def _children(supervisor: int) -> Iterable[int]:
    told = Path(f"/proc/{supervisor}/task/{supervisor}/children").read_text()
    return [int(word) for word in told.split()]
