"""What the supervisor and the tests start: a program, how it shows readiness, how it is stopped."""

import http.client
import os
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import IO
from urllib.parse import urlsplit

from stoa.cli.accounts import Account
from stoa.cli.processes import Known, listening


def no_env() -> dict[str, str]:
    """No variables beyond the inherited ones."""
    return {}


def nothing() -> None:
    """Nothing to put in order before a start."""


def at_once() -> bool:
    """Readiness of a program that serves nobody."""
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """One long-running process of an installation.

    `env` is added to ours, or is everything when `inherit` is false. `before` runs ahead of each
    start. `ready` is asked again and again, off the event loop, until it is true or
    `ready_within_s` has passed. A program that ends unasked is started again up to `restarts`
    times in a row; with none left, everything stops. Lines with one of `mutes` in them are not
    shown: what a program says each time and nobody can act on.
    """

    name: str
    argv: Sequence[str]
    env: Mapping[str, str] = field(default_factory=no_env)
    inherit: bool = True
    account: Account | None = None
    before: Callable[[], None] = nothing
    ready: Callable[[], bool] = at_once
    ready_within_s: float = 180
    stop_by: signal.Signals = signal.SIGTERM
    grace_s: float = 15
    restarts: int = 0
    mutes: tuple[str, ...] = ()
    colour: str = "white"

    def environment(self) -> dict[str, str]:
        """The variables the process sees."""
        return {**(os.environ if self.inherit else {}), **self.env}

    def start(self, output: IO[bytes] | int) -> tuple[subprocess.Popen[bytes], Known]:
        """Start it in a session of its own: a Ctrl-C at the terminal reaches only its starter."""
        process = subprocess.Popen(
            list(self.argv),
            env=self.environment(),
            cwd="/" if self.account else None,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            user=self.account.user if self.account else None,
            group=self.account.group if self.account else None,
            extra_groups=self.account.extra_groups if self.account else None,
        )
        return process, Known.of(self.name, process.pid)


def serves(url: str, host: str | None = None) -> Callable[[], bool]:
    """Readiness of a web server: 2xx for `url`, asked for by the name of `host`.

    A server that listens may still be importing its application, so that an open port says little.
    """
    parts = urlsplit(url)

    def asked() -> bool:
        line = http.client.HTTPConnection(parts.hostname or "127.0.0.1", parts.port, timeout=3)
        try:
            line.request("GET", parts.path or "/", headers={"Host": host or parts.netloc})
            return 200 <= line.getresponse().status < 300
        except (OSError, http.client.HTTPException):
            return False
        finally:
            line.close()

    return asked


def port_open(port: int, host: str = "127.0.0.1") -> Callable[[], bool]:
    """Readiness of a program that listens."""
    return lambda: listening(port, host)
