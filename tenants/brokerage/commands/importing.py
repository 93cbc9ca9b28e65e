"""`stoa platforms import`: accounts that are on a server already become accounts here."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import click

from brokerage.commands import opened, tenant_of


@click.command("import")
@click.argument("tenant")
@click.argument("server")
@click.option("--group", "groups", multiple=True, help="Only this group; may be given again.")
@click.option("--since", default="", metavar="DAY", help="History from this day on (2026-03-31).")
@click.option("--product", default="", help="The product they become; else the first that fits.")
@click.option("--unmatched", type=click.Choice(["leave", "lead", "client"]), default="leave",
              show_default=True, help="What to make of a login that no client has.")  # fmt: skip
@click.option("--country", default="", help="Of clients that are made.")
@click.option("--go", is_flag=True, help="Take over after looking; else it is a dry run.")
@click.option("--report", type=click.Path(dir_okay=False, path_type=Path), default=None,
              help="Write every line as CSV. It holds names and addresses.")  # fmt: skip
def bring(
    tenant: str,
    server: str,
    groups: Sequence[str],
    since: str,
    product: str,
    unmatched: Literal["leave", "lead", "client"],
    country: str,
    report: Path | None,
    *,
    go: bool,
) -> None:
    """Look at SERVER of TENANT and say what would be made; with --go, make it.

    Stopped, it goes on where it stopped when it is started again. Ends with 1 where an account that
    was taken over differs from its server.
    """
    from brokerage.trading.importing.lines import Options

    asked = Options(
        groups=tuple(groups),
        since=since,
        product=product,
        unmatched=unmatched,
        country=country.upper(),
    )
    asyncio.run(_bring(tenant, server, asked, report, go=go))


async def _bring(slug: str, server: str, asked: object, report: Path | None, *, go: bool) -> None:
    from brokerage.trading.importing import asking, running, state
    from brokerage.trading.importing.desk import VERDICTS, as_csv
    from brokerage.trading.importing.lines import Options, Verdict, by_group
    from stoa.kernel.refusals import Refusal

    assert isinstance(asked, Options)  # noqa: S101 - ours
    async with opened() as (_, door):
        open_work = door.opener(await tenant_of(door, slug), purpose="cli platforms import")
        try:
            async with open_work() as work:
                await asking.look(work, server, asked)
            now = await running.run_through(open_work, server)
            if go and now is not None and now.counts.get(Verdict.MAKE, 0):
                async with open_work() as work:
                    await asking.take(work, server)
                now = await running.run_through(open_work, server)
        except Refusal as refusal:
            raise click.ClickException(str(refusal)) from refusal
        async with open_work() as work:
            told = state.report(work, await state.locked(work, server))
        if now is None or now.stage == "failed":
            raise click.ClickException(now.why if now is not None else "nothing was asked")
        for group, currency, count, taken in by_group(told):
            click.echo(f"{group:32} {currency:5} {count:7} logins, {taken} ours now or soon")
        for code, label in VERDICTS:
            click.echo(f"{now.counts.get(code, 0):7}  {label}")
        if report is not None:
            report.write_bytes(as_csv(told))
            click.echo(f"every line: {report}")
        if not go:
            click.echo("A dry run: nothing was taken over. Add --go to take over.")
    if now.counts.get("differ", 0):
        raise SystemExit(1)
