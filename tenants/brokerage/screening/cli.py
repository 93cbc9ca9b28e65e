"""`stoa lists`: take in a sanctions list as its authority publishes it, for the whole installation."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import click

from brokerage.kyc.events import ListImported
from brokerage.screening import ofac, store
from brokerage.screening.entries import Listing
from brokerage.screening.model import ScreeningList
from stoa.jobs.bell import Bell
from stoa.jobs.worker import connect as connect_bell
from stoa.kernel.config import Config, Role
from stoa.kernel.refusals import Refusal
from stoa.tenancy.door import Door
from stoa.vault.keys import MasterKey


@click.group("lists", help="Sanctions lists that clients are screened against.")
def lists() -> None:
    """One copy serves all tenants of an installation."""


@lists.command("import", help="Take in the OFAC files sdn.csv, alt.csv and add.csv of a folder.")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--published",
    type=click.DateTime(["%Y-%m-%d"]),
    help="The day the list was published. Default: when sdn.csv was last changed.",
)
def import_list(folder: Path, published: datetime | None) -> None:
    """Safe to repeat: the same files are the same version."""
    try:
        listing = read(folder, published)
        row, told = asyncio.run(_import(listing))
    except Refusal as why:
        raise click.ClickException(str(why)) from why
    for problem in listing.problems[:20]:
        click.echo(f"  {problem.file} line {problem.line}: {problem.what}")
    if row is None:
        click.echo(f"{listing.code} {listing.version} is in force already.")
        return
    click.echo(
        f"{row.code} {row.version}: {row.entries} entries, {row.added} new, "
        f"{row.altered} changed, {row.removed} gone."
    )
    click.echo(f"{told} tenants screen their clients against what changed.")


def read(folder: Path, published: datetime | None) -> Listing:
    """The list that lies in a folder. Raises ClickException where the main file is missing."""
    files = {name: folder / f"{name}.csv" for name in ("sdn", "alt", "add")}
    if not files["sdn"].exists():
        raise click.ClickException(f"there is no sdn.csv in {folder}")
    day = published or datetime.fromtimestamp(files["sdn"].stat().st_mtime, UTC)
    content = {name: path.read_bytes() if path.exists() else b"" for name, path in files.items()}
    return ofac.parse(**content, published=day.date())


async def _import(listing: Listing) -> tuple[ScreeningList | None, int]:
    config = Config.load()
    door = Door(
        app_dsn=config.dsn(Role.APP),
        control_dsn=config.dsn(Role.CONTROL),
        master=MasterKey.load(config.kek_file),
        pool=2,
        application="lists",
    )
    bell = await connect_bell(config.redis_url)
    door.after_commit = Bell(bell)
    try:
        return await bring_in(door, listing)
    finally:
        await bell.aclose()
        await door.close()


async def bring_in(door: Door, listing: Listing) -> tuple[ScreeningList | None, int]:
    """Keep the list and tell every tenant; returns the new version and how many were told.

    Telling again is harmless: a tenant screens against a version once.
    """
    async with door.platform(purpose="lists.import") as work:
        row = await store.take(work, listing)
    if row is None:
        return None, 0
    tenants = await door.registry.all("active", "suspended")
    for tenant in tenants:
        async with door.open(tenant, purpose="lists.import") as work:
            work.tell(ListImported(listing=row.code, number=row.number))
    return row, len(tenants)
