"""Deals of a server come in once, and our books say what the server says."""

import asyncio
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from brokerage.trading import deals, sync
from brokerage.trading.connector import Deal as Told
from brokerage.trading.connector import DealKind, Entry
from brokerage.trading.connectors.mt5_webapi.adapter import Mt5WebApi
from brokerage.trading.model import Deal, OpenPosition
from support.patience import LONGEST_S


async def stored(broker, login):
    async with broker.opener()() as work:
        return await work.value(select(func.count()).select_from(Deal).where(Deal.login == login))


async def a_past(broker, customer, deals=40, keep_open=0, days=3):
    """A past made by the server's own engine, with the money that is there."""
    async with broker.opener()() as work:
        end = work.now - timedelta(seconds=5)
    await broker.server.post(
        "/history",
        login=customer.login,
        **{"from": (end - timedelta(days=days)).isoformat(), "to": end.isoformat()},
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
    await broker.server.post("/faults", late_s=8.0)
    await order(broker, customer, "buy", "0.01")
    await broker.server.post("/faults", late_s=0.0)
    await order(broker, customer, "sell", "0.01", "GBPUSD")
    before = await broker.told()
    after = 0
    async with asyncio.timeout(LONGEST_S):
        while not after:
            await asyncio.sleep(0.5)
            after = await broker.told()

    assert (before, after) == (1, 1)
    assert await broker.told() == 0
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


def told(login, number, at):
    """A deal that closes something, as a server tells it."""
    return Told(
        deal=number,
        login=login,
        kind=DealKind.SELL,
        entry=Entry.OUT,
        at=at,
        symbol="EURUSD",
        lots=Decimal("0.10"),
        lots_closed=Decimal("0.10"),
        contract_size=Decimal(100_000),
        price=Decimal("1.08"),
        profit=Decimal("0.10"),
        swap=Decimal(0),
        commission=Decimal(0),
        position=number,
        order=number,
        rate_profit=Decimal(1),
    )


async def test_a_deal_of_another_clients_account_is_refused_and_nothing_of_its_batch_stored(broker):
    """No foreign key asks for it deal by deal: the statement that stores them reads the accounts."""
    mine, other = await broker.customer(), await broker.customer()
    rows = [await broker.account(one.account) for one in (mine, other)]
    owners = {
        mine.login: deals.Owner(rows[0].id, rows[0].client, "USD", True),
        other.login: deals.Owner(rows[1].id, rows[0].client, "USD", True),
    }

    with pytest.raises(IntegrityError, match="null value in column"):
        async with broker.opener()() as work:
            batch = [told(mine.login, 990_001, work.now), told(other.login, 990_002, work.now)]
            await deals.store(work, rows[0].server, batch, owners)

    assert await stored(broker, mine.login) == await stored(broker, other.login) == 0


async def test_deals_of_any_number_and_server_have_ids_of_their_own(broker):
    """Nothing looks whether an id is there already: it is made so that it cannot be."""
    customer = await broker.customer()
    row = await broker.account(customer.account)
    owners = {customer.login: deals.Owner(row.id, row.client, "USD", True)}
    numbers = [*range(880_000, 880_300), *(7 + (1 << bit) for bit in range(9, 63))]

    async with broker.opener()() as work:
        for server in ("one-live", "other-live"):
            batch = [told(customer.login, number, work.now) for number in numbers]
            assert await deals.store_history(work, server, batch, owners) == len(numbers)
    async with broker.opener()() as work:
        ids = await work.rows(select(Deal.id).where(Deal.login == customer.login))

    assert len(ids) == len(set(ids)) == 2 * len(numbers)
    assert {one.version for one in ids} == {8}
