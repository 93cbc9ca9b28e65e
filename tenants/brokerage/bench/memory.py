"""What everything running takes, shared pages counted once."""

import json
from pathlib import Path

from brokerage.bench.figures import Figure
from stoa.kernel.config import Config


async def measure(config: Config) -> list[Figure]:
    """Proportional set size of every process of the supervisor's."""
    total = 0.0
    known = json.loads((config.state / "processes.json").read_text())
    roots = {int(one["pid"]) for one in known}
    for pid in _with_children(roots):
        total += _pss_mib(pid)
    return [Figure("memory: everything running with the demo", total / 1024, "GB", 1.2)]


def _with_children(roots: set[int]) -> set[int]:
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            parents[int(entry.name)] = int(fields[1])
    found = set(roots)
    grown = True
    while grown:
        more = {pid for pid, parent in parents.items() if parent in found} - found
        found |= more
        grown = bool(more)
    return found


def _pss_mib(pid: int) -> float:
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) / 1024
    except OSError:
        return 0.0
    return 0.0
