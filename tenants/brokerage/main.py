"""The composition root: the `stoa` command, its processes, and the plan that runs them all."""

import asyncio

import click

from brokerage.commands.audit import audit
from brokerage.commands.bench import bench
from brokerage.commands.connector import connector
from brokerage.commands.demo import code, sheet
from brokerage.commands.faults import faults
from brokerage.commands.operator import operator
from brokerage.commands.platforms import platforms
from brokerage.commands.tenant import tenant
from brokerage.ledger.check import check
from brokerage.screening.cli import lists
from stoa.cli import group, up
from stoa.cli.plan import Plan, Site

cli = group()


@click.command("worker", help="Run the shared worker: reactions, sweeps, provisioning.")
def worker() -> None:
    """Foreground; stops on SIGTERM after the jobs in hand."""
    from brokerage import processes

    processes.run_worker()


@click.command("relay", help="Run the relay: facts to their readers, timers to the worker.")
def relay() -> None:
    """Foreground; stops on SIGTERM."""
    import uvloop

    from brokerage import processes

    uvloop.run(processes.run_relay(asyncio.Event()))


@click.command("install", help="Make the database ready: logins, hardening, schemas, blank pool.")
def install() -> None:
    """Safe to repeat at every start and every release."""
    from brokerage import processes

    asyncio.run(processes.install(click.echo))


def make_plan(site: Site) -> Plan:
    """What `stoa up` runs, in order."""
    from brokerage.demo.plan import plan

    return plan(site)


for command in (
    worker,
    relay,
    install,
    up.command(make_plan),
    tenant,
    operator,
    connector,
    platforms,
    audit,
    lists,
    check,
    bench,
    faults,
    sheet,
    code,
):
    cli.add_command(command)
