"""What everything running takes, shared pages counted once."""

from collections import defaultdict
from pathlib import Path
from typing import Final

from brokerage.bench.figures import Figure
from brokerage.bench.ground import Ground

_SHOWN: Final = 6


async def measure(ground: Ground) -> list[Figure]:
    """Proportional set size (`Pss` of smaps_rollup) of the supervisor and all below it.

    A page several processes share counts in each by its share: the sum is what would be free
    without them.
    """
    by_name: defaultdict[str, float] = defaultdict(float)
    for pid in _with_children(ground.supervisor):
        by_name[_name(pid)] += _pss_mib(pid)
    total = sum(by_name.values()) / 1024
    largest = sorted(by_name.items(), key=lambda pair: -pair[1])
    note = ", ".join(f"{name} {mib:.0f}" for name, mib in largest[:_SHOWN])
    rest = sum(mib for _, mib in largest[_SHOWN:])
    return [
        Figure(
            "memory: everything running with the demo",
            total,
            "GB",
            1.2,
            note=f"proportional set size of all processes; MiB: {note}, others {rest:.0f}",
        )
    ]


def _with_children(root: int) -> set[int]:
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            parents[int(entry.name)] = int(fields[1])
    found = {root}
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return found


def _name(pid: int) -> str:
    """What a process is, by its command line: `sandbox.alpha`, `worker`, `postgres` ..."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return "gone"
    line = " ".join(words).strip()
    if "-m" in words:
        module = words[words.index("-m") + 1]
        after = words[words.index("-m") + 2 :]
        if module == "brokerage" and after:
            return after[0]
        return module.rpartition(".")[2]
    return line.split(" ")[0].rpartition("/")[2].rstrip(":")


def _pss_mib(pid: int) -> float:
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) / 1024
    except OSError:
        return 0.0
    return 0.0
