"""Reactions of this module: attribution at registration, rewards at import."""

from brokerage.partners.rewards import engine
from brokerage.trading.events import DealsImported
from stoa.tenancy.door import OpenWork


async def accrue_imported(open_work: OpenWork, fact: DealsImported) -> None:
    """Reward the deals of one import and take back those of deals taken back. Safe to repeat."""
    async with open_work() as work:
        await engine.imported(work, since=fact.first, until=fact.last, server=fact.server)
