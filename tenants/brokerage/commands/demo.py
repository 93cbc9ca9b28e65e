"""Words around the demo: the present second-factor code of a demo login, and the contact sheet."""

import asyncio
from pathlib import Path

import click


@click.command("code", help="The present second-factor code of one of the demo's logins.")
@click.argument("login")
def code(login: str) -> None:
    """Demo logins only: their secrets are made from their names."""
    from pyotp.totp import TOTP

    from brokerage.demo.staffing import secret_of

    click.echo(TOTP(secret_of(login.strip().lower())).now())


@click.command("sheet", help="One contact sheet of every page over the running demo's data.")
@click.option("--out", type=click.Path(path_type=Path), default=None, help="Folder for the sheet.")
@click.option("--only", default="", help="Only pages whose address contains this.")
def sheet(out: Path | None, only: str) -> None:
    """Needs a running `stoa up` with its demo, and Chromium."""
    from brokerage.demo import sheet as making

    asyncio.run(making.make(out, only))
