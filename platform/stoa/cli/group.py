"""The `stoa` command itself: the platform's own words, to which a product adds its own."""

import sys
from importlib.metadata import version
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from stoa.cli.assets import assets
from stoa.kernel.config import ConfigProblem, variables
from stoa.kernel.refusals import Refusal

# sysexits.h: EX_CONFIG, which service managers show and do not retry.
EXIT_CONFIG = 78


class Group(click.Group):
    """Says what is wrong in one sentence where the cause is outside the program."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the word asked for."""
        try:
            return super().invoke(ctx)
        except ConfigProblem as problem:
            click.echo(f"stoa: {problem}", err=True)
            sys.exit(EXIT_CONFIG)
        except Refusal as refusal:
            click.echo(f"stoa: {refusal}", err=True)
            sys.exit(1)


def group() -> click.Group:
    """The command with the platform's words; `.add_command` takes the product's."""
    root = Group(
        "stoa",
        help="Stoa: a brokerage back office for many sub-brokers.",
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    )
    click.version_option(version("stoa"), prog_name="stoa")(root)
    root.add_command(config)
    root.add_command(assets)
    return root


@click.command("config", help="List the variables that configure an installation.")
def config() -> None:
    """Show every STOA_* variable with its meaning."""
    console = Console(highlight=False)
    table = Table(box=None, show_header=False, padding=(0, 2, 1, 0))
    table.add_column(no_wrap=True, style="bold")
    table.add_column(overflow="fold")
    for variable, meaning in variables():
        table.add_row(variable, meaning)
    console.print(table)
