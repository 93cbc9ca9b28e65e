"""`stoa faults`: break an installation of its own and prove that the money survives it."""

import asyncio
import json
import signal
import sys
from collections.abc import Coroutine
from typing import Any, TypeVar

import click

T = TypeVar("T")


@click.group("faults", help="Prove that sudden deaths cost no money.")
def faults() -> None:
    """Group of words about faults."""


@faults.command("run")
@click.option("--seed", default=1, help="Draws every wish and every death.")
@click.option("--ops", default=200, help="Operations after everybody has paid in.")
@click.option("--kills", default=8, help="Deaths of web, worker, relay, Valkey and PostgreSQL.")
@click.option("--keep", is_flag=True, help="Keep the directory; on a breach it is always kept.")
def run(seed: int, ops: int, kills: int, *, keep: bool) -> None:
    """One JSON line on standard output; exit code 1 where any invariant is broken."""
    from brokerage.faults import run as running

    try:
        record, report = asyncio.run(_ending(running.whole(seed, ops, kills, keep=keep)))
    except asyncio.CancelledError:
        raise click.Abort from None
    click.echo(json.dumps(report))
    if not record.breaches:
        return
    for one in record.breaches[:60]:
        click.echo(f"{one.invariant} {one.tenant} {one.subject}: {one.detail}", err=True)
    click.echo("the last events:", err=True)
    for line in record.latest:
        click.echo(f"  {line}", err=True)
    click.echo(f"again: stoa faults run --seed {seed} --ops {ops} --kills {kills}", err=True)
    sys.exit(1)


async def _ending(whole: Coroutine[Any, Any, T]) -> T:
    """Told to end, it ends all that it started: a storm left alone would go on."""
    doing = asyncio.ensure_future(whole)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, doing.cancel)
    return await doing
