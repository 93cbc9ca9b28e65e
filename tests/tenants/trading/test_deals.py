"""Deals of a server come in once, and our books say what the server says."""

import asyncio
from datetime import timedelta

from sqlalchemy import func, select

from brokerage.trading import sync
from brokerage.trading.connectors.mt5_webapi.adapter import Mt5WebApi
from brokerage.trading.model import Deal, OpenPosition


async def stored(broker, login):
    async with broker.opener()() as work:
        return await work.value(select(func.count()).select_from(Deal).where(Deal.login == login))


async def a_past(broker, customer, deals=40, keep_open=0):
    """A past made by the server's own engine, with the money that is there."""
    async with broker.opener()() as work:
        end = work.now - timedelta(seconds=5)
    await broker.server.post(
        "/history",
        login=customer.login,
        **{"from": (end - timedelta(days=3)).isoformat(), "to": end.isoformat()},
        deals=deals,
        keep_open=keep_open,
        deposit="500",
        seed=3,
    )


async def order(broker, customer, side, lots, symbol="EURUSD"):
    path = f"/dealer/{customer.login}/order"
    return await broker.server.post(path, symbol=symbol, side=side, lots=lots)


async def test_a_past_comes_in_once_however_often_it_is_told(broker):
    customer = await broker.customer()
    await a_past(broker, customer)
    await broker.server.post("/faults", duplicate_deals=True)

    first = await broker.told()
    assert first >= 40
    for _ in range(3):
        assert await broker.told() == 0

    assert await stored(broker, customer.login) == first
    assert await broker.laws() == []


async def test_our_books_of_an_account_say_what_its_server_says(broker):
    customer = await broker.customer()
    await customer.move("in", "500.00")
    await a_past(broker, customer)
    await customer.move("out", "20.00")

    await broker.told()

    found = await customer.money()
    row = await broker.account(customer.account)
    assert row.balance == found.server
    assert found.booked == found.server
    assert await broker.laws() == []


async def test_deals_that_come_late_are_stored_and_booked_once(broker):
    customer = await broker.customer()
    await customer.move("in", "900.00")
    await broker.told()
    await broker.server.post("/faults", late_s=2.0)
    await order(broker, customer, "buy", "0.01")
    await broker.server.post("/faults", late_s=0.0)
    await order(broker, customer, "sell", "0.01", "GBPUSD")
    before = await broker.told()
    await asyncio.sleep(2.2)
    after = await broker.told()

    assert (before, after) == (1, 1)
    found = await customer.money()
    assert found.booked == found.server


async def test_a_balance_is_asked_for_when_a_deal_or_a_price_may_have_changed_it(
    broker, monkeypatch
):
    """Most accounts rest most of the time: each was asked for twice a pass, whatever it did."""
    asked: list[int] = []
    real = Mt5WebApi.get_account

    async def noted(self, login):
        asked.append(login)
        return await real(self, login)

    monkeypatch.setattr(Mt5WebApi, "get_account", noted)
    monkeypatch.setattr(sync, "_SLOTS", 10**9)
    customer = await broker.customer()
    await customer.move("in", "500.00")
    await broker.told()
    before = await broker.account(customer.account)

    asked.clear()
    await broker.told()
    resting = asked.count(customer.login)
    heard = await broker.account(customer.account)
    await order(broker, customer, "buy", "0.10")
    await broker.told()
    after_deal = asked.count(customer.login)
    await broker.told()

    assert resting == 0 and heard.told_at > before.told_at
    assert after_deal == 1 and asked.count(customer.login) == 2
    row = await broker.account(customer.account)
    assert row.margin > 0
    async with broker.opener()() as work:
        held = select(func.count()).select_from(OpenPosition)
        assert await work.value(held.where(OpenPosition.account == customer.account)) == 1

    monkeypatch.setattr(sync, "_SLOTS", 1)
    asked.clear()
    await broker.told()
    assert asked.count(customer.login) == 1
