"""Rates from the servers' prices."""

from datetime import timedelta
from decimal import Decimal

from brokerage.ledger import jobs, rates
from brokerage.trading import mids
from brokerage.trading.model import TradingServer


def server(work, code, age, prices):
    symbols = [
        {"symbol": "EURUSD", "base": "EUR", "profit": "USD"},
        {"symbol": "GBPUSD.x", "base": "GBP", "profit": "USD"},
        {"symbol": "XAUUSD", "base": "XAU", "profit": "USD"},
        {"symbol": "US500", "base": "US500", "profit": "USD"},
    ]
    return TradingServer(
        code=code,
        state="ok",
        symbols=symbols,
        prices=prices,
        prices_at=work.now - age,
        deals_seen=0,
    )


async def test_fresh_prices_of_currency_pairs_become_rates(house):
    tenant = await house.tenant()
    async with house.door.open(tenant) as work:
        work.add(
            server(
                work,
                "live",
                timedelta(seconds=5),
                {
                    "EURUSD": {"bid": "1.1000", "ask": "1.1002"},
                    "XAUUSD": {"bid": "2000", "ask": "2001"},
                    "GBPUSD.x": {"bid": "0", "ask": "0"},
                },
            )
        )
        work.add(server(work, "old", timedelta(hours=1), {"EURUSD": {"bid": "2.0", "ask": "2.0"}}))

    found = await mids.read(house.door.opener(tenant, purpose="test"))
    await jobs.refresh_rates(house.door.opener(tenant, purpose="test"))

    assert [(m.base, m.quote, m.rate) for m in found] == [("EUR", "USD", Decimal("1.1001"))]
    async with house.door.open(tenant) as work:
        via = (await rates.table(work)).via("EUR", "USD")
        assert (via.rate, via.manual) == (Decimal("1.1001"), False)
        assert await rates.rate(work, "USD", "JPY") == Decimal("151.25")
