"""Words around the demo: the present second-factor code of a demo login, and the contact sheet."""

from pathlib import Path

import click


@click.command("code", help="The present second-factor code of one of the demo's logins.")
@click.argument("login")
def code(login: str) -> None:
    """Demo logins only: their secrets are made from their names."""
    from pyotp.totp import TOTP

    from brokerage.demo.staffing import secret_of

    click.echo(TOTP(secret_of(login.strip().lower())).now())


@click.command("sheet", help="Contact sheets of every page over the running demo's data.")
@click.option("--out", type=click.Path(path_type=Path), default=None, help="Folder for the sheets.")
@click.option("--only", default="", help="Only pages whose address contains this.")
@click.option(
    "--who", default="", help="Only readers whose name contains this: control, pulse-desk."
)
@click.option(
    "--variants",
    type=click.Choice(["quick", "telling", "every"]),
    default="telling",
    help="Two, five or all twelve ways to see a page.",
)
@click.option(
    "--no-pictures",
    is_flag=True,
    help="Only which routes the demo has no example of.",
)
def sheet(out: Path | None, only: str, who: str, variants: str, *, no_pictures: bool) -> None:
    """Needs a running `stoa up` with its demo, and Chromium; fails when a page has a fault, and when a
    route has no example in the demo.
    """
    from brokerage.demo.sheet import make

    if not make.run(out, only=only, who=who, variants=variants, pictures=not no_pictures):
        raise SystemExit(1)
