"""The composition root: the `stoa` command, its processes, and the plan that runs them all.

Nothing of the product is imported before its word is used, so that the process that only watches
the others stays small and begins at once.
"""

import asyncio
from typing import Final

import click

from stoa.cli import group, up
from stoa.cli.plan import Plan, Site
from stoa.kernel.loading import for_good

cli = group()

_WORDS: Final = {
    "audit": "brokerage.commands.audit:audit",
    "bench": "brokerage.commands.bench:bench",
    "check": "brokerage.ledger.check:check",
    "code": "brokerage.commands.demo:code",
    "connector": "brokerage.commands.connector:connector",
    "faults": "brokerage.commands.faults:faults",
    "lists": "brokerage.screening.cli:lists",
    "operator": "brokerage.commands.operator:operator",
    "platforms": "brokerage.commands.platforms:platforms",
    "sheet": "brokerage.commands.demo:sheet",
    "tenant": "brokerage.commands.tenant:tenant",
}


@click.command("web", help="Serve pages and API.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=int, default=8000, show_default=True)
@click.option("--workers", type=click.IntRange(min=1), default=2, show_default=True)
def web(host: str, port: int, workers: int) -> None:
    """Foreground; stops on SIGTERM after the requests in hand."""
    with for_good():
        from brokerage import asgi

    asgi.serve(host, port, workers)


@click.command("worker", help="Run the shared worker: reactions, sweeps, provisioning.")
def worker() -> None:
    """Foreground; stops on SIGTERM after the jobs in hand."""
    with for_good():
        from brokerage import processes

    processes.run_worker()


@click.command("relay", help="Run the relay: facts to their readers, timers to the worker.")
def relay() -> None:
    """Foreground; stops on SIGTERM."""
    import uvloop

    with for_good():
        from brokerage import processes

    uvloop.run(processes.run_relay(asyncio.Event()))


@click.command("install", help="Make the database ready: logins, hardening, schemas, blank pool.")
def install() -> None:
    """Safe to repeat at every start and every release."""
    from brokerage import installing

    asyncio.run(installing.install(click.echo))


def make_plan(site: Site) -> Plan:
    """What `stoa up` runs, in order."""
    from brokerage.demo.plan import plan

    return plan(site)


for command in (web, worker, relay, install, up.command(make_plan)):
    cli.add_command(command)
for word, place in _WORDS.items():
    cli.add_elsewhere(word, place)
