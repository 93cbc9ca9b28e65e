"""The whole product as an installation of its own: `stoa up` without the demo, seen from outside."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stoa.cli import ports, processes, servers
from stoa.cli.accounts import own_state
from stoa.kernel.config import Config

READY_S = 600
STOP_S = 180


@dataclass
class Installation:
    """Where everything answers, and the levers a machine room has: signals and the command."""

    state: Path
    environ: dict[str, str]
    config: Config

    def url(self, host: str, path: str = "/") -> str:
        return self.config.url(host, path)

    def host(self, slug: str) -> str:
        return self.config.tenant_host(slug)

    def service(self, name: str) -> str:
        return self.config.services[name]

    def pid(self, program: str) -> int:
        known = processes.written_down(self.state / servers.PROCESSES_FILE)
        return next(one.pid for one in known if one.name == program)

    def kill(self, program: str) -> int:
        """Pull the plug of one program of ours; the supervisor starts it again. Answers its pid."""
        pid = self.pid(program)
        os.kill(pid, signal.SIGKILL)
        return pid

    def command(self, *words: str, code: int = 0) -> str:
        """What `stoa` answers to these words on this installation."""
        done = subprocess.run(
            [sys.executable, "-m", "brokerage", *words],
            env=self.environ,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout


@contextmanager
def installed() -> Iterator[Installation]:
    """Started on free ports in a directory of its own; stopped and gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="stoa-journeys-") as folder:
        Path(folder).chmod(0o755)
        state = own_state(Path(folder).resolve() / "state")
        log = Path(folder) / "up.log"
        environ = {key: value for key, value in os.environ.items() if not key.startswith("STOA_")}
        web, noted = _ports()
        servers.note(state, noted)
        environ |= {
            "STOA_STATE": str(state),
            "STOA_PORT": str(web),
            "STOA_DEMO": "0",
            "STOA_LOG": "warning",
        }
        with log.open("wb") as out:
            running = subprocess.Popen(
                [sys.executable, "-m", "brokerage", "up"],
                env=environ,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            _ready(running, log)
            yield Installation(state, environ, Config.load(environ))
        finally:
            if kept := os.environ.get("STOA_JOURNEYS_LOG"):
                Path(kept).write_bytes(log.read_bytes())
            running.send_signal(signal.SIGTERM)
            running.wait(STOP_S)


def _ports() -> tuple[int, dict[str, Any]]:
    """Where the web and everything else is to listen, as an earlier start would have noted it."""
    outside = (
        "trading",
        "trading-http",
        "alpha",
        "beta",
        "sumsub",
        "elliptic",
        "coins",
        "mail",
        "smtp",
        "listener",
    )
    web, database, redis, *others = ports.free(3 + len(outside))
    return web, {
        "database": {"host": "127.0.0.1", "port": database},
        "redis": {"host": "127.0.0.1", "port": redis},
        "ports": dict(zip(outside, others, strict=True)),
    }


def _ready(running: "subprocess.Popen[bytes]", log: Path) -> None:
    ends = time.monotonic() + READY_S
    while "ready in " not in (said := log.read_text()) or "data in" not in said:
        assert running.poll() is None, f"the product did not start:\n{log.read_text()[-3000:]}"
        assert time.monotonic() < ends, f"the product was not ready:\n{log.read_text()[-3000:]}"
        time.sleep(0.2)
