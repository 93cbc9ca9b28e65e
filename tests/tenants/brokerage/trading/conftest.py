"""A broker connected to the sandbox's trading server, a process of its own."""

from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID

import msgspec
import pytest
from sqlalchemy import func, select

from brokerage.clients import clients
from brokerage.ledger import accounts as ledger
from brokerage.ledger import check, wallets
from brokerage.ledger.model import LedgerAccount, LedgerBalance
from brokerage.trading import accounts, carrying, listening, sync, transfers
from brokerage.trading.events import AccountAsked, TransferAsked
from brokerage.trading.model import TradingAccount, TradingServer, Transfer
from brokerage.trading.permissions import Trading
from brokerage.trading.settings import TradingSettings
from stoa.connectors.outside import Outside
from stoa.kernel.ids import uuid7
from stoa.kernel.money import Money
from stoa.tenancy import settings
from stoa.tenancy.actor import Actor, Kind
from stoa.tenancy.registry import TenantRef
from stoa.vault import credentials
from support.fixtures import House
from support.ledger import funded
from support.stands._served import Served
from support.stands.mt5 import manager_of
from support.trading_server import TradingServer as ServerProcess

SERVER = "mt5-live"


@dataclass
class Broker:
    """The broker, the server it speaks to, and what a worker would do."""

    house: House
    tenant: TenantRef
    server: ServerProcess

    def opener(self, actor: Actor | None = None) -> Any:
        if actor is None:
            return self.house.door.opener(self.tenant, purpose="test")
        return self.house.door.opener(self.tenant, actor=actor, purpose="test")

    async def client(self, money: str = "1000.00") -> UUID:
        async with self.opener()() as work:
            row = await clients.register(
                work,
                email=f"{uuid7().hex}@example.com",
                first_name="Ines",
                last_name="Duarte",
                country="ES",
            )
            await funded(work, money, "USD", row.id)
        return row.id

    async def asked(self, client: UUID) -> TradingAccount:
        """An account that was asked for and not yet made."""
        async with self.opener()() as work:
            return await accounts.open_account(
                work, client, product="standard", currency="USD", verified=True
            )

    async def make(self, account: UUID) -> None:
        await accounts.make(self.opener(), AccountAsked(account=account))

    async def customer(self, money: str = "1000.00") -> "Customer":
        """A client with money and an account on the server."""
        client = await self.client(money)
        row = await self.asked(client)
        await self.make(row.id)
        row = await self.account(row.id)
        assert row.login is not None
        return Customer(self, client, row.id, row.login)

    async def account(self, account: UUID) -> TradingAccount:
        async with self.opener()() as work:
            return await work.get(TradingAccount, account)

    async def told(self) -> int:
        """One pass over the server; how many deals were new."""
        return await sync.pass_over(self.opener(), SERVER)

    async def state(self) -> TradingServer:
        async with self.opener()() as work:
            return await work.get(TradingServer, SERVER)

    async def laws(self) -> list[Any]:
        async with self.opener()() as work:
            return (await check.examine(work)).violations


@dataclass
class Customer:
    broker: Broker
    id: UUID
    account: UUID
    login: int

    @property
    def actor(self) -> Actor:
        own = frozenset(str(one) for one in Trading if one.endswith(":own"))
        return Actor(Kind.CLIENT, self.id, "A client", own, scope="own")

    async def ask(self, direction: str, amount: str, **more: Any) -> UUID:
        verb = transfers.to_account if direction == "in" else transfers.to_wallet
        async with self.broker.opener(self.actor)() as work:
            row = await verb(work, self.account, Money(Decimal(amount), "USD"), **more)
        return row.id

    async def send(self, transfer: UUID) -> None:
        await carrying.send(self.broker.opener(), TransferAsked(transfer=transfer))

    async def move(self, direction: str, amount: str) -> Transfer:
        asked = await self.ask(direction, amount)
        await self.send(asked)
        return await self.transfer(asked)

    async def transfer(self, transfer: UUID) -> Transfer:
        async with self.broker.opener()() as work:
            return await work.get(Transfer, transfer)

    async def money(self) -> SimpleNamespace:
        """Where this client's money is by our books, and what the server says it has."""
        async with self.broker.opener()() as work:
            wallet = await wallets.available(work, self.id, "USD")
            platform = ledger.platform(work, self.id, "USD", self.account)
            held = await work.value(
                select(func.coalesce(func.sum(LedgerBalance.balance), 0))
                .join(LedgerAccount, LedgerAccount.id == LedgerBalance.account)
                .where(LedgerAccount.owner == self.id, LedgerAccount.kind == "hold")
            )
            booked = await work.value(
                select(LedgerBalance.balance).where(LedgerBalance.account == platform.id)
            )
        return SimpleNamespace(
            wallet=wallet.amount,
            held=Decimal(held),
            booked=Decimal(booked or 0),
            server=await self.balance(),
        )

    async def balance(self) -> Decimal:
        body = await self.broker.server.get(f"/dealer/{self.login}/account")
        return Decimal(body["Balance"])


@pytest.fixture(scope="session")
async def process(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[ServerProcess]:
    server = await ServerProcess(tmp_path_factory.mktemp("trading")).start()
    yield server
    await server.stop()


@pytest.fixture
async def own_process(tmp_path: Path) -> AsyncGenerator[ServerProcess]:
    """A server that a test may kill."""
    server = await ServerProcess(tmp_path / "trading").start()
    yield server
    await server.stop()


async def connected(
    house: House, server: ServerProcess, monkeypatch: pytest.MonkeyPatch
) -> tuple[Broker, Outside]:
    login, password = server.manager
    way = Outside(replace(house.config, services={"trading": f"127.0.0.1:{server.port}"}))
    monkeypatch.setattr("brokerage.trading.servers.outside", lambda: way)
    tenant = await house.tenant()
    async with house.door.open(tenant, purpose="test") as work:
        await credentials.put(work, "mt5.manager", password)
        raw = msgspec.to_builtins(work.settings(TradingSettings))
        for one in raw["servers"]:
            one["settings"] |= {"login": login, "settle_s": 10, "answer_s": 20.0}
        mine = msgspec.convert(raw, TradingSettings, strict=False)
        await settings.put(work, "trading", mine, why="a test")
    return Broker(house, tenant, server), way


@pytest.fixture
async def broker(
    house: House, process: ServerProcess, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Broker]:
    made, way = await connected(house, process, monkeypatch)
    yield made
    await process.call("DELETE", "/faults")
    await way.aclose()


@pytest.fixture
async def fragile(
    house: House, own_process: ServerProcess, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Broker]:
    """A broker whose server may be killed."""
    made, way = await connected(house, own_process, monkeypatch)
    yield made
    await way.aclose()


@pytest.fixture(scope="session")
async def served(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Served]:
    server = await Served("sandbox.mt4bridge", tmp_path_factory.mktemp("mt4")).start()
    yield server
    await server.stop()


@pytest.fixture
async def bridged(
    house: House, served: Served, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Broker]:
    """A broker whose servers are one MT4 bridge, and nobody who asks in turn."""
    way = Outside(
        replace(house.config, services={"bridge": f"http://127.0.0.1:{served.ports['port']}"})
    )
    monkeypatch.setattr("brokerage.trading.servers.outside", lambda: way)
    monkeypatch.setattr(listening, "RENEW_S", 0.3)
    tenant = await house.tenant()
    async with house.door.open(tenant, purpose="test") as work:
        await credentials.put(work, "mt4.bridge", manager_of(served.folder)[1])
        raw = msgspec.to_builtins(work.settings(TradingSettings))
        for one in raw["servers"]:
            one |= {"connector": "mt4-bridge", "settings": {"base_url": "service:bridge"}}
        mine = msgspec.convert(raw, TradingSettings, strict=False)
        await settings.put(work, "trading", mine, why="a test")
    yield Broker(house, tenant, cast(Any, served))
    await listening.stop()
    await served.lever("DELETE", "/faults")
    await way.aclose()
