"""An installation of its own whose every process may be killed, and is started again."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from anyio import to_thread

from brokerage.demo.plan import product
from stoa.cli import ports, servers
from stoa.cli.accounts import own_state
from stoa.cli.processes import Known, stop
from stoa.cli.programs import Program, port_open
from stoa.kernel.config import Config
from stoa.kernel.faultpoints import VARIABLE

_PY: Final = sys.executable
_POLL_S: Final = 0.05
_READY_S: Final = 300
QUICK: Final = ("--settle-s", "0.2", "--retry-base-s", "0.3")


@dataclass(slots=True)
class Part:
    """One process of the installation and how often it has died."""

    program: Program
    process: "subprocess.Popen[bytes]"
    known: Known
    deaths: int = 0
    began: float = 0.0


class Site:
    """Everything of one run in one directory: both servers, the outside world, the product."""

    def __init__(self, state: Path, *, durable: bool = True) -> None:
        self.state = own_state(state)
        self.faults = state / "faults"
        self.faults.mkdir(exist_ok=True)
        self.parts: dict[str, Part] = {}
        self.kills: Counter[str] = Counter()
        self.recoveries: list[float] = []
        self._durable = durable
        self._stopping = False
        self._ports: list[int] = []
        self._keeper: asyncio.Task[None] | None = None
        self.environ: dict[str, str] = {
            **{key: value for key, value in os.environ.items() if not key.startswith("STOA_")},
            "STOA_STATE": str(state),
            "STOA_LOG": "warning",
            VARIABLE: str(self.faults),
        }

    @property
    def config(self) -> Config:
        return Config.load(self.environ)

    async def start(self) -> None:
        """Servers, schemas, the outside world, the product; each ready before the next."""
        prepared = await to_thread.run_sync(
            lambda: servers.prepare(
                self.state, durable=self._durable, environ=self.environ, any_port=True
            )
        )
        self._ports += prepared.ports
        self._keeper = asyncio.create_task(self._keep())
        await self.run(*prepared.programs)
        await servers.make_database(self.config)
        await self._once("install")
        await self.run(*self._outside())
        port = self._port()
        self._note({"web": {"port": port}})
        self.environ["STOA_PORT"] = str(port)
        await self.run(*product(self.environ, self.config, port))

    async def run(self, *programs: Program) -> None:
        for program in programs:
            self._begin(program)
        for program in programs:
            await self.ready(program.name)

    def _begin(self, program: Program) -> Part:
        program.before()
        with (self.state / f"{program.name}.log").open("ab") as log:
            process, known = program.start(log)
        was = self.parts.get(program.name)
        part = Part(program, process, known, was.deaths if was else 0, time.monotonic())
        self.parts[program.name] = part
        return part

    async def ready(self, name: str, within_s: float = _READY_S) -> None:
        ends = time.monotonic() + within_s
        while not await to_thread.run_sync(self.parts[name].program.ready):
            if time.monotonic() > ends:
                said = (self.state / f"{name}.log").read_text(errors="replace")[-2000:]
                raise RuntimeError(f"{name} did not become ready:\n{said}")
            await asyncio.sleep(_POLL_S)

    async def _once(self, word: str) -> None:
        made = await asyncio.create_subprocess_exec(
            *(_PY, "-m", "brokerage", word),
            env=self.environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        said, _ = await made.communicate()
        if made.returncode:
            raise RuntimeError(f"{word} failed:\n{said.decode(errors='replace')[-3000:]}")

    def _port(self) -> int:
        """Ours until the site stops, so that a part that died comes back where it was."""
        self._ports.append(ports.claim(None))
        return self._ports[-1]

    def _note(self, more: dict[str, object]) -> None:
        servers.note(self.state, {**servers.noted(self.state), **more})

    def _outside(self) -> Sequence[Program]:
        own = {name: self._port() for name in ("trading", "alpha", "beta", "mail")}
        extra = {name: self._port() for name in ("trading-http", "smtp")}
        self._note(
            {
                "services": {
                    "trading": f"127.0.0.1:{own['trading']}",
                    "trading-http": f"http://127.0.0.1:{extra['trading-http']}",
                    **{name: f"http://127.0.0.1:{own[name]}" for name in ("alpha", "beta", "mail")},
                    "smtp": f"127.0.0.1:{extra['smtp']}",
                }
            }
        )
        more = {
            "trading": ("--http-port", str(extra["trading-http"])),
            "mail": ("--smtp-port", str(extra["smtp"])),
        }
        return [
            Program(
                name=name,
                argv=[
                    *(_PY, "-m", f"sandbox.{name}", "--port", str(port)),
                    *("--state", str(self.state / "sandbox" / name)),
                    *more.get(name, QUICK),
                ],
                env=self.environ,
                ready=port_open(port),
            )
            for name, port in own.items()
        ]

    async def _keep(self) -> None:
        """Start again whatever has died, as a service manager would."""
        while not self._stopping:
            for name, part in list(self.parts.items()):
                if part.process.poll() is None:
                    continue
                with suppress(ProcessLookupError, PermissionError):
                    os.killpg(part.known.pid, signal.SIGKILL)
                if time.monotonic() - part.began < 0.5:
                    await asyncio.sleep(0.5)
                again = await to_thread.run_sync(self._begin, part.program)
                again.deaths += 1
                self.recovering(name)
            await asyncio.sleep(_POLL_S)

    def recovering(self, name: str) -> None:
        """Measure how long a part that died is away."""

        async def measured() -> None:
            began = time.monotonic()
            with suppress(RuntimeError):
                await self.ready(name, 60)
                self.recoveries.append(time.monotonic() - began)

        self._measuring = [
            *(one for one in getattr(self, "_measuring", []) if not one.done()),
            asyncio.create_task(measured()),
        ]

    def tree(self, name: str) -> list[int]:
        """The numbers of a part's processes, its own first."""
        return descendants(self.parts[name].known.pid)

    def kill(self, name: str) -> None:
        """SIGKILL for a part and all its children, as when the power of its machine goes."""
        self.kills[name] += 1
        for pid in self.tree(name):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def arm(self, point: str, victims: Sequence[int] = ()) -> None:
        """Let whoever passes there next die, or kill these."""
        draft = self.faults / f"{point}.draft"
        draft.write_text(" ".join(str(pid) for pid in victims))
        draft.rename(self.faults / f"{point}.armed")

    async def struck(self, point: str, within_s: float) -> bool:
        """Whether somebody passed there in time; then the place is quiet again."""
        ends = time.monotonic() + within_s
        while time.monotonic() < ends:
            if (self.faults / f"{point}.struck").exists():
                (self.faults / f"{point}.struck").unlink()
                self.kills[point] += 1
                return True
            await asyncio.sleep(0.02)
        with suppress(FileNotFoundError):
            (self.faults / f"{point}.armed").unlink()
        return False

    async def stop(self) -> None:
        self._stopping = True
        if self._keeper is not None:
            await self._keeper
        for part in reversed(list(self.parts.values())):
            await to_thread.run_sync(_ended, part)
        ports.let_go(*self._ports)


def _ended(part: Part) -> None:
    stop(part.known, by=part.program.stop_by, grace_s=10)
    with suppress(subprocess.TimeoutExpired):
        part.process.wait(5)


def descendants(pid: int) -> list[int]:
    """A process and everything it started that still runs, from /proc."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError, IndexError, ValueError):
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
                parents.setdefault(int(fields[1]), []).append(int(entry.name))
    found, front = [pid], [pid]
    while front:
        front = [child for one in front for child in parents.get(one, [])]
        found += front
    return found


@asynccontextmanager
async def running(state: Path, *, durable: bool = True) -> AsyncGenerator[Site]:
    """An installation for as long as the block runs."""
    site = Site(state, durable=durable)
    try:
        await site.start()
        yield site
    finally:
        await site.stop()
