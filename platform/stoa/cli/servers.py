"""PostgreSQL and Valkey for one state directory: the installation's own, or embedded ones."""

import fcntl
import json
import os
import signal
import subprocess
import time
from collections.abc import AsyncGenerator, Callable, Generator, Mapping
from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import asyncpg
from anyio import to_thread

from stoa.cli import ports, postgres, processes, valkey
from stoa.cli.accounts import keep_secrets, own_state, server_account
from stoa.cli.processes import Known
from stoa.cli.programs import Program
from stoa.kernel.config import RUN_FILE, Config, Role

DATABASE = "stoa"
DATABASE_PORT = 15432
REDIS_PORT = 16379
ATTEMPTS = 3
PROCESSES_FILE = "processes.json"


class InUse(RuntimeError):
    """Another start holds this state directory."""


class DidNotStart(RuntimeError):
    """A server ended, or stayed silent, where it should have become ready."""


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where the two servers answer; `environ` is what a child process needs to find them."""

    config: Config
    environ: Mapping[str, str]

    @property
    def redis_url(self) -> str:
        """The URL with its password."""
        return self.config.redis_url

    def dsn(self, role: Role = Role.ADMIN, database: str | None = None) -> str:
        """The URL asyncpg takes."""
        return self.config.dsn(role, database=database)


@dataclass(frozen=True, slots=True)
class Prepared:
    """The programs to start, in order, where they will answer, and the ports claimed for them."""

    programs: list[Program]
    endpoints: Endpoints
    said: list[str]
    ports: list[int]


def prepare(
    state: Path,
    *,
    durable: bool = True,
    environ: Mapping[str, str] = os.environ,
    any_port: bool = False,
) -> Prepared:
    """Make data directories and secrets, choose ports, and note them in `run.json`.

    Blocking; takes seconds the first time. `any_port` takes ports nobody asked for, as tests do.
    """
    account = server_account()
    own_state(state)
    secrets = Path(environ.get("STOA_SECRETS") or state / "secrets")
    keep_secrets(secrets, [*Role, "redis", "kek"])
    run = noted(state)
    programs: list[Program] = []
    said: list[str] = []
    claimed: list[int] = []

    def port(kind: str, usual: int) -> int:
        wanted = None if any_port else int(run.get(kind, {}).get("port", usual))
        chosen = ports.claim(wanted)
        claimed.append(chosen)
        if wanted not in {None, chosen}:
            said.append(f"port {wanted} for {kind} is busy, using {chosen}")
        return chosen

    if not environ.get("STOA_DATABASE_URL"):
        chosen = port("database", DATABASE_PORT)
        folder = postgres.socket_folder(state, chosen)
        run["database"] = {
            "host": str(folder or "127.0.0.1"),
            "port": chosen,
            "name": DATABASE,
        }
        programs.append(
            postgres.prepare(state, account, port=chosen, secrets=secrets, durable=durable)
        )
    if not environ.get("STOA_REDIS_URL"):
        chosen = port("redis", REDIS_PORT)
        run["redis"] = {"host": "127.0.0.1", "port": chosen}
        programs.append(
            valkey.prepare(state, account, port=chosen, secrets=secrets, durable=durable)
        )
    run["secrets"] = str(secrets)
    note(state, run)
    child = {"STOA_STATE": str(state)}
    config = Config.load({**environ, **child})
    return Prepared(programs, Endpoints(config, child), said, claimed)


@asynccontextmanager
async def embedded(
    state: Path,
    *,
    durable: bool = True,
    environ: Mapping[str, str] = os.environ,
    any_port: bool = False,
) -> AsyncGenerator[Endpoints]:
    """Both servers, running while the block runs, with an empty or kept database.

    Raises:
        InUse: another start holds the directory.
        DidNotStart: with the last lines the server wrote.
    """
    with ExitStack() as held:
        endpoints = await to_thread.run_sync(
            lambda: held.enter_context(
                running(state, durable=durable, environ=environ, any_port=any_port)
            )
        )
        if not environ.get("STOA_DATABASE_URL"):
            await make_database(endpoints.config)
        yield endpoints


@asynccontextmanager
async def at_hand(
    state: Path, environ: Mapping[str, str] = os.environ
) -> AsyncGenerator[Endpoints]:
    """The servers of a running `stoa up`, or embedded ones for as long as the block runs."""
    own_state(state)
    try:
        with alone(state):
            pass
    except InUse:
        child = {"STOA_STATE": str(state)}
        yield Endpoints(Config.load({**environ, **child}), child)
        return
    async with embedded(state, environ=environ) as endpoints:
        yield endpoints


@contextmanager
def running(
    state: Path,
    *,
    durable: bool = True,
    environ: Mapping[str, str] = os.environ,
    any_port: bool = False,
) -> Generator[Endpoints]:
    """`embedded` without the event loop, and without the product's database."""
    with ExitStack() as held:
        own_state(state)
        held.enter_context(alone(state))
        stop_leftovers(state)
        yield _start_some(
            held, state, lambda: prepare(state, durable=durable, environ=environ, any_port=any_port)
        )
    processes.write_down(state / PROCESSES_FILE, [])


def _start_some(held: ExitStack, state: Path, prepared: Callable[[], Prepared]) -> Endpoints:
    # What is none of ours may still have taken a port between our choosing and listening.
    for _ in range(ATTEMPTS - 1):
        some = prepared()
        with suppress(DidNotStart):
            held.enter_context(_started(state, some))
            return some.endpoints
    some = prepared()
    held.enter_context(_started(state, some))
    return some.endpoints


@contextmanager
def alone(state: Path) -> Generator[None]:
    """Hold the state directory; the lock ends with us, however we end.

    Raises:
        InUse: somebody holds it already.
    """
    with (state / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise InUse(f"{state} is in use by another `stoa up`") from error
        yield


def stop_leftovers(state: Path) -> list[str]:
    """Stop what a killed start left running, last started first; the names of what was stopped.

    Only processes this directory's list names, number and start time both, are touched.
    """
    left = [one for one in processes.written_down(state / PROCESSES_FILE) if one.alive()]
    for known in reversed(left):
        by = signal.SIGINT if known.name == "postgres" else signal.SIGTERM
        processes.stop(known, by=by)
    postgres.release(state / "postgres" / "data")
    return [known.name for known in left]


async def make_database(config: Config) -> None:
    """Create the product's empty database in the embedded server where it is missing."""
    line = await asyncpg.connect(config.dsn(Role.ADMIN, database="postgres"))
    try:
        known = await line.fetchval(
            "select 1 from pg_database where datname = $1", config.database_name
        )
        if not known:
            await line.execute(f'create database "{config.database_name}"')
    finally:
        await line.close()


def noted(state: Path) -> dict[str, Any]:
    """What an earlier start noted; nothing where there was none."""
    try:
        return cast("dict[str, Any]", json.loads((state / RUN_FILE).read_text()))
    except (FileNotFoundError, ValueError):
        return {}


def note(state: Path, run: Mapping[str, Any]) -> None:
    """Note ports and places for other commands; never a password."""
    draft = state / f"{RUN_FILE}.new"
    draft.write_text(json.dumps(run, indent=2) + "\n")
    draft.replace(state / RUN_FILE)


@contextmanager
def _started(state: Path, prepared: Prepared) -> Generator[None]:
    logs = state / "log"
    logs.mkdir(exist_ok=True)
    started: list[Known] = []
    handles: list[subprocess.Popen[bytes]] = []
    try:
        for program in prepared.programs:
            program.before()
            with (logs / f"{program.name}.log").open("wb") as log:
                process, known = program.start(log)
            handles.append(process)
            started.append(known)
            processes.write_down(state / PROCESSES_FILE, started)
            _wait(program, process, logs / f"{program.name}.log")
        yield
    finally:
        for known, program in reversed(list(zip(started, prepared.programs, strict=False))):
            processes.stop(known, by=program.stop_by, grace_s=program.grace_s)
        for process in handles:
            process.wait()
        ports.let_go(*prepared.ports)


def _wait(program: Program, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + program.ready_within_s
    while not program.ready():
        code = process.poll()
        if code is not None or time.monotonic() > end:
            said = log.read_text(errors="replace")[-2000:]
            state = f"ended with {code}" if code is not None else "did not become ready"
            raise DidNotStart(f"{program.name} {state}:\n{said}")
        time.sleep(processes.POLL_S)
