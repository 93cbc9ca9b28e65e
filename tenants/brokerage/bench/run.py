"""The parts, on what ground each is measured, and the table of them all."""

import sys
import time
from collections.abc import Awaitable, Callable
from typing import Final

from brokerage.bench import (
    book,
    books,
    browsers,
    deals,
    disconnects,
    drift,
    links,
    memory,
    payments,
    polled,
    postings,
    proof,
    rewards,
    schemas,
    screens,
    streams,
)
from brokerage.bench.figures import Figure, Pace, show
from brokerage.bench.ground import Ground, bare, product

Part = Callable[[Ground], Awaitable[list[Figure]]]

WITH_DEMO: Final[dict[str, Part]] = {
    "memory": memory.measure,
    "dashboards": browsers.dashboards,
    "transfers": browsers.transfers,
    "deposit": browsers.deposit,
    "withdrawals": payments.withdrawals,
    "callbacks": payments.burst,
    "screens": screens.measure,
    "deals": deals.measure,
    "tenants": browsers.new_tenants,
}
"""In this order: what is measured first finds the demo as it was made."""

ALONE: Final[dict[str, Part]] = {
    "schemas": schemas.one,
    "postings": postings.measure,
    "drift": drift.measure,
    "books": books.measure,
    "exposure": book.measure,
    "settlements": proof.measure,
    "rewards": rewards.measure,
    "links": links.measure,
    "streams": streams.measure,
    "polled": polled.measure,
    "fleet": schemas.fleet,
    "disconnects": disconnects.fix,
}
"""What needs the servers and a sub-broker and no more: nothing else competes for the cores."""

NAMES: Final = (*WITH_DEMO, *ALONE)


async def table(only: tuple[str, ...]) -> bool:
    """Measure and print; whether every goal was reached. A part that fails is told, not hidden."""
    figures: list[Figure] = []
    paces: dict[str, Pace] = {}
    postgres = ""
    for ground_of, parts in ((bare, ALONE), (product, WITH_DEMO)):
        wanted = {name: part for name, part in parts.items() if not only or name in only}
        if not wanted:
            continue
        _say(f"an installation for {', '.join(wanted)}")
        async with ground_of() as ground:
            postgres = await ground.postgres()
            for name, part in wanted.items():
                started = time.monotonic()
                paces[name] = await ground.pace()
                try:
                    figures += await part(ground)
                except Exception as why:
                    told = f"{type(why).__name__}: {why}"[:600]
                    figures.append(Figure(name, None, "", 0, note=told))
                _say(f"{name}: {time.monotonic() - started:.0f} s")
    show(figures, paces, postgres)
    return all(one.met is not False for one in figures)


def _say(what: str) -> None:
    print(what, file=sys.stderr, flush=True)  # noqa: T201
