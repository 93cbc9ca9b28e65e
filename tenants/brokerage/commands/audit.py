"""`stoa audit`: verify the chain, or carry it out for the stand-alone verifier."""

import asyncio
import sys
from pathlib import Path

import click

from brokerage.commands import opened, tenant_of
from stoa.audit import chain, sealer


@click.group(
    "audit", help="Prove that nothing in the audit log was changed, removed or re-ordered."
)
def audit() -> None:
    """Group of words about the audit log."""


@audit.command("verify")
@click.argument("slug", required=False)
def verify(slug: str | None) -> None:
    """Recompute the chain of one tenant, or of all; exit code 1 at the first fault."""

    async def run() -> int:
        faults = 0
        async with opened() as (_, door):
            refs = [await tenant_of(door, slug)] if slug else await door.registry.all()
            for ref in refs:
                await sealer.seal(door, ref)
                found = await chain.verify(door.opener(ref, purpose="audit.verify"))
                faults += found.fault is not None
                click.echo(f"{ref.slug:24} {found.last.number:>8} links  {found.fault or 'whole'}")
        return faults

    sys.exit(1 if asyncio.run(run()) else 0)


@audit.command("export")
@click.argument("slug")
@click.argument("target", type=click.Path(path_type=Path))
def export(slug: str, target: Path) -> None:
    """Write every sealed entry with its link as JSON lines, for the stand-alone verifier."""

    async def run() -> int:
        written = 0
        async with opened() as (_, door):
            ref = await tenant_of(door, slug)
            await sealer.seal(door, ref)
            with target.open("w", encoding="utf-8") as out:
                async for row in chain.entries(door.opener(ref, purpose="audit.read")):
                    out.write(chain.carried(row) + "\n")
                    written += 1
        return written

    click.echo(f"{asyncio.run(run())} entries in {target}")


@audit.command("verifier")
@click.argument("target", type=click.Path(path_type=Path))
def verifier(target: Path) -> None:
    """Write the stand-alone verifier: one file that needs nothing but Python."""
    from stoa.audit import standalone

    target.write_text(Path(standalone.__file__).read_text())
    click.echo(f"python3 {target} FILE")
