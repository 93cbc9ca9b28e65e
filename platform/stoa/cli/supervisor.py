"""One foreground process that starts the others, passes on what they say, and stops them in order.

A program that dies is started again, as every one of them keeps its truth in PostgreSQL and comes
back to it: a crash should heal by itself. One that dies again and again is not healed by trying, so
that a handful of deaths in a row stops everything and is seen.
"""

import os
import signal
import subprocess
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import anyio
from anyio import to_thread
from anyio.abc import ByteReceiveStream, Process, TaskGroup, TaskStatus

from stoa.cli import processes
from stoa.cli.processes import Known
from stoa.cli.programs import Program
from stoa.cli.screen import Screen
from stoa.cli.servers import DidNotStart

LIVED_LONG_S = 60
LONGEST_PAUSE_S = 16
PROBE_S = 0.1
LONGEST_LINE = 64 * 1024


@dataclass(slots=True)
class Child:
    """A program and the process it is just now."""

    program: Program
    process: Process | None = None
    known: Known | None = None
    began: float = 0
    ready: bool = False
    deaths: int = 0
    last_said: list[str] = field(default_factory=list[str])
    ended: anyio.Event = field(default_factory=anyio.Event)


class Supervisor:
    """Runs children until told to stop, then stops them, last started first."""

    def __init__(self, screen: Screen, record: Path) -> None:
        self.screen = screen
        self.trouble: str | None = None
        self._record = record
        self._children: list[Child] = []
        self._asked = anyio.Event()
        self._hurry = anyio.Event()
        self._scope = anyio.CancelScope()
        self._tasks: TaskGroup | None = None

    async def run(self, body: Callable[[], Awaitable[None]]) -> int:
        """Run `body`, then wait for a signal or for trouble; stop all; the exit code."""
        async with anyio.create_task_group() as tasks:
            self._tasks = tasks
            await tasks.start(self._heed_signals)
            try:
                with self._scope:
                    await body()
                    await self._asked.wait()
            except DidNotStart as error:
                self.trouble = str(error)
            finally:
                with anyio.CancelScope(shield=True):
                    await self._stop_all()
                tasks.cancel_scope.cancel()
        if self.trouble:
            self.screen.say(self.trouble, "bold red")
        return 1 if self.trouble else 0

    async def start(self, *programs: Program) -> None:
        """Start programs side by side and wait until each is ready.

        Raises:
            DidNotStart: with the last lines of the one that did not.
        """
        if self._tasks is None:
            raise RuntimeError("start() belongs into the body of run()")
        children = [Child(program) for program in programs]
        for child in children:
            self._children.append(child)
            await self._tasks.start(self._watch, child)
        for child in children:
            await self._wait_ready(child)

    def stop(self, trouble: str | None = None) -> None:
        """Ask for the end; asking again makes it quick."""
        if self._asked.is_set():
            self._hurry.set()
        self.trouble = self.trouble or trouble
        self._asked.set()
        self._scope.cancel()

    async def _heed_signals(self, *, task_status: TaskStatus[None]) -> None:
        with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM, signal.SIGHUP) as received:
            task_status.started()
            async for _ in received:
                again = self._asked.is_set()
                self.screen.say("stopping at once" if again else "stopping; Ctrl-C again to hurry")
                self.stop()

    async def _watch(self, child: Child, *, task_status: TaskStatus[None]) -> None:
        first = True
        while not self._asked.is_set() or first:
            code = await self._live(child, task_status if first else None)
            first = False
            if self._asked.is_set():
                break
            if not child.ready:
                break  # Never served: whoever waits for it tells what it said.
            if not await self._may_return(child, code):
                break
        child.ended.set()

    async def _live(self, child: Child, task_status: TaskStatus[None] | None) -> int:
        """One life of a child, from its start to its end."""
        program = child.program
        try:
            process = await self._open(program)
        except OSError as error:
            child.last_said = [str(error)]
            if task_status is not None:
                task_status.started()
            return 127
        child.process, child.known = process, Known.of(program.name, process.pid)
        child.began = time.monotonic()
        self._write_down()
        if task_status is not None:
            task_status.started()
        code = 0
        async with anyio.create_task_group() as tasks:
            if process.stdout is not None:
                tasks.start_soon(self._pass_on, child, process.stdout)
            code = await process.wait()
            if not self._asked.is_set():
                # What it had started itself would keep its port from the one that follows.
                with suppress(ProcessLookupError, PermissionError):
                    os.killpg(process.pid, signal.SIGKILL)
            # A grandchild may hold the pipe open for ever; what was said by now is enough.
            tasks.cancel_scope.deadline = anyio.current_time() + 0.5
        child.process = None
        await process.aclose()
        self._write_down()
        return code

    async def _may_return(self, child: Child, code: int) -> bool:
        lived_s = time.monotonic() - child.began
        child.deaths = 1 if lived_s > LIVED_LONG_S else child.deaths + 1
        name = child.program.name
        if child.deaths > child.program.restarts:
            self.stop(f"{name} ended {_how(code)} and is not started again")
            return False
        pause_s = min(2.0 ** (child.deaths - 2), LONGEST_PAUSE_S)
        self.screen.say(f"{name} ended {_how(code)}; starting it again in {pause_s:g} s", "yellow")
        with anyio.move_on_after(pause_s):
            await self._asked.wait()
        return not self._asked.is_set()

    async def _open(self, program: Program) -> Process:
        await to_thread.run_sync(program.before)
        account = program.account
        return await anyio.open_process(
            list(program.argv),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd="/" if account else None,
            env=self._colours() | program.environment(),
            # A session of its own, so that Ctrl-C at the terminal reaches only the supervisor.
            start_new_session=True,
            user=account.user if account else None,
            group=account.group if account else None,
            extra_groups=account.extra_groups if account else None,
        )

    def _colours(self) -> dict[str, str]:
        """Programs write into a pipe; whether it ends at a terminal only we know."""
        return {"FORCE_COLOR": "1"} if self.screen.console.is_terminal else {}

    async def _pass_on(self, child: Child, stream: ByteReceiveStream) -> None:
        rest = b""
        with suppress(anyio.ClosedResourceError, anyio.EndOfStream):
            async for chunk in stream:
                *whole, rest = (rest + chunk).split(b"\n")
                if len(rest) > LONGEST_LINE:
                    whole, rest = [*whole, rest], b""
                for line in whole:
                    self._show(child, line)
        if rest:
            self._show(child, rest)

    def _show(self, child: Child, line: bytes) -> None:
        said = line.decode(errors="replace").rstrip()
        child.last_said = [*child.last_said[-9:], said]
        if said and not any(muted in said for muted in child.program.mutes):
            self.screen.line(child.program.name, child.program.colour, said)

    async def _wait_ready(self, child: Child) -> None:
        program = child.program
        end = anyio.current_time() + program.ready_within_s
        while not child.ended.is_set() and anyio.current_time() < end:
            if await to_thread.run_sync(program.ready):
                child.ready = True
                return
            with anyio.move_on_after(PROBE_S):
                await child.ended.wait()
        how = "ended" if child.ended.is_set() else f"was not ready in {program.ready_within_s:g} s"
        said = "\n".join(child.last_said)
        raise DidNotStart(f"{program.name} {how}" + (f"; its last words:\n{said}" if said else ""))

    async def _stop_all(self) -> None:
        self._asked.set()
        for child in reversed(self._children):
            await self._stop(child)
        self._write_down()

    async def _stop(self, child: Child) -> None:
        process = child.process
        if process is None or child.ended.is_set():
            return
        began = time.monotonic()
        with suppress(ProcessLookupError):
            process.send_signal(child.program.stop_by)
        if not await self._ends_within(child, child.program.grace_s):
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            await child.ended.wait()
            self.screen.say(f"{child.program.name} had to be killed", "yellow")
            return
        self.screen.say(f"{child.program.name} stopped ({time.monotonic() - began:.1f} s)", "dim")

    async def _ends_within(self, child: Child, seconds: float) -> bool:
        async def until(event: anyio.Event, scope: anyio.CancelScope) -> None:
            await event.wait()
            scope.cancel()

        with anyio.move_on_after(seconds):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(until, child.ended, tasks.cancel_scope)
                tasks.start_soon(until, self._hurry, tasks.cancel_scope)
        return child.ended.is_set()

    def _write_down(self) -> None:
        running = [child.known for child in self._children if child.process and child.known]
        processes.write_down(self._record, running)


def _how(code: int) -> str:
    if code < 0:
        return f"by {signal.Signals(-code).name}"
    return f"with code {code}"
