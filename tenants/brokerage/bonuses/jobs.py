"""Reactions of bonuses to what other floors tell."""

from brokerage.bonuses import grants
from brokerage.payments.events import DepositCredited
from stoa.tenancy.door import OpenWork


async def on_deposit(open_work: OpenWork, fact: DepositCredited) -> None:
    """What the deposit brings. Safe to repeat: a client has one bonus of a campaign for ever."""
    async with open_work() as work:
        await grants.by_deposit(work, fact.deposit)
