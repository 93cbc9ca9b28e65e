"""`stoa connector`: pause a payment provider's connector for all or some sub-brokers, and resume it."""

import asyncio
from collections.abc import Sequence

import click

from brokerage.commands import opened


@click.group("connector", help="Pause and resume a connector across sub-brokers.")
def connector() -> None:
    """Group of words about connectors."""


@connector.command("pause")
@click.argument("code")
@click.option("--reason", required=True, help="Their staff read it; name nobody.")
@click.option("--tenant", "tenants", multiple=True, help="Only this one; may be given again.")
def pause(code: str, reason: str, tenants: Sequence[str]) -> None:
    """No new payments over it until resumed; what is under way goes on."""
    asyncio.run(_change(code, reason, tenants, paused=True))


@connector.command("resume")
@click.argument("code")
@click.option("--reason", required=True, help="Their staff read it; name nobody.")
@click.option("--tenant", "tenants", multiple=True, help="Only this one; may be given again.")
def resume(code: str, reason: str, tenants: Sequence[str]) -> None:
    """Undo `pause`; what a sub-broker's own people paused stays paused."""
    asyncio.run(_change(code, reason, tenants, paused=False))


async def _change(code: str, reason: str, tenants: Sequence[str], *, paused: bool) -> None:
    from brokerage.payments.routing import operators
    from stoa.kernel.refusals import Refusal

    verb = operators.pause if paused else operators.resume
    async with opened() as (_, door):
        try:
            done = await verb(door, code, reason=reason, tenants=tenants)
        except Refusal as refusal:
            raise click.ClickException(str(refusal)) from refusal
    for one in done:
        click.echo(f"{one.tenant:24} {one.trouble or ', '.join(one.psps)}")
    failed = sum(bool(one.trouble) for one in done)
    click.echo(f"{len(done) - failed} changed, {failed} failed")
    if failed:
        raise SystemExit(1)
