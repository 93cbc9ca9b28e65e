"""Links that break at random: nothing may be lost and nothing doubled, held against the other side.

    storm = FixStorm(config, door, tenant, folder, seed=1)
    tally = await storm.run(1_000)         cuts, torn messages, kill -9 of the receiving process

Between the breaks fills, corrections and cancels flow, messages are dropped, doubled, garbled and
reordered, and one account is nobody's until half of it is over.
"""

import asyncio
import contextlib
import os
import pickle
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import msgspec
from sqlalchemy import text

from brokerage.bench.figures import Figure
from brokerage.bench.ground import Ground
from brokerage.bench.wire import Wire
from brokerage.clients import clients
from brokerage.trading.dropcopy import mapping
from brokerage.trading.settings import TradingSettings
from stoa.kernel.config import Config
from stoa.kernel.ids import uuid7
from stoa.tenancy import settings
from stoa.tenancy.door import Door
from stoa.tenancy.registry import TenantRef
from stoa.tenancy.work import Work

ROUNDS: Final = 1_000
CODE: Final = "fix-storm"
NAMED: Final = ("S-1", "S-2", "77003")
LATE: Final = "S-late"
_FILLS: Final = 6
_PATIENCE_S: Final = 90
_WEATHER: Final = {
    "drop": 0.02,
    "duplicate": 0.02,
    "garble": 0.02,
    "reorder": 0.02,
    "possdup": 0.02,
    "split": 0.01,
    "late": 0.05,
}
_KEPT: Final = text(
    "select m.exec_id as root, m.account, coalesce(d.deals, 0) as deals, coalesce(d.lots, 0) as lots, "
    "d.price from fix_message m left join lateral (select count(*) as deals, sum(lots) as lots, "
    "max(price) filter (where d.reverses is null and not exists (select from deal v "
    "where v.server = d.server and v.reverses = d.number)) as price from deal d "
    "where d.server = m.server and d.number >= m.id * 1000 and d.number < (m.id + 1) * 1000) d on true "
    "where m.server = :server and m.what = 'trade'"
)
_HELD: Final = text(
    "select t.server_account as account, "
    "sum(case when p.side = 'buy' then p.lots else -p.lots end) as lots "
    "from open_position p join trading_account t on t.id = p.account where p.server = :server group by 1"
)


@dataclass
class Tally:
    """What was done to the link, and what came of it."""

    breaks: Counter[str] = field(default_factory=Counter[str])
    faults: dict[str, int] = field(default_factory=dict[str, int])
    executions: int = 0
    lost: list[str] = field(default_factory=list[str])
    doubled: list[str] = field(default_factory=list[str])
    wrong: list[str] = field(default_factory=list[str])
    took_s: float = 0.0


class FixStorm:
    """A drop copy at the sandbox's acceptor, a receiver that is killed, and the count afterwards."""

    def __init__(
        self, config: Config, door: Door, tenant: TenantRef, folder: Path, seed: int = 1
    ) -> None:
        self._config = config
        self._door = door
        self._tenant = tenant
        self._folder = folder
        self._chance = random.Random(seed)  # noqa: S311 - no secret
        self._levers = Wire(0)
        self._receiver: asyncio.subprocess.Process | None = None
        self._life = 0
        self._names: list[str] = []

    async def run(self, rounds: int) -> Tally:
        tally, began = Tally(), time.monotonic()
        async with self._acceptor() as port:
            await self._connect(port)
            async with self._receiving(port):
                await self._lever("/fix/faults", _WEATHER)
                for at in range(rounds):
                    await self._logged_on()
                    await self._flow(at)
                    if at == rounds // 2:
                        await self._adopt(LATE)
                    tally.breaks[await self._break()] += 1
                await self._calm(tally)
            tally.took_s = time.monotonic() - began
            await self._count(tally)
        return tally

    @contextlib.asynccontextmanager
    async def _acceptor(self) -> AsyncGenerator[int]:
        running = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "sandbox.fix", "--state", str(self._folder / "fix")),
            *("--port", "0", "--seed", str(self._chance.randrange(1_000_000))),
            stdout=asyncio.subprocess.PIPE,
        )
        try:
            assert running.stdout is not None  # noqa: S101 - it was asked for
            line = (await asyncio.wait_for(running.stdout.readline(), 60)).decode()
            told = dict(piece.split("=") for piece in line.split()[1:])
            self._levers = Wire(int(told["http"]), {"host": "localhost"})
            yield int(told["port"])
        finally:
            self._levers.close()
            running.terminate()
            await running.wait()

    async def _connect(self, port: int) -> None:
        """The drop copy in the settings, and trading accounts for all names but one."""
        async with self._work() as work:
            raw = msgspec.to_builtins(work.settings(TradingSettings))
            mine = {
                "code": CODE,
                "connector": "fix-drop-copy",
                "kind": "live",
                "label": "A drop copy in bad weather",
                "groups": [],
                "settings": {
                    "host": "127.0.0.1",
                    "port": port,
                    "tls": False,
                    "sender": "BROKER",
                    "target": "MARKET",
                    "heart_s": 2,
                },
            }
            raw["servers"] = [*raw["servers"], mine]
            changed = msgspec.convert(raw, TradingSettings, strict=False)
            await settings.put(work, "trading", changed, why="a measurement")
        for name in NAMED:
            await self._adopt(name)

    async def _adopt(self, name: str) -> None:
        async with self._work() as work:
            client = await clients.register(
                work,
                email=f"{uuid7().hex}@example.com",
                first_name="Ada",
                last_name="Storm",
                country="ES",
            )
            await mapping.adopt(work, CODE, name, client=client.id, currency="USD")

    @contextlib.asynccontextmanager
    async def _receiving(self, port: int) -> AsyncGenerator[None]:
        services = {"fix-storm": f"127.0.0.1:{port}"}
        held = self._folder / "receiver.pickle"
        held.touch(mode=0o600)
        held.write_bytes(
            pickle.dumps((replace(self._config, services=services), self._tenant.slug))
        )
        self._receiver = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "brokerage.bench.receiver", str(held)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        try:
            await self._live()
            yield
        finally:
            self._kill()
            self._receiver.kill()
            await self._receiver.wait()
            held.unlink()

    async def _live(self) -> None:
        """Let the receiving process live (again)."""
        receiver = self._receiver
        assert receiver is not None and receiver.stdin and receiver.stdout  # noqa: S101, PT018 - as made
        receiver.stdin.write(b"live\n")
        await receiver.stdin.drain()
        while True:
            line = (
                (await asyncio.wait_for(receiver.stdout.readline(), _PATIENCE_S)).decode().strip()
            )
            if line.isdecimal():
                self._life = int(line)
                return

    def _kill(self) -> None:
        if self._life:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._life, signal.SIGKILL)
            self._life = 0

    async def _flow(self, at: int) -> None:
        """Fills for all accounts, and now and then a correction or a cancel of an earlier one."""
        for _ in range(_FILLS):
            told = await self._lever(
                "/fix/fill",
                {
                    "account": self._chance.choice([*NAMED, LATE]),
                    "symbol": self._chance.choice(["EURUSD", "GBPUSD"]),
                    "side": self._chance.choice("12"),
                    "quantity": str(self._chance.randrange(1, 30) * 1000),
                    "price": f"{1.1 + self._chance.randrange(-500, 500) / 100_000:.5f}",
                },
            )
            self._names.append(str(told["exec_id"]))
        if at % 4 == 3:
            name = self._names.pop(self._chance.randrange(len(self._names)))
            if self._chance.random() < 0.5:
                await self._lever("/fix/cancel", {"exec_id": name})
            else:
                await self._lever("/fix/correct", {"exec_id": name, "price": "1.10101"})

    async def _break(self) -> str:
        """One disconnect, at a moment nobody chose."""
        await asyncio.sleep(self._chance.random() * 0.08)
        how = self._chance.random()
        if how < 0.35:
            self._kill()
            await self._lease_ends()
            await self._live()
            return "kill -9"
        if how < 0.65:
            await self._lever("/fix/faults", {"cut": {"times": 1}})
            await self._flow(0)
            return "torn in a message"
        await self._lever("/fix/cut", {})
        return "cut"

    async def _lease_ends(self) -> None:
        """As if the fifteen seconds of a dead worker's hold were over."""
        async with self._work() as work:
            await work.run(
                text(
                    "update fix_session set held_until = now(), next_try_at = null where server = :s"
                ),
                {"s": CODE},
            )

    async def _logged_on(self) -> None:
        ends = time.monotonic() + _PATIENCE_S
        while not (await self._state())["logged_on"]:
            if time.monotonic() > ends:
                here, there = await self._session(), await self._state()
                told = {name: here.get(name) for name in ("state", "error", "tries", "incidents")}
                raise RuntimeError(f"the session did not come back: {there} {told}")
            await asyncio.sleep(0.02)

    async def _calm(self, tally: Tally) -> None:
        """Fair weather until all that was sent is kept and all that waited is booked."""
        tally.faults = dict((await self._state())["fired"])
        await self._levers.send(b"DELETE /fix/faults HTTP/1.1\r\n", b"")
        ends = time.monotonic() + 2 * _PATIENCE_S
        while True:
            there, here = await self._state(), await self._session()
            heard = here["state"] == "open" and here["next_in"] == there["next_out"]
            if heard and not here["waiting"]:
                return
            if time.monotonic() > ends:
                raise RuntimeError(f"they do not agree: {there} {here}")
            await asyncio.sleep(0.1)

    async def _count(self, tally: Tally) -> None:
        """Every execution of the other side against the deals that stand here for it."""
        truth = {row["root"]: row for row in await self._get("/fix/truth")}
        async with self._work() as work:
            kept = {row.root: row for row in await work.table(_KEPT, {"server": CODE})}
            held = {row.account: row.lots for row in await work.table(_HELD, {"server": CODE})}
        tally.executions = len(truth)
        net: dict[str, Decimal] = {}
        for root, one in truth.items():
            lots = Decimal(one["quantity"]) / 100_000 if one["state"] != "cancel" else Decimal(0)
            sign = 1 if one["side"] == "1" else -1
            net[one["account"]] = net.get(one["account"], Decimal(0)) + sign * lots
            here = kept.pop(root, None)
            if here is None or not here.deals or here.lots < lots:
                tally.lost.append(root)
            elif here.lots > lots:
                tally.doubled.append(root)
            elif lots and here.price != Decimal(one["price"]):
                tally.wrong.append(root)
        tally.doubled += list(kept)
        tally.wrong += [name for name, lots in net.items() if held.get(name, Decimal(0)) != lots]

    async def _state(self) -> dict[str, Any]:
        found: dict[str, Any] = await self._get("/fix")
        return found

    async def _session(self) -> dict[str, Any]:
        async with self._work() as work:
            rows = await work.table(
                text("select * from fix_session where server = :s"), {"s": CODE}
            )
        return rows[0]._asdict() if rows else {}

    async def _get(self, path: str) -> Any:
        return msgspec.json.decode((await self._levers.get(path)).body)

    async def _lever(self, path: str, body: dict[str, Any]) -> Any:
        told = await self._levers.post(
            path, msgspec.json.encode(body), {"content-type": "application/json"}
        )
        if told.status >= 300:
            raise RuntimeError(f"{path}: {told.text}")
        return msgspec.json.decode(told.body)

    def _work(self) -> contextlib.AbstractAsyncContextManager[Work]:
        return self._door.open(self._tenant, purpose="storm")


async def fix(ground: Ground) -> list[Figure]:
    """A thousand random disconnects of a FIX session."""
    with tempfile.TemporaryDirectory(prefix="stoa-storm-") as folder:
        storm = FixStorm(ground.config, ground.door, ground.tenant, Path(folder))
        tally = await storm.run(ROUNDS)
    breaks = ", ".join(f"{n} {how}" for how, n in tally.breaks.most_common())
    note = f"{tally.executions} executions; {breaks}; {tally.took_s:.0f} s"
    bad = len(tally.lost) + len(tally.doubled) + len(tally.wrong)
    told = f"lost {len(tally.lost)}, doubled {len(tally.doubled)}, wrong {len(tally.wrong)}"
    what = f"{ROUNDS} random disconnects of a FIX session: lost or doubled"
    return [Figure(what, bad, "", 0, note=f"{note}; {told}")]
