"""`stoa platforms`: what trading platforms there are, and proof that an adapter and a server fit."""

import asyncio
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
import msgspec

from brokerage.commands.importing import bring
from brokerage.trading.conformance.plan import Plan
from brokerage.trading.conformance.report import Finding, Report, Verdict, as_json, as_markdown
from brokerage.trading.connector import TradingConnector

_MARKS = {
    Verdict.PASSED: "pass",
    Verdict.FAILED: "FAIL",
    Verdict.NOT_OFFERED: "  - ",
    Verdict.UNCHECKED: "  ? ",
}


@click.group("platforms", help="List trading platforms; certify an adapter against a server.")
def platforms() -> None:
    """Group of words about trading platforms."""


platforms.add_command(bring)


@platforms.command("list")
def listed() -> None:
    """Every adapter, and what each lacks."""
    from brokerage.trading import connectors
    from brokerage.trading.connector import Verb

    for one in connectors.ALL:
        lacking = sorted(frozenset(Verb) - one.capabilities.verbs)
        click.echo(f"{one.code:18} {one.label:34} lacks {', '.join(lacking) or 'nothing'}")


@platforms.command("certify")
@click.argument("connector")
@click.option("--settings", type=click.Path(exists=True, dir_okay=False, path_type=Path),
              required=True, help="TOML: the connector's settings, as in a server of a blueprint.")  # fmt: skip
@click.option("--secret", "secrets", multiple=True, metavar="NAME=FILE",
              help="A secret's name in the settings and the file that holds it.")  # fmt: skip
@click.option("--plan", "planned", type=click.Path(exists=True, dir_okay=False, path_type=Path),
              help="TOML: where to act; its words are those of the plan. See docs/platforms.md.")  # fmt: skip
@click.option("--group", help="The demo group to make accounts in; wins over the plan's.")
@click.option("--allow", multiple=True, metavar="HOST:PORT",
              help="An address inside your own network that may be called.")  # fmt: skip
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), default=Path(),
              help="Where the report is written, as .md and .json.")  # fmt: skip
@click.option("--yes", is_flag=True, help="Do not ask before acting on the server.")
def certify(
    connector: str,
    settings: Path,
    secrets: Sequence[str],
    planned: Path | None,
    group: str | None,
    allow: Sequence[str],
    out: Path,
    yes: bool,
) -> None:
    """Run the conformance suite with CONNECTOR, a code or your own `package.module:Class`.

    Ends with 1 when something failed. Never point it at a group of real money.
    """
    kind = _kind(connector)
    told = tomllib.loads(settings.read_text())
    held = dict(_secret(one) for one in secrets)
    plan = _plan(planned, group)
    click.echo(_before(kind, plan))
    if not yes:
        click.confirm("Go on?", abort=True)
    report = asyncio.run(_certify(kind, told, held, plan, allow))
    out.mkdir(parents=True, exist_ok=True)
    name = f"certificate-{report.connector}-{report.began:%Y%m%d-%H%M%S}"
    (out / f"{name}.json").write_bytes(as_json(report))
    (out / f"{name}.md").write_text(as_markdown(report))
    counts = ", ".join(f"{report.count(one)} {one}" for one in Verdict)
    click.echo(f"{counts}. Report: {out / name}.md and .json")
    if not report.fine:
        raise SystemExit(1)


async def _certify(
    kind: type[TradingConnector],
    told: dict[str, Any],
    held: dict[str, str],
    plan: Plan,
    allow: Sequence[str],
) -> Report:
    from brokerage.trading.conformance.suite import certify
    from stoa.connectors.egress import Egress
    from stoa.connectors.keyring import Keyring
    from stoa.connectors.lines import Lines

    try:
        settings: Any = msgspec.convert(told, kind.settings_type, strict=False)
    except msgspec.ValidationError as why:
        raise click.ClickException(f"the settings do not fit {kind.code}: {why}") from why
    egress = Egress(allow)
    adapter = kind(settings, Keyring(held), Lines(egress).of("certify", kind.code))
    try:
        return await certify(adapter, plan, heard=_say)
    finally:
        await adapter.aclose()
        await egress.aclose()


def _say(one: Finding) -> None:
    click.echo(f"{_MARKS[one.verdict]}  {one.title}{f': {one.why}' if one.why else ''}")


def _before(kind: type[TradingConnector], plan: Plan) -> str:
    """What a run will do, in plain words."""
    from brokerage.trading.connector import Verb

    can = kind.capabilities.verbs
    does: list[str] = []
    if Verb.CREATE_ACCOUNT in can:
        netting = f" and one in {plan.netting_group}" if plan.netting_group else ""
        does.append(f"make two accounts in group {plan.group}{netting}")
        does.append("change their profile, group, leverage, rights and passwords, and change them")
    if plan.login:
        does.append(f"act on account {plan.login}, which you gave, if it can make none")
    if Verb.BALANCE_OP in can:
        does.append(f"move money on these accounts, up to some {plan.money * 3} of their currency")
    if plan.watched:
        does.append(f"read the trades of account {plan.watched}")
    does.append("read groups, symbols and prices")
    if Verb.CREATE_ACCOUNT in can:
        does.append("take the money off again and close the accounts, which stay on the server")
    steps = "".join(f"  - {one}\n" for one in does)
    return (
        f"With {kind.label} this will:\n{steps}It trades nothing and touches nobody else's "
        "account. What cannot be seen without trading is reported as not checked."
    )


def _kind(code: str) -> type[TradingConnector]:
    """An adapter of ours by its code, or anybody's by `module:Class`."""
    from importlib import import_module

    from brokerage.trading import connectors
    from stoa.kernel.refusals import NotFound

    module, colon, name = code.partition(":")
    if not colon:
        try:
            return connectors.named(code)
        except NotFound as why:
            codes = ", ".join(one.code for one in connectors.ALL)
            raise click.ClickException(f"there is no connector {code}; there are {codes}") from why
    try:
        found: type[TradingConnector] = getattr(import_module(module), name)
    except (ImportError, AttributeError) as why:
        raise click.ClickException(f"{code} cannot be loaded: {why}") from why
    return found


def _secret(given: str) -> tuple[str, str]:
    name, equals, path = given.partition("=")
    if not equals or not Path(path).is_file():
        raise click.ClickException(f"--secret wants NAME=FILE and a file that is there: {name}")
    return name, Path(path).read_text().strip()


def _plan(path: Path | None, group: str | None) -> Plan:
    told = tomllib.loads(path.read_text()) if path else {}
    try:
        return msgspec.convert(told | ({"group": group} if group else {}), Plan, strict=False)
    except msgspec.ValidationError as why:
        raise click.ClickException(f"the plan: {why}") from why
