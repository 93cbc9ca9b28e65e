"""A measured figure, its goal, and the table they are printed in."""

import os
import platform
import statistics
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, slots=True)
class Figure:
    """`value` in `unit`; `goal` is the bound, met when value is at most (or at least) it."""

    what: str
    value: float | None
    unit: str
    goal: float | None
    at_least: bool = False
    note: str = ""

    @property
    def met(self) -> bool | None:
        if self.goal is None:
            return None
        if self.value is None:
            return False
        return self.value >= self.goal if self.at_least else self.value <= self.goal


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast the machine was just before a part: a loaded machine shows here, too."""

    load: float
    loops: float
    round_trips: float

    def said(self) -> str:
        return f"load {self.load:.1f}, {self.loops:,.0f} loops/s, {self.round_trips:,.0f} trips/s"


async def timed(run: Callable[[], Awaitable[object]]) -> float:
    """Seconds of one run."""
    started = time.perf_counter()
    await run()
    return time.perf_counter() - started


def median(values: Sequence[float]) -> float:
    return statistics.median(values)


def percentile(values: Sequence[float], percent: int) -> float:
    """By nearest rank: the smallest value that so many percent do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)]


def machine() -> str:
    """What the figures were measured on."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{os.cpu_count()} cores{_model()}, {memory:.0f} GiB, load {os.getloadavg()[0]:.1f}, "
        f"{platform.system()} {platform.release()}, Python {platform.python_version()}"
    )


def _model() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as told:  # noqa: PTH123 - a file of the kernel
            named = [line.partition(":")[2].strip() for line in told if line.startswith("model n")]
    except OSError:
        return ""
    return f" ({named[0]})" if named else ""


def show(figures: Sequence[Figure], paces: dict[str, Pace], postgres: str) -> None:
    """The table, and how fast the machine was at each part's turn."""
    console = Console(highlight=False, width=132)
    table = Table(title=f"Figures ({machine()}, {postgres})", title_justify="left")
    table.add_column("what", overflow="fold")
    table.add_column("measured", justify="right")
    table.add_column("goal", justify="right")
    table.add_column("")
    table.add_column("note", overflow="fold", style="dim")
    for one in figures:
        sign = "≥" if one.at_least else "≤"
        goal = "" if one.goal is None else f"{sign} {one.goal:,g} {one.unit}"
        measured = "not measured" if one.value is None else f"{one.value:,.4g} {one.unit}"
        mark = {True: "[green]met[/]", False: "[red]short[/]", None: ""}[one.met]
        table.add_row(one.what, measured, goal, mark, one.note)
    console.print(table)
    for name, pace in paces.items():
        console.print(f"{name:12} {pace.said()}", style="dim")
    console.print(
        "loops/s: this Python counting to 1,000; trips/s: `select 1` on one connection. Both just "
        "before the part.",
        style="dim",
    )
