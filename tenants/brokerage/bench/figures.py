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
        if self.value is None or self.goal is None:
            return None
        return self.value >= self.goal if self.at_least else self.value <= self.goal


async def timed(run: Callable[[], Awaitable[object]]) -> float:
    """Seconds of one run."""
    started = time.perf_counter()
    await run()
    return time.perf_counter() - started


def median(values: Sequence[float]) -> float:
    return statistics.median(values)


def p95(values: Sequence[float]) -> float:
    """The 95th percentile by nearest rank."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, -(-len(ordered) * 95 // 100) - 1))]


def machine() -> str:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    load = os.getloadavg()[0]
    return (
        f"{os.cpu_count()} cores, {memory:.0f} GiB, load {load:.1f}, "
        f"{platform.system()} {platform.release()}, Python {platform.python_version()}"
    )


def show(figures: Sequence[Figure]) -> None:
    console = Console(highlight=False, width=120)
    table = Table(title=f"Figures ({machine()})", title_justify="left")
    table.add_column("what", overflow="fold")
    table.add_column("measured", justify="right")
    table.add_column("goal", justify="right")
    table.add_column("")
    table.add_column("note", overflow="fold", style="dim")
    for one in figures:
        sign = "≥" if one.at_least else "≤"
        goal = "" if one.goal is None else f"{sign} {one.goal:g} {one.unit}"
        measured = "not run" if one.value is None else f"{one.value:,.4g} {one.unit}"
        mark = {True: "[green]met[/]", False: "[red]short[/]", None: ""}[one.met]
        table.add_row(one.what, measured, goal, mark, one.note)
    console.print(table)
