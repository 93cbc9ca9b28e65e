"""Transfers over every adapter: an order whose answer was lost is settled by another process, once."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import update

from brokerage.trading import carrying, connectors, servers
from brokerage.trading.connector import Verb
from brokerage.trading.model import Transfer, TransferState
from brokerage.trading.settings import TradingSettings
from stoa.connectors.breaker import Limits
from stoa.connectors.egress import Egress
from stoa.connectors.lines import Lines
from stoa.connectors.outside import Outside
from stoa.tenancy import settings
from stoa.vault import credentials
from support.fixtures import House
from support.stands import Standing, stands

from .conftest import Broker, Customer

SERVER = "mt5-live"
CODES = [one.code for one in connectors.ALL if Verb.BALANCE_OP in one.capabilities.verbs]


@asynccontextmanager
async def way_out(house: House, standing: Standing) -> AsyncGenerator[Outside]:
    """As a process has it that knows nothing of what another one asked."""
    places = {f"place-{at}": one for at, one in enumerate(sorted(standing.allowed))}
    way = Outside(replace(house.config, services=places))
    await way.egress.aclose()
    way.egress = Egress(standing.allowed, tls=standing.tls)
    way.lines = Lines(way.egress, limits=Limits(in_a_row=1_000, error_rate=2))
    try:
        yield way
    finally:
        await way.aclose()


async def joined(house: House, standing: Standing, code: str) -> Broker:
    """A broker whose live server is that platform's."""
    tenant = await house.tenant()
    async with house.door.open(tenant, purpose="test") as work:
        for name, secret in standing.secrets.items():
            await credentials.put(work, name, secret)
        raw = msgspec.to_builtins(work.settings(TradingSettings))
        raw["servers"][0].update(
            connector=code,
            groups=[{"group": standing.plan.group}],
            settings=dict(standing.settings) | {"settle_s": 10},
        )
        mine = msgspec.convert(raw, TradingSettings, strict=False)
        await settings.put(work, "trading", mine, why="a test")
    server: Any = None
    return Broker(house, tenant, server)


@pytest.mark.parametrize("code", CODES)
async def test_an_order_without_an_answer_is_settled_once_by_another_process(
    house: House, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, code: str
) -> None:
    async with stands()[code](tmp_path) as standing:
        broker = await joined(house, standing, code)
        weather = standing.weather
        assert weather is not None
        async with way_out(house, standing) as way:
            monkeypatch.setattr("brokerage.trading.servers.outside", lambda: way)
            customer = await broker.customer()
            assert (await customer.move("in", "500.00")).state == TransferState.DONE
        expected = Decimal(500)
        for direction, amount, drop in (
            ("in", "101.00", weather.drop_after_money),
            ("in", "102.00", weather.drop_before_money),
            ("out", "53.00", weather.drop_after_money),
            ("out", "54.00", weather.drop_before_money),
        ):
            async with way_out(house, standing) as way:
                monkeypatch.setattr("brokerage.trading.servers.outside", lambda way=way: way)
                await drop()
                moved = await customer.move(direction, amount)
                await weather.calm()
                assert moved.state in {TransferState.SENDING, TransferState.HELD}
            async with way_out(house, standing) as way:
                monkeypatch.setattr("brokerage.trading.servers.outside", lambda way=way: way)
                await until_done(broker, customer, moved)
                expected += Decimal(amount) if direction == "in" else -Decimal(amount)
                assert await at_the_server(broker, customer) == expected
    assert await broker.laws() == []


async def until_done(broker: Broker, customer: Customer, moved: Transfer) -> None:
    """Looked for as the sweep does; what is surely not there after its time goes again."""
    for _ in range(4):
        row = await customer.transfer(moved.id)
        if row.state == TransferState.DONE:
            return
        if row.state == TransferState.SENDING:
            await carrying.look(broker.opener(), moved.id)
            await an_hour_passes(broker, moved)
        else:
            await customer.send(moved.id)
    row = await customer.transfer(moved.id)
    raise AssertionError(f"{row.direction} is {row.state}: {row.why}")


async def an_hour_passes(broker: Broker, moved: Transfer) -> None:
    """As if the server had been silent for as long as its journal needs."""
    async with broker.opener()() as work:
        await work.run(
            update(Transfer)
            .where(Transfer.id == moved.id, Transfer.state == TransferState.SENDING)
            .values(sent_at=Transfer.sent_at - timedelta(minutes=5), next_ask_at=None)
        )


async def at_the_server(broker: Broker, customer: Customer) -> Decimal:
    async with broker.opener()() as work:
        connector = await servers.connect(work, SERVER)
    return (await connector.get_account(customer.login)).balance
