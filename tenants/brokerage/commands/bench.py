"""`stoa bench`: the table of figures."""

import asyncio

import click


@click.command("bench", help="Measure the figures that matter and print them beside their goals.")
@click.option("--only", multiple=True, metavar="NAME", help="This part alone; may be repeated.")
@click.option("--list", "listed", is_flag=True, help="Name the parts.")
def bench(only: tuple[str, ...], *, listed: bool) -> None:
    """On installations of its own, which are gone afterwards; all parts take some minutes."""
    from brokerage.bench import run

    if listed:
        click.echo("\n".join(run.NAMES))
        return
    if unknown := [name for name in only if name not in run.NAMES]:
        raise click.UsageError(f"there is no part {unknown[0]}; there are {', '.join(run.NAMES)}")
    asyncio.run(run.table(only))
