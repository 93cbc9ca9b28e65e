"""`stoa check money`: every law of the ledger, over every tenant, each breach by name."""

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import click
from rich.console import Console
from rich.markup import escape
from sqlalchemy import func, select, text

from brokerage.ledger import invariants
from brokerage.ledger.invariants import Violation
from brokerage.ledger.model import Entry, LedgerAccount
from stoa.tenancy.door import Door
from stoa.tenancy.registry import TenantRef
from stoa.tenancy.work import Work

_STATES = ("active", "suspended", "archived")


@dataclass(slots=True)
class Examined:
    """How one tenant's money stands."""

    tenant: str
    entries: int = 0
    accounts: int = 0
    laws: int = 0
    took_s: float = 0.0
    violations: list[Violation] = field(default_factory=list)


async def examine(work: Work, name: str = "") -> Examined:
    """Look at one tenant, in its own open work; changes nothing."""
    started = time.monotonic()
    # A million postings take seconds and sort in memory, which a page may not, but this may.
    await work.run(text("set local statement_timeout = 0"))
    await work.run(text("set local work_mem = '96MB'"))
    laws = invariants.every()
    found = Examined(name, laws=len(laws))
    found.entries = int(await work.value(select(func.count()).select_from(Entry)) or 0)
    found.accounts = int(await work.value(select(func.count()).select_from(LedgerAccount)) or 0)
    for law in laws:
        found.violations += await invariants.broken(work, law)
    found.took_s = time.monotonic() - started
    return found


async def fleet(door: Door, only: str | None = None) -> AsyncIterator[Examined]:
    """Look at every tenant, or the one with this slug, one after the other."""
    tenants: list[TenantRef] = await door.registry.all(*_STATES)
    for tenant in tenants:
        if only is None or tenant.slug == only:
            async with door.open(tenant, purpose="check money") as work:
                yield await examine(work, tenant.slug)


@click.group("check", help="Look whether what must always be true is true.")
def check() -> None:
    """The group; `money` is its first word."""


@check.command("money", help="Prove every tenant's ledger: exit 0 when every law holds, else 1.")
@click.option("--tenant", help="Only the tenant with this short name.")
@click.option("--json", "as_json", is_flag=True, help="One JSON line in place of the report.")
def money(tenant: str | None, *, as_json: bool) -> None:
    """Reads everything, writes nothing; safe at any time."""
    examined = asyncio.run(_all(tenant))
    if tenant and not examined:
        click.echo(f"stoa: no tenant is called {tenant}", err=True)
        sys.exit(2)
    broken = sum(len(one.violations) for one in examined)
    if as_json:
        click.echo(json.dumps(_summary(examined, broken)))
    else:
        _report(examined, broken)
    sys.exit(1 if broken else 0)


async def _all(only: str | None) -> list[Examined]:
    from brokerage.processes import door_of  # the composition root, met only when run
    from stoa.kernel.config import Config

    door = door_of(Config.load(), application="check", pool=1)
    try:
        return [one async for one in fleet(door, only)]
    finally:
        await door.close()


def _summary(examined: list[Examined], broken: int) -> dict[str, object]:
    return {
        "tenants": len(examined),
        "entries": sum(one.entries for one in examined),
        "accounts": sum(one.accounts for one in examined),
        "violations": broken,
        "seconds": round(sum(one.took_s for one in examined), 3),
        "found": [
            {
                "tenant": one.tenant,
                "law": violation.invariant,
                "subject": violation.subject,
                "detail": violation.detail,
            }
            for one in examined
            for violation in one.violations
        ],
    }


def _report(examined: list[Examined], broken: int) -> None:
    console = Console(highlight=False)
    laws = {law.name: law.law for law in invariants.every()}
    for one in examined:
        mark = "[red]✗[/]" if one.violations else "[green]✓[/]"
        console.print(
            f"{mark} [bold]{escape(one.tenant)}[/]  {one.entries:,} entries, "
            f"{one.accounts:,} accounts, {one.laws} laws, {one.took_s:.2f} s"
        )
        for violation in one.violations:
            console.print(f"    [red]{violation.invariant}[/] {escape(violation.subject)}")
            console.print(f"      {escape(violation.detail)}")
            console.print(f"      [dim]{laws[violation.invariant]}[/]")
    verdict = f"[red]{broken} breaches[/]" if broken else "[green]every law holds[/]"
    console.print(f"{len(examined)} tenants: {verdict}")
