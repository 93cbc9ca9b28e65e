"""`stoa tenant`: new ones from a blueprint, the list, their settings as a file."""

import asyncio
import secrets
import time
from pathlib import Path

import click

from brokerage.commands import opened, tenant_of


@click.group("tenant", help="Provision and inspect sub-brokers.")
def tenant() -> None:
    """Group of words about tenants."""


@tenant.command("new")
@click.argument("slug")
@click.option("--name", required=True, help="What clients read.")
@click.option("--entity", required=True, help="The legal entity.")
@click.option("--owner", required=True, help="E-mail address that gets the invitation.")
@click.option(
    "--blueprint", default="standard", show_default=True, help="File of settings to start from."
)
@click.option("--currency", default=None, help="Base currency, if not the blueprint's.")
@click.option("--mode", type=click.Choice(["assume", "login"]), default="assume", show_default=True)
@click.option("--key", default=None, help="Repeat a request safely: the same key, the same tenant.")
def new(
    slug: str,
    name: str,
    entity: str,
    owner: str,
    blueprint: str,
    currency: str | None,
    mode: str,
    key: str | None,
) -> None:
    """Provision a sub-broker now, showing each step."""
    from stoa.tenancy.orders import Asked

    asked = Asked(
        name=name,
        slug=slug,
        legal_entity=entity,
        owner_email=owner,
        blueprint=blueprint,
        base_currency=currency,
        mode=mode,
    )
    asyncio.run(_new(asked, key or secrets.token_urlsafe(12)))


async def _new(asked: object, key: str) -> None:
    from brokerage.processes import provisioner_of
    from stoa.tenancy import provision
    from stoa.tenancy.orders import Asked

    assert isinstance(asked, Asked)  # noqa: S101 - ours
    async with opened() as (config, door):
        started = time.monotonic()
        async with door.platform(purpose="cli tenant new") as work:
            row = await provision.request(work, asked, key=key, mine=True)

        def told(step: str, took_ms: int) -> None:
            click.echo(f"  {step:10} {took_ms:>6} ms")

        for step in row.log:
            told(step["step"], step["took_ms"])
        try:
            await provisioner_of(config, door).run(row.id, told)
        except Exception as why:
            raise click.ClickException(
                f"a step failed: {why}. A running worker tries again; ask with the same --key."
            ) from why
        click.echo(
            f"{asked.name} is ready in {time.monotonic() - started:.2f} s: "
            f"{config.url(config.tenant_host(asked.slug))}"
        )


@tenant.command("list")
def listed() -> None:
    """Every sub-broker with its state and schema."""

    async def run() -> None:
        async with opened() as (_, door):
            for one in await door.registry.all("active", "suspended", "archived", "provisioning"):
                click.echo(f"{one.slug:24} {one.state:12} {one.mode:7} {one.schema}  {one.host}")

    asyncio.run(run())


@tenant.command("settings")
@click.argument("slug")
@click.option("--load", "file", type=click.Path(exists=True, path_type=Path), default=None)
@click.option("--dry-run", is_flag=True, help="Only say what would change.")
def settings(slug: str, file: Path | None, *, dry_run: bool) -> None:
    """Print a tenant's settings as TOML, or load a file of them (a version per section)."""
    asyncio.run(_settings(slug, file, dry_run=dry_run))


async def _settings(slug: str, file: Path | None, *, dry_run: bool) -> None:
    from brokerage.product import PRODUCT
    from stoa.tenancy import settings as versions

    async with opened() as (_, door):
        ref = await tenant_of(door, slug)
        async with door.open(ref, purpose="cli tenant settings") as work:
            if file is None:
                click.echo(versions.export_toml(work, PRODUCT.slices), nl=False)
                return
            text = file.read_text()
            if dry_run:
                for name, value in versions.read_toml(text, PRODUCT.slices).items():
                    for change in versions.diff(work.settings(PRODUCT.slices[name]), value, name):
                        click.echo(change.sentence())
                return
            for change in await versions.import_toml(
                work, text, PRODUCT.slices, why=f"file {file.name}"
            ):
                click.echo(change.sentence())
