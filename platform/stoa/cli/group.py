"""The `stoa` command itself: the platform's own words, to which a product adds its own."""

import sys
from importlib import import_module
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
    """Says what is wrong in one sentence where the cause is outside the program.

    Words of a product are met only when they are used: the one that runs everything else would
    otherwise read, and keep, half the product before it does anything.
    """

    def __init__(self, *args: Any, **attributes: Any) -> None:
        super().__init__(*args, **attributes)
        self._elsewhere: dict[str, str] = {}

    def add_elsewhere(self, name: str, place: str) -> None:
        """Add a word by where its command is: `package.module:attribute`."""
        self._elsewhere[name] = place

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Every word, in order."""
        return sorted({*super().list_commands(ctx), *self._elsewhere})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command behind a word."""
        if cmd_name in self._elsewhere and cmd_name not in self.commands:
            module, _, attribute = self._elsewhere[cmd_name].partition(":")
            self.add_command(getattr(import_module(module), attribute), cmd_name)
        return super().get_command(ctx, cmd_name)

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


def group() -> Group:
    """The command with the platform's words; `.add_elsewhere` takes the product's."""
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
