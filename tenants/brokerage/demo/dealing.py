"""What clients do on the trading server: money goes there, and two months of deals are made."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from brokerage.demo import venues
from brokerage.demo.played import Played
from brokerage.demo.story import Story
from brokerage.ledger import wallets
from brokerage.trading import sync, transfers
from brokerage.trading.model import TradingAccount
from stoa.kernel.money import Money

DEALS: Final = 5000
"""Of one tenant."""


async def fund(story: Story, row: Played) -> None:
    """Most of the wallet goes to the trading account."""
    async with story.world.work(story.ref, story.world.client(row.id), "demo.fund") as work:
        account = await work.get(TradingAccount, row.live)
        if account.login is None:
            return
        held = await wallets.available(work, row.id, account.currency)
        share = Decimal(story.chance.randint(60, 90)) / 100
        amount = Money(held.amount * share, account.currency).floored()
        if amount.amount < 50:
            return
        await story.world.server_at()
        row.logins.append(account.login)
        await transfers.to_account(work, account.id, amount)
    await story.world.pump(story.ref)
    row.funded = await story.world.server_at()


async def trade(story: Story) -> None:
    """The server's own engine makes the past; the product imports it as it would any."""
    logins = [login for row in story.played for login in row.logins]
    if logins:
        each = DEALS // len(logins)
        by_start: dict[datetime, list[int]] = {}
        for row in story.played:
            if row.funded is not None:
                since = row.funded + timedelta(minutes=10)
                by_start.setdefault(since, []).extend(row.logins)
        for since, group in sorted(by_start.items()):
            await story.world.lever(
                "trading",
                "/history",
                {
                    "logins": group,
                    "from": since.isoformat(),
                    "to": story.world.real_now.isoformat(),
                    "deals": each,
                    "seed": story.chance.randint(1, 10**6),
                    "style": story.chance.choice(["day", "swing", "mixed", "scalper"]),
                    "keep_open": story.chance.randint(0, 3),
                },
            )
    await venues.trade(story)
    await story.world.to(story.world.real_now - timedelta(hours=2))
    open_work = story.world.opener(story.ref, purpose="demo.sync")
    for _ in range(12):
        fresh = await sync.pass_over(open_work, "mt5-live")
        await sync.pass_over(open_work, "mt5-demo")
        if story.beside:
            fresh += await sync.pass_over(open_work, venues.SECOND)
        await story.world.pump(story.ref)
        await story.world.to(story.world.clock.now + timedelta(seconds=2))
        if not fresh:
            break
