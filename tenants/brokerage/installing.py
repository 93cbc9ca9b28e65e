"""The installer. It reads the product's models only where schemas are made or changed by them."""

from collections.abc import Callable
from typing import Final

from stoa.kernel.config import Config, Role
from stoa.tenancy import installation

POOL_OF_BLANKS: Final = 3
"""How many blank schemas are kept warm for sub-brokers to come."""


async def install(tell: Callable[[str], None]) -> None:
    """Database, platform schema, every tenant's schema, and some blank ones kept warm."""
    config = Config.load()
    await installation.install(config, tell)
    if await installation.settled(config.dsn(Role.OWNER, direct=True), keep=POOL_OF_BLANKS):
        return
    from brokerage import processes

    await processes.bring_schemas(config, tell)
