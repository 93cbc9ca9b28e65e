"""Deposits and withdrawals of the story, through the providers as any other."""

from decimal import Decimal
from typing import TYPE_CHECKING

from brokerage.ledger import accounts, wallets
from stoa.kernel.money import Money

if TYPE_CHECKING:
    from brokerage.demo.story import Played, Story


async def deposit(story: "Story", row: "Played") -> None:
    base = story.ref.base_currency
    async with story.world.work(story.ref, purpose="demo.deposit") as work:
        money = Money(Decimal(story.chance.randint(200, 4000)), base)
        await wallets.credit(
            work,
            row.id,
            money,
            operation=f"demo:{row.id}",
            kind="deposit",
            against=accounts.house(work, "psp:alpha", base),
        )
    await story.world.pump(story.ref)


async def later(story: "Story") -> None:
    return None
