"""A broker whose trading server is a cTrader plant: the product's own flows, end to end."""

from collections.abc import AsyncGenerator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import select

from brokerage.trading.model import Deal
from brokerage.trading.settings import TradingSettings
from stoa.connectors.outside import Outside
from stoa.tenancy import settings
from stoa.vault import credentials
from support.ctrader_server import CTraderServer
from support.fixtures import House

from .conftest import Broker


@pytest.fixture
async def plant(tmp_path: Path) -> AsyncGenerator[CTraderServer]:
    server = await CTraderServer(tmp_path / "plant").start()
    yield server
    await server.stop()


async def joined(house: House, plant: CTraderServer, way: Outside, told: dict[str, Any]) -> Broker:
    login, password = plant.manager
    tenant = await house.tenant()
    async with house.door.open(tenant, purpose="test") as work:
        await credentials.put(work, "ctrader.manager", password)
        raw = msgspec.to_builtins(work.settings(TradingSettings))
        own: dict[str, Any] = {
            "connector": "ctrader",
            "groups": [{"group": "Raw"}],
            "settings": {
                "base_url": "service:plant",
                "login": login,
                "broker": "sandbox",
                "plant": "sandbox",
                "tls": False,
                "settle_s": 10,
            }
            | told,
        }
        raw["servers"][0].update(own)
        mine = msgspec.convert(raw, TradingSettings, strict=False)
        await settings.put(work, "trading", mine, why="a test")
    server: Any = plant
    return Broker(house, tenant, server)


@pytest.fixture
async def way(
    house: House, plant: CTraderServer, monkeypatch: pytest.MonkeyPatch
) -> AsyncGenerator[Outside]:
    services = {
        "plant": f"http://127.0.0.1:{plant.port}",
        "link": f"127.0.0.1:{plant.link}",
    }
    made = Outside(replace(house.config, services=services))
    monkeypatch.setattr("brokerage.trading.servers.outside", lambda: made)
    yield made
    await made.aclose()


async def stored(broker: Broker, login: int) -> list[Deal]:
    async with broker.opener()() as work:
        return list(await work.rows(select(Deal).where(Deal.login == login).order_by(Deal.at)))


async def test_an_account_lives_in_the_product_as_on_any_platform(
    house: House, plant: CTraderServer, way: Outside
) -> None:
    broker = await joined(house, plant, way, {"host": "service:link"})
    customer = await broker.customer()
    await customer.move("in", "500.00")
    (opened,) = await plant.trade(customer.login, lots="0.10")
    await plant.close(customer.login, int(opened["PositionID"]), "0.04")
    await plant.close(customer.login, int(opened["PositionID"]))
    moved = await customer.move("out", "20.00")

    new = await broker.told()
    again = await broker.told()

    deals = await stored(broker, customer.login)
    account = await broker.account(customer.account)
    found = await plant.get(f"/truth/{customer.login}")
    money = await customer.money()
    assert (new, again) == (5, 0)
    assert moved.state == "done"
    assert moved.deal in {deal.number for deal in deals}
    assert account.balance == Decimal(found["balance"])
    assert money.booked == Decimal(found["balance"])
    closing = [deal for deal in deals if deal.lots_closed]
    assert [deal.lots_closed for deal in closing] == [Decimal("0.04"), Decimal("0.06")]
    assert {deal.opened_at for deal in closing} == {deal.at for deal in deals if deal.entry == "in"}
    assert await broker.laws() == []


async def test_a_plant_without_a_link_tells_closings_and_moves_no_money(
    house: House, plant: CTraderServer, way: Outside
) -> None:
    broker = await joined(house, plant, way, {})
    customer = await broker.customer()
    refused = await customer.move("in", "500.00")
    await plant.post(f"/dealer/{customer.login}/money", amount="500")
    (opened,) = await plant.trade(customer.login, lots="0.10")
    await plant.close(customer.login, int(opened["PositionID"]))

    await broker.told()

    (closing,) = await stored(broker, customer.login)
    assert refused.state == "refused"
    assert (await customer.money()).wallet == 1000
    assert closing.entry == "out"
    assert closing.opened_at is not None
    assert closing.opened_at < closing.at
