"""Processes we started: who they are, whether they still live, and how they are asked to end."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

POLL_S = 0.05


@dataclass(frozen=True, slots=True)
class Known:
    """A process by number and start: a number alone is given to a stranger sooner or later."""

    name: str
    pid: int
    started: str

    @classmethod
    def of(cls, name: str, pid: int) -> Self:
        """Write down a process that runs now."""
        return cls(name=name, pid=pid, started=started(pid) or "")

    def alive(self) -> bool:
        """Whether this very process still runs, a zombie counting as gone."""
        return bool(self.started) and started(self.pid) == self.started


def started(pid: int) -> str | None:
    """When `pid` was started, as the system writes it; None where nothing of that number runs."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return None if Path("/proc/self/stat").exists() else _started_by_ps(pid)
    except ProcessLookupError:
        return None
    # The name in parentheses may itself hold spaces and parentheses.
    rest = text.rpartition(")")[2].split()
    return None if rest[0] in "ZX" else rest[19]


def _started_by_ps(pid: int) -> str | None:
    shown = subprocess.run(
        ["ps", "-o", "state=,lstart=", "-p", str(pid)], capture_output=True, text=True, check=False
    ).stdout.strip()
    return None if not shown or shown.startswith("Z") else shown.partition(" ")[2].strip()


def stop(known: Known, *, by: signal.Signals = signal.SIGTERM, grace_s: float = 10) -> bool:
    """Ask a process to end, then make it; True when it needed to be made.

    Everything we start leads a session of its own, so that the last resort takes its children too.
    """
    if not known.alive():
        return False
    with contextlib.suppress(ProcessLookupError):
        os.kill(known.pid, by)
    if gone(known, within_s=grace_s):
        return False
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(known.pid, signal.SIGKILL)
    gone(known, within_s=5)
    return True


def gone(known: Known, *, within_s: float) -> bool:
    """Whether the process ends in time; a child of ours is collected on the way."""
    end = time.monotonic() + within_s
    while True:
        with contextlib.suppress(ChildProcessError):
            os.waitpid(known.pid, os.WNOHANG)
        if not known.alive():
            return True
        if time.monotonic() > end:
            return False
        time.sleep(POLL_S)


def write_down(file: Path, processes: Iterable[Known]) -> None:
    """Keep the list of what runs, so that a later start can find what an earlier one left."""
    draft = file.with_suffix(".new")
    draft.write_text(json.dumps([asdict(one) for one in processes]))
    draft.replace(file)


def written_down(file: Path) -> list[Known]:
    """The processes of that list; none where there is no list or it was cut short."""
    try:
        return [Known(**one) for one in json.loads(file.read_text())]
    except (FileNotFoundError, ValueError, TypeError):
        return []


def listening(port: int, host: str = "127.0.0.1", timeout_s: float = 1) -> bool:
    """Whether something accepts connections there."""
    try:
        with socket.create_connection((host, port), timeout_s):
            return True
    except OSError:
        return False
