"""Reactions of payments to what other floors tell."""

from sqlalchemy import select

from brokerage.clients.events import LevelChanged
from brokerage.payments.model import Withdrawal, WithdrawalState
from brokerage.payments.withdrawing import withdrawals
from stoa.tenancy.door import OpenWork


async def look_again(open_work: OpenWork, fact: LevelChanged) -> None:
    """A new level may be what held withdrawals waited for; they go on by themselves."""
    async with open_work() as work:
        held = list(
            await work.rows(
                select(Withdrawal.id).where(
                    Withdrawal.client == fact.client, Withdrawal.state == WithdrawalState.HELD
                )
            )
        )
    for one in held:
        async with open_work() as work:
            await withdrawals.again(work, one)
