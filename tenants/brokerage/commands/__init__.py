"""The product's words of the `stoa` command; each opens what it needs and closes it."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import click

from stoa.kernel.config import Config
from stoa.tenancy.door import Door
from stoa.tenancy.registry import TenantRef


@asynccontextmanager
async def opened() -> AsyncGenerator[tuple[Config, Door]]:
    """The installation this command was started in."""
    from brokerage.processes import door_of

    config = Config.load()
    door = door_of(config, application="cli", pool=4)
    try:
        yield config, door
    finally:
        await door.close()


async def tenant_of(door: Door, slug: str) -> TenantRef:
    found = await door.registry.by_slug(slug)
    if found is None:
        raise click.ClickException(f"there is no tenant {slug}")
    return found
