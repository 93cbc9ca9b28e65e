"""A broker whose trading server is TradeLocker: the product's own flows, end to end."""

from collections.abc import AsyncGenerator, Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from brokerage.trading import carrying, transfers
from brokerage.trading.connector import mark
from brokerage.trading.model import Transfer, TransferState
from brokerage.trading.settings import TradingSettings
from stoa.connectors.outside import Outside
from stoa.kernel.refusals import Conflict, Unavailable
from stoa.tenancy import settings
from stoa.vault import credentials
from support.fixtures import House
from support.platform_server import PlatformServer
from support.tradelocker import a_trade

from .conftest import Broker, Customer


class Told(PlatformServer):
    """The levers under the names that the broker's customers use."""

    async def get(self, path: str) -> Any:
        return await self.lever("GET", path)


@pytest.fixture
async def server(tmp_path: Path) -> AsyncGenerator[Told]:
    made = Told("tradelocker", tmp_path / "tradelocker")
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
async def broker(
    house: House, server: Told, monkeypatch: pytest.MonkeyPatch
) -> AsyncGenerator[Broker]:
    services = {"brand": f"http://127.0.0.1:{server.port}"}
    way = Outside(replace(house.config, services=services))
    monkeypatch.setattr("brokerage.trading.servers.outside", lambda: way)
    tenant = await house.tenant()
    async with house.door.open(tenant, purpose="test") as work:
        await credentials.put(work, "tradelocker.key", server.key)
        raw = msgspec.to_builtins(work.settings(TradingSettings))
        own = {
            "connector": "tradelocker",
            "groups": [{"group": "LIVE-STANDARD"}],
            "settings": {"base_url": "service:brand", "server": "SANDBX", "settle_s": 10},
        }
        raw["servers"][0].update(own)
        mine = msgspec.convert(raw, TradingSettings, strict=False)
        await settings.put(work, "trading", mine, why="a test")
    played: Any = server
    yield Broker(house, tenant, played)
    await way.aclose()


@pytest.fixture
async def forget(
    broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> AsyncGenerator[Callable[[], None]]:
    """As another process would see it: nothing of what was asked is known any more."""
    services = {"brand": f"http://127.0.0.1:{broker.server.port}"}
    way = Outside(replace(broker.house.config, services=services))
    yield lambda: monkeypatch.setattr("brokerage.trading.servers.outside", lambda: way)
    await way.aclose()


async def operations(server: Told, customer: Customer, transfer: Transfer) -> int:
    told = await server.get(f"/truth/{customer.login}")
    return sum(one["comment"] == mark("T", transfer.id) for one in told["operations"])


async def test_an_account_lives_in_the_product_as_on_any_platform(
    broker: Broker, server: Told
) -> None:
    customer = await broker.customer()
    await customer.move("in", "500.00")
    position = await a_trade(server, customer.login)
    await server.post(f"/dealer/{customer.login}/close", position=position, lots="0.04")
    await server.post(f"/dealer/{customer.login}/close", position=position)
    moved = await customer.move("out", "20.00")

    new, again = await broker.told(), await broker.told()

    assert moved.state == TransferState.DONE
    assert (new, again) == (5, 0)
    assert (await customer.money()).wallet == Decimal("520.00")
    assert await broker.laws() == []


@pytest.mark.parametrize("fault", ["balance_drop_before", "balance_drop_after"])
@pytest.mark.parametrize("way", ["in", "out"])
async def test_an_order_without_an_answer_is_given_again_by_another_process_and_moves_once(
    broker: Broker, server: Told, forget: Callable[[], None], fault: str, way: str
) -> None:
    customer = await broker.customer()
    await customer.move("in", "500.00")
    await server.post("/faults", **{fault: {"times": 1}})
    moved = await customer.move(way, "100.00")
    assert moved.state == TransferState.SENDING
    forget()

    await carrying.look(broker.opener(), moved.id)

    assert (await customer.transfer(moved.id)).state == TransferState.DONE
    there = 600 if way == "in" else 400
    found = await customer.money()
    assert (found.wallet, found.held, found.booked, found.server) == (1000 - there, 0, there, there)
    assert await operations(server, customer, moved) == 1
    assert await broker.laws() == []


async def test_while_nothing_answers_it_stays_unknown_and_cannot_be_taken_back(
    broker: Broker, server: Told
) -> None:
    customer = await broker.customer()
    await server.post("/faults", balance_drop_after={"times": 1})
    moved = await customer.move("in", "100.00")
    await server.post("/faults", down=True)

    with pytest.raises(Unavailable):
        await carrying.look(broker.opener(), moved.id)

    assert (await customer.transfer(moved.id)).state == TransferState.SENDING
    with pytest.raises(Conflict):
        async with broker.opener(customer.actor)() as work:
            await transfers.cancel(work, moved.id)
    assert await operations(server, customer, moved) == 1


async def test_an_order_refused_the_second_time_may_have_moved_the_first_time(
    broker: Broker, server: Told, forget: Callable[[], None]
) -> None:
    customer = await broker.customer()
    await server.post("/faults", balance_drop_after={"times": 1})
    moved = await customer.move("in", "100.00")
    forget()
    no = {"command": "DEPOSIT", "code": 422, "times": 1}
    await server.post("/faults", answers=[no])

    with pytest.raises(Unavailable):
        await carrying.look(broker.opener(), moved.id)

    assert (await customer.transfer(moved.id)).state == TransferState.SENDING
    await carrying.look(broker.opener(), moved.id)
    assert (await customer.transfer(moved.id)).state == TransferState.DONE
    assert await operations(server, customer, moved) == 1


async def test_an_order_too_old_for_its_key_is_looked_for_and_not_given_again(
    broker: Broker, server: Told, forget: Callable[[], None]
) -> None:
    customer = await broker.customer()
    await server.post("/faults", balance_drop_before={"times": 1})
    moved = await customer.move("in", "100.00")
    async with broker.opener()() as work:
        row = await work.lock(Transfer, moved.id)
        row.asked_at -= timedelta(hours=2)
        row.sent_at = (row.sent_at or row.asked_at) - timedelta(hours=2)
    forget()

    await carrying.look(broker.opener(), moved.id)

    assert (await customer.transfer(moved.id)).state == TransferState.HELD
    assert await operations(server, customer, moved) == 0
