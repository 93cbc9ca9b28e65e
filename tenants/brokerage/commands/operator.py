"""`stoa operator`: the first person of the control plane, who invites the others there."""

import asyncio

import click

from brokerage.commands import opened


@click.group("operator", help="People of the control plane.")
def operator() -> None:
    """Group of words about operators."""


@operator.command("new")
@click.argument("email")
@click.option("--name", required=True, help="What colleagues and audit logs read.")
def new(email: str, name: str) -> None:
    """Make an operator with every permission and print the first password, once."""
    from stoa.identity import operators
    from stoa.kernel.refusals import Refusal

    async def run() -> None:
        async with opened() as (config, door):
            try:
                password = await operators.create_operator(door, email, name)
            except Refusal as refusal:
                raise click.ClickException(str(refusal)) from refusal
            click.echo(f"{config.url(config.control_host)}  {email}  {password}")
            click.echo("The second factor is set up at the first sign-in.")

    asyncio.run(run())
