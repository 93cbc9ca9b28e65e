"""What a drop copy tells becomes deals once, in either version and either form of report."""

from decimal import Decimal

import pytest

from brokerage.ledger import rates
from brokerage.ledger.hooks import Mid
from brokerage.risk import exposure, ground
from brokerage.trading import keeping
from brokerage.trading.model import TradingServer
from support.fix_desk import CODE
from support.patience import until
from support.people import make_staff
from support.web import signed_in


@pytest.mark.parametrize("form", ["8", "AE"])
async def test_fills_become_deals_positions_and_money(both, form):
    await both.adopt("ACC-1")
    await both.lever("", form=form)
    await both.listen()
    await both.until(lambda row: row.state == "open")

    await both.fill("ACC-1", "1", 200_000, "1.10000", commission="7.00")
    await both.fill("ACC-1", "1", 100_000, "1.10300")
    await both.fill("ACC-1", "2", 100_000, "1.10500")
    await both.in_step()

    first, second, third = await both.deals("ACC-1")
    assert (first.kind, first.entry, first.lots, first.commission) == ("buy", "in", 2, -7)
    assert (second.entry, second.position) == ("in", first.position)
    assert (third.kind, third.entry, third.lots, third.profit) == ("sell", "out", 1, 400)
    assert third.opened_at == first.at
    held = await both.position("ACC-1")
    assert (held.side, held.lots, held.price_open) == ("buy", 2, Decimal("1.101"))
    assert (await both.account("ACC-1")).balance == Decimal("393.00")
    assert await both.laws() == []


async def test_positions_are_worth_what_another_server_says_of_their_symbol(copy):
    await copy.adopt("ACC-1")
    async with copy.opener()() as work:
        await keeping.know(work, "mt5-live")
        row = await work.lock(TradingServer, "mt5-live")
        row.symbols = [{"symbol": "EUR/USD", "contract_size": "100000", "profit": "USD"}]
        row.prices = {"EUR/USD": {"bid": "1.1030", "ask": "1.1032"}}
        row.prices_at = work.now
    await copy.listen()
    await copy.until(lambda row: row.state == "open")
    await copy.fill("ACC-1", "1", 200_000, "1.10000")
    await copy.fill("ACC-1", "2", 10, "2400.00", symbol="XAUUSD")
    await copy.in_step()

    async def marked():
        held = await copy.position("ACC-1")
        return held is not None and held.profit == 600

    await until(marked)
    account = await copy.account("ACC-1")
    assert (account.floating, account.equity - account.balance) == (600, 600)
    async with copy.opener()() as work:
        await rates.store(work, [Mid(base="EUR", quote="USD", rate=Decimal("1.1"))], "test")
        known = await ground.read(work)
        told = {one.key: one for one in await exposure.parts(work, known, "symbol")}
    usd = known.rate("USD")
    assert (told["EURUSD"].unpriced, told["XAUUSD"].unpriced) == (0, 0)
    assert told["EURUSD"].notional == round(220_600 * usd, 6)
    # What nobody prices stays at its last fill, and is as old as that.
    assert told["XAUUSD"].notional == round(-24_000 * usd, 6)
    assert told["XAUUSD"].oldest < told["EURUSD"].oldest


async def test_the_servers_page_says_of_a_copy_what_it_can_say(house, copy):
    await copy.adopt("ACC-1")
    await copy.listen()
    await copy.until(lambda row: row.state == "open")
    await copy.fill("ACC-1", "1", 200_000, "1.10000")
    await copy.in_step()
    async with copy.opener()() as work:
        owner, _ = await make_staff(work, ["Owner"])
        row = await work.get(TradingServer, CODE)
    browser = await signed_in(house, copy.tenant, owner, "desk")

    page = (await browser.get("/desk/servers")).text

    assert row.event_at is not None and len(row.behind) == 1
    assert "It tells of deals made elsewhere" in page
    assert f"/desk/servers/{CODE}/compare" not in page
    assert f"/desk/servers/{CODE}/import" not in page
    assert "/desk/servers/mt5-live/compare" in page
