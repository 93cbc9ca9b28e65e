"""`stoa assets`: unpack the pinned front-end packages and build what browsers are sent."""

import fcntl
import time
from collections.abc import Generator
from contextlib import contextmanager

import click

from stoa.cli import npm
from stoa.kernel import where
from stoa.theming import assets as building


@contextmanager
def alone() -> Generator[None]:
    """One build at a time in a checkout: two commands started together wait for each other."""
    with where.node_modules().with_name(npm.LOCK).open("rb") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            click.echo("front end: another command is building it; waiting")
            fcntl.flock(held, fcntl.LOCK_EX)
        yield


@click.command("assets", help="Build fonts, styles and scripts; nothing to do where none changed.")
@click.option("--force", is_flag=True, help="Build even where nothing changed.")
def assets(*, force: bool) -> None:
    """Fetch what the lock names, then build; each part is said as it begins."""
    with alone():
        _make(force=force)


def _make(*, force: bool) -> None:
    began = time.monotonic()
    if not npm.unpacked():
        click.echo("front end: fetching the pinned packages (about ten seconds)")
    try:
        modules = npm.ensure_node_modules()
        if not force and not building.stale(modules):
            return
        click.echo("front end: building fonts, styles and scripts")
        building.build(modules, force=force, progress=lambda part: click.echo(f"front end: {part}"))
    except (npm.NpmFailed, building.AssetProblem) as problem:
        raise click.ClickException(str(problem)) from problem
    click.echo(f"front end: ready ({time.monotonic() - began:.1f} s)")
