"""Where the parts are measured: installations of their own, in a directory that is gone afterwards.

`product()` is everything `stoa up` runs, with its demo; `bare()` is the two servers and one
sub-broker without a person, for what needs no more.
"""

import asyncio
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import asyncpg
from sqlalchemy import select

from brokerage import installing, processes
from brokerage.bench.figures import Pace
from stoa.cli import servers
from stoa.events.model import Inbox, Outbox, Timer
from stoa.kernel import process
from stoa.kernel.config import Config, Role
from stoa.tenancy import provision
from stoa.tenancy.door import Door
from stoa.tenancy.orders import Asked
from stoa.tenancy.registry import TenantRef
from stoa.web import logs

_READY_S: Final = 900
_STOPPED_S: Final = 90
_RESTING_S: Final = 180
_QUIET_ROUNDS: Final = 5
DEMO: Final = "northlight"


@dataclass(frozen=True, slots=True)
class Ground:
    """An installation to measure on. `supervisor` is the process all others descend from."""

    config: Config
    door: Door
    tenant: TenantRef
    supervisor: int = 0

    async def pace(self) -> Pace:
        """How fast the machine is now."""
        line = await asyncpg.connect(self.config.dsn(Role.OWNER, direct=True))
        try:
            trips = 0
            until = (began := time.perf_counter()) + 0.3
            while time.perf_counter() < until:
                await line.fetchval("select 1")
                trips += 1
            per_s = trips / (time.perf_counter() - began)
        finally:
            await line.close()
        loops = 0
        until = (began := time.perf_counter()) + 0.2
        while time.perf_counter() < until:
            for _ in range(1000):
                pass
            loops += 1
        return Pace(os.getloadavg()[0], loops / (time.perf_counter() - began), per_s)

    async def postgres(self) -> str:
        line = await asyncpg.connect(self.config.dsn(Role.OWNER, direct=True))
        try:
            return f"PostgreSQL {await line.fetchval('show server_version')}"
        finally:
            await line.close()


@contextmanager
def _folder() -> Generator[Path]:
    """A state directory in which nothing of another installation counts."""
    for name in [name for name in os.environ if name.startswith("STOA_")]:
        del os.environ[name]
    folder = Path(tempfile.mkdtemp(prefix="stoa-bench-"))
    try:
        folder.chmod(0o755)
        state = folder / "state"
        os.environ |= {"STOA_STATE": str(state), "STOA_LOG": "warning"}
        logs.set_up("bench")
        yield state
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@asynccontextmanager
async def product() -> AsyncGenerator[Ground]:
    """A whole installation with its demo, stopped afterwards."""
    with _folder() as state:
        log = state.parent / "up.log"
        with log.open("wb") as out:
            running = subprocess.Popen(  # noqa: ASYNC220 - it runs beside us, and starting is quick
                [sys.executable, "-m", "brokerage", "up"],
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            await _ready(running, log)
            async with _entered(DEMO, running.pid) as ground:
                await _at_rest(ground)
                yield ground
        finally:
            running.send_signal(signal.SIGINT)
            try:
                running.wait(_STOPPED_S)
            except subprocess.TimeoutExpired:
                os.killpg(running.pid, signal.SIGKILL)
                servers.stop_leftovers(state)


@asynccontextmanager
async def bare() -> AsyncGenerator[Ground]:
    """PostgreSQL as a real installation runs it, Valkey, and one sub-broker."""
    with _folder() as state:
        async with servers.embedded(state, any_port=True):
            config = Config.load()
            await installing.install(lambda _: None)
            door = processes.door_of(config, application="bench", pool=2)
            try:
                provisioner = processes.provisioner_of(config, door)
                wish = Asked(
                    name="Bench Markets",
                    slug="bench",
                    legal_entity="Bench Ltd",
                    owner_email="owner@bench.example",
                )
                async with door.platform(purpose="bench") as work:
                    row = await provision.request(work, wish, key=secrets.token_hex(8), mine=True)
                await provisioner.run(row.id)
            finally:
                await door.close()
            async with _entered("bench") as ground:
                yield ground


@asynccontextmanager
async def _entered(slug: str, supervisor: int = 0) -> AsyncGenerator[Ground]:
    config = Config.load()
    process.use(config)
    door = processes.door_of(config, application="bench", pool=8)
    try:
        tenant = await door.registry.by_slug(slug)
        if tenant is None:
            raise RuntimeError(f"{slug} is missing")
        yield Ground(config, door, tenant, supervisor)
    finally:
        await door.close()


async def _at_rest(ground: Ground) -> None:
    """Until the worker has done what two months made in two minutes left it to do, and every sweep
    has had its first turn.
    """
    ends, quiet = time.monotonic() + _RESTING_S, 0
    while time.monotonic() < ends and quiet < _QUIET_ROUNDS:
        async with ground.door.open(ground.tenant, purpose="bench") as work:
            waits = await work.counts(
                told=select(Outbox.id).where(Outbox.relayed_at.is_(None)),
                heard=select(Inbox.fact).where(Inbox.state == "waiting", Inbox.due_at <= work.now),
                swept=select(Timer.name).where(
                    Timer.last_ok_at.is_(None), Timer.last_error.is_(None)
                ),
            )
        quiet = 0 if any(waits.values()) else quiet + 1
        await asyncio.sleep(1)


async def _ready(running: "subprocess.Popen[bytes]", log: Path) -> None:
    ends = time.monotonic() + _READY_S
    while time.monotonic() < ends:
        if running.poll() is not None:
            raise RuntimeError(f"the product did not start:\n{log.read_text()[-3000:]}")
        if "ready in" in log.read_text():
            return
        await asyncio.sleep(0.5)
    raise RuntimeError(f"the product was not ready in {_READY_S} s")
