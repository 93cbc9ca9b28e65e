"""Deals in a currency that has no rate into the plans' currency: they wait, and nobody else does.

Each server keeps since which import deals in which currency wait. As soon as there is a rate, everything
imported since then is gone through once more: what has its rewards keeps them, what waited is
rewarded, with the rate that it waited for.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
from sqlalchemy import select, text

from brokerage.ledger import rates
from brokerage.partners.rewards import engine
from brokerage.partners.settings import PartnerSettings
from brokerage.trading.model import TradingServer
from stoa.tenancy.door import OpenWork
from stoa.tenancy.work import Work

FREED: Final = text("""
update trading_server s
set unpriced = nullif(s.unpriced - array(select jsonb_array_elements_text(x.done)), '{}'::jsonb)
from jsonb_each(cast(:done as jsonb)) as x(code, done)
where s.code = x.code returning s.code
""")


async def waiting(work: Work) -> Sequence[str]:
    """Currencies in which deals wait for a rate, in order."""
    rows = await _rows(work)
    return sorted({currency for row in rows for currency in row.unpriced})


async def sweep(open_work: OpenWork) -> None:
    """Reward what waited for a rate that is there now; nothing while the engine is paused."""
    async with open_work() as work:
        settings = work.settings(PartnerSettings)
        rows = await _rows(work)
        if not rows or settings.engine.paused_at is not None:
            return
        prices, into, until = await rates.table(work), settings.currency, work.now
    known = {
        row.code: [one for one in row.unpriced if one == into or prices.knows(one, into)]
        for row in rows
    }
    begun = [row.unpriced[one] for row in rows for one in known[row.code]]
    if not begun:
        return
    count = await engine.between(open_work, min(map(datetime.fromisoformat, begun)), until)
    async with open_work() as work:
        await work.table(FREED, {"done": msgspec.json.encode(known).decode()})
        currencies = sorted({one for done in known.values() for one in done})
        work.record("rewards.priced", currencies=currencies, count=count)


async def _rows(work: Work) -> Sequence[Any]:
    return await work.table(
        select(TradingServer.code, TradingServer.unpriced)
        .where(TradingServer.unpriced.is_not(None))
        .order_by(TradingServer.code)
    )
