"""Real PostgreSQL and Valkey for a test session, started in about a second.

The data directory is initialised once per checkout and copied for each session, so that sessions
running at the same time share nothing, and a killed one is cleared away by the next.
"""

import atexit
import hashlib
import os
import shutil
import subprocess
import tempfile
from contextlib import ExitStack
from functools import cache
from pathlib import Path

from stoa.cli import postgres, processes, servers
from stoa.cli.accounts import keep_secrets, own_state, server_account
from stoa.cli.servers import Endpoints
from stoa.kernel import where
from stoa.kernel.config import Role


@cache
def start_servers() -> Endpoints:
    """This session's servers; they stop with the process. Non-durable: for tests only."""
    base = _base()
    _clear(base)
    state = own_state(base / f"session-{os.getpid()}")
    processes.write_down(state / "owner.json", [processes.Known.of("session", os.getpid())])
    template = _template(base)
    for name in ("secrets", "postgres"):
        subprocess.run(["cp", "-a", str(template / name), str(state / name)], check=True)
    held = ExitStack()
    atexit.register(_end, held, state)
    return held.enter_context(
        servers.running(state, durable=False, environ=_unset(), any_port=True)
    )


def _end(held: ExitStack, state: Path) -> None:
    held.close()
    shutil.rmtree(state, ignore_errors=True)


def _unset() -> dict[str, str]:
    return {key: value for key, value in os.environ.items() if not key.startswith("STOA_")}


def _base() -> Path:
    mark = f"{where.checkout()}{os.geteuid()}"
    name = f"stoa-tests-{hashlib.sha256(mark.encode()).hexdigest()[:10]}"
    return own_state(Path(tempfile.gettempdir()).resolve() / name)


def _template(base: Path) -> Path:
    template = base / "template"
    if (template / "postgres" / "data" / "PG_VERSION").exists():
        return template
    draft = own_state(base / f"template-{os.getpid()}")
    keep_secrets(draft / "secrets", [*Role, "redis", "kek"])
    postgres.prepare(draft, server_account(), port=1, secrets=draft / "secrets", durable=False)
    try:
        draft.rename(template)
    except OSError:
        # Another session was quicker; its template serves as well.
        shutil.rmtree(draft, ignore_errors=True)
    return template


def _clear(base: Path) -> None:
    for state in base.glob("session-*"):
        owners = processes.written_down(state / "owner.json")
        if owners and not any(owner.alive() for owner in owners):
            servers.stop_leftovers(state)
            shutil.rmtree(state, ignore_errors=True)
