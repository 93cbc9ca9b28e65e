"""`stoa up`: the two servers, the product's stages, and the table of where to go."""

import os
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import anyio
import click
from anyio import to_thread

from stoa.cli import servers
from stoa.cli.accounts import own_state
from stoa.cli.binaries import MissingServer
from stoa.cli.plan import Plan, Site, Stage, Step
from stoa.cli.postgres import WrongData
from stoa.cli.programs import Program
from stoa.cli.screen import Screen
from stoa.cli.supervisor import Supervisor
from stoa.kernel import where

MakePlan = Callable[[Site], Plan]


def command(make_plan: MakePlan) -> click.Command:
    """The `up` command for a product; `make_plan` is called once the servers' ports are known."""

    @click.command("up", help="Set everything up, run it in the foreground, stop it on Ctrl-C.")
    def up() -> None:
        sys.exit(anyio.run(run, make_plan))

    return up


async def run(
    make_plan: MakePlan,
    state: Path | None = None,
    environ: Mapping[str, str] = os.environ,
    screen: Screen | None = None,
) -> int:
    """Run until stopped; the exit code: 0 when asked to stop, 1 in trouble."""
    screen = screen or Screen()
    state = state or where.state(environ)
    try:
        own_state(state)
        with servers.alone(state):
            supervisor = Supervisor(screen, state / servers.PROCESSES_FILE)
            site = Site(state=state, screen=screen, outer=dict(environ))
            return await supervisor.run(lambda: _all_of_it(supervisor, site, make_plan))
    except (servers.InUse, MissingServer, WrongData, PermissionError) as error:
        screen.say(str(error), "bold red")
        return 1


async def _all_of_it(supervisor: Supervisor, site: Site, make_plan: MakePlan) -> None:
    began = time.monotonic()
    screen = supervisor.screen
    left = await to_thread.run_sync(servers.stop_leftovers, site.state)
    if left:
        screen.say(f"stopped what an earlier start left running: {', '.join(left)}", "yellow")
    prepared = await _servers(supervisor, site)
    if any(program.name == "postgres" for program in prepared.programs):
        await servers.make_database(prepared.endpoints.config)
    plan = make_plan(site)
    for stage in plan.stages:
        await _stage(supervisor, stage)
    rows = await plan.closing()
    if rows:
        screen.table(plan.title, rows)
    passed = time.monotonic() - began
    screen.say(f"ready in {passed:.1f} s, data in {site.state}; Ctrl-C stops all", "bold green")


async def _servers(supervisor: Supervisor, site: Site) -> servers.Prepared:
    async with supervisor.screen.step("PostgreSQL and Valkey") as tell:
        if not (site.state / "postgres" / "data").exists():
            tell("making the data directory")
        prepared = await to_thread.run_sync(
            lambda: servers.prepare(site.state, environ=site.outer),
        )
        for said in prepared.said:
            supervisor.screen.say(said, "yellow")
        tell("starting")
        await supervisor.start(*prepared.programs)
    return prepared


async def _stage(supervisor: Supervisor, stage: Stage) -> None:
    if isinstance(stage, Step):
        async with supervisor.screen.step(stage.title) as tell:
            await stage.run(tell)
        return
    programs = [stage] if isinstance(stage, Program) else list(stage)
    async with supervisor.screen.step("Starting " + ", ".join(one.name for one in programs)):
        await supervisor.start(*programs)
