"""Mid prices of currency pairs for the ledger's rates, from what the servers last told."""

from datetime import timedelta
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import select

from brokerage.ledger.hooks import Mid
from brokerage.trading.model import TradingServer
from brokerage.trading.settings import TradingSettings
from stoa.kernel import currencies
from stoa.tenancy.door import OpenWork

_FRESH: Final = timedelta(minutes=5)


async def read(open_work: OpenWork) -> list[Mid]:
    """Pairs of two known currencies that a server priced within five minutes; live servers first."""
    found: dict[tuple[str, str], Mid] = {}
    async with open_work() as work:
        servers = await work.rows(
            select(TradingServer).where(TradingServer.prices_at > work.now - _FRESH)
        )
        live = {one.code for one in work.settings(TradingSettings).servers if one.kind == "live"}
        for server in sorted(servers, key=lambda one: (one.code not in live, one.code)):
            for symbol in server.symbols:
                mid = _mid(symbol, server.prices)
                if mid is not None:
                    found.setdefault((mid.base, mid.quote), mid)
    return list(found.values())


def _mid(symbol: dict[str, Any], prices: dict[str, Any]) -> Mid | None:
    base, quote = str(symbol.get("base", "")), str(symbol.get("profit", ""))
    price = prices.get(str(symbol.get("symbol", "")))
    if price is None or base == quote:
        return None
    if not (currencies.known(base) and currencies.known(quote)):
        return None
    bid, ask = Decimal(price["bid"]), Decimal(price["ask"])
    if bid <= 0 or ask < bid:
        return None
    return Mid(base=base, quote=quote, rate=(bid + ask) / 2)
