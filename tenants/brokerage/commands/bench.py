"""`stoa bench`: the table of figures."""

import asyncio

import click


@click.command("bench", help="Measure the figures that matter and print them beside their goals.")
@click.option("--only", default="", help="Only the parts whose name contains this.")
def bench(only: str) -> None:
    """Starts servers, the outside world and the product of its own; takes some minutes."""
    from brokerage.bench import run

    asyncio.run(run.all_of_it(only))
