"""F8: trades at a server that tells its deals late, twice and out of their order.

A client goes in and at once out again. Afterwards every deal of the server's own journal is kept
here once, and nothing else is.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select, text

from brokerage.demo.world import World
from brokerage.faults.cast import Broker
from brokerage.faults.record import Record
from brokerage.trading.model import TradingAccount
from stoa.tenancy.work import Work

SYMBOL: Final = "ETHUSD"
"""Open on every day and hour, and small enough for an account with little money."""
Lever = Callable[..., Awaitable[Any]]
"""Pulls a lever outside: (service, path, body, method); its answer, or None from who is busy failing."""
_WITHIN_S: Final = 120.0
_KEPT: Final = text("select login, number from deal where kind in ('buy', 'sell')")


async def in_and_out(
    world: World, broker: Broker, account: UUID, chance: random.Random, lever: Lever
) -> bool:
    """In at the terminal and at once out again: two deals, and what they won or lost.

    False where nothing was opened: no login, too little money, or nobody answered.
    """
    async with world.work(broker.tenant) as work:
        login = await work.value(select(TradingAccount.login).where(TradingAccount.id == account))
    wish = {"symbol": SYMBOL, "side": chance.choice(["buy", "sell"]), "lots": "0.01"}
    if not login:
        return False
    made = await lever("trading", f"/dealer/{login}/order", wish)
    deals = (made or {}).get("Deals") or []
    if not deals:
        return False
    closing = {"position": int(deals[0]["PositionID"])}
    await lever("trading", f"/dealer/{login}/close", closing)
    return True


async def told(world: World, brokers: list[Broker], record: Record) -> int:
    """Wait until every trade of the journal is kept, and name what is missing or invented.

    Returns how many trades there were.
    """
    ends, count = time.monotonic() + _WITHIN_S, 0
    for broker in brokers:
        while True:
            async with world.work(broker.tenant, purpose="faults.trades") as work:
                there = await _journal(world, work)
                kept = {(row.login, row.number) for row in await work.table(_KEPT)}
            if there == kept or time.monotonic() > ends:
                break
            await asyncio.sleep(0.5)
        count += len(there)
        for login, number in sorted(there - kept):
            record.breach("I7", broker.tenant.slug, number, f"a deal of {login} is not kept here")
        for login, number in sorted(kept - there):
            record.breach("I7", broker.tenant.slug, number, f"{login} has no such deal there")
    return count


async def _journal(world: World, work: Work) -> set[tuple[int, int]]:
    """The trades of all live logins, as the server's own journal has them."""
    found: set[tuple[int, int]] = set()
    logins = await work.rows(
        select(TradingAccount.login).where(
            TradingAccount.login.is_not(None), TradingAccount.kind == "live"
        )
    )
    for login in logins:
        truth = await world.lever("trading", f"/truth/{login}", method="GET")
        found |= {(login or 0, number) for number in truth["tickets"]}
    return found
