"""A broker with two platforms that call things differently, and accounts with what is open on them."""

import itertools
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec
import pytest
from sqlalchemy import delete

from brokerage.clients import clients
from brokerage.ledger.fx import FxRate
from brokerage.risk.settings import RiskSettings
from brokerage.trading.model import OpenPosition, TradingAccount, TradingServer
from stoa.identity import roles
from stoa.kernel.ids import uuid7
from stoa.tenancy import settings
from stoa.tenancy.actor import Actor, Kind
from stoa.tenancy.registry import TenantRef
from support.fixtures import House
from support.people import make_staff

_NUMBERS = itertools.count(70_000_001)
LISTED = {
    "one": [
        {"symbol": "EURUSD", "base": "EUR", "profit": "USD", "contract_size": "100000"},
        {"symbol": "XAUUSD", "base": "XAU", "profit": "USD", "contract_size": "100"},
        {"symbol": "DE40", "base": "DE40", "profit": "EUR", "contract_size": "10"},
    ],
    "two": [
        {"symbol": "EURUSD.r", "base": "EUR", "profit": "USD", "contract_size": "1000"},
        {"symbol": "GOLD", "base": "XAU", "profit": "USD", "contract_size": "100"},
        {"symbol": "USDSEK", "base": "USD", "profit": "SEK", "contract_size": "100000"},
    ],
}
SIZES = {row["symbol"]: Decimal(row["contract_size"]) for rows in LISTED.values() for row in rows}


@dataclass
class Desk:
    """The broker, and ways to fill its book."""

    house: House
    tenant: TenantRef
    accounts: dict[str, UUID] = field(default_factory=dict)
    owners: dict[UUID, UUID] = field(default_factory=dict)

    def opener(self, actor: Actor | None = None) -> Any:
        if actor is None:
            return self.house.door.opener(self.tenant, purpose="test")
        return self.house.door.opener(self.tenant, actor=actor, purpose="test")

    async def staff(self, *permissions: str, scope: str = "all", team: str | None = None) -> Actor:
        async with self.opener()() as work:
            row, _ = await make_staff(work, [str(one) for one in permissions], scope=scope)
        return Actor(Kind.STAFF, row.id, "Sam Staff", frozenset(map(str, permissions)), scope, team)

    async def owner(self) -> Actor:
        async with self.opener()() as work:
            row, _ = await make_staff(work, ["Owner"])
            held = frozenset((await roles.by_names(work, ["Owner"]))[0].permissions)
        return Actor(Kind.STAFF, row.id, "Olga Owner", held)

    async def account(
        self, name: str, *, server: str = "one", group: str = "real\\standard", currency: str = "USD",
        equity: str = "1000", margin: str = "0", kind: str = "live", follows: UUID | None = None,
        desk: str | None = None, leverage: int = 100,
    ) -> UUID:  # fmt: skip
        async with self.opener()() as work:
            client = await clients.register(
                work, email=f"{secrets.token_hex(6)}@example.com", first_name="Ines",
                last_name="Duarte", country="ES",
            )  # fmt: skip
            client.team = desk
            row = TradingAccount(
                id=uuid7(), client=client.id, server=server, kind=kind, product="standard",
                state="active", login=next(_NUMBERS), server_group=group, currency=currency,
                leverage=leverage, balance=Decimal(equity), equity=Decimal(equity),
                margin=Decimal(margin), opened_at=work.now, told_at=work.now, follows=follows,
            )  # fmt: skip
            work.add(row)
            await work.flush()
        self.accounts[name], self.owners[row.id] = row.id, client.id
        return row.id

    async def open(
        self,
        account: UUID,
        symbol: str,
        lots: str,
        price: str = "1",
        profit: str = "0",
        **more: Any,
    ) -> None:
        """`lots` below zero sell."""
        async with self.opener()() as work:
            row = await work.get(TradingAccount, account)
            size, signed = SIZES.get(symbol, Decimal(1)), Decimal(lots)
            work.add(
                OpenPosition(
                    server=row.server, number=next(_NUMBERS), account=account, client=row.client,
                    symbol=symbol, side="buy" if signed > 0 else "sell", lots=abs(signed),
                    contract_size=size, price_open=Decimal(price), price_now=Decimal(price),
                    profit=Decimal(profit), swap=Decimal(0), opened_at=work.now,
                    told_at=more.get("told_at", work.now),
                )
            )  # fmt: skip

    async def close_all(self, account: UUID) -> None:
        async with self.opener()() as work:
            await work.run(delete(OpenPosition).where(OpenPosition.account == account))

    async def tune(self, **changes: Any) -> None:
        async with self.opener()() as work:
            now = work.settings(RiskSettings)
            await settings.put(work, "risk", msgspec.structs.replace(now, **changes), why="a test")


@pytest.fixture
async def desk(house: House) -> Desk:
    tenant = await house.tenant()
    async with house.door.open(tenant, purpose="test") as work:
        for code, rows in LISTED.items():
            work.add(
                TradingServer(
                    code=code, state="ok", ok_at=work.now, symbols=[dict(row, path="") for row in rows],
                    prices={}, deals_seen=0,
                )
            )  # fmt: skip
        for base, quote, rate in (("EUR", "USD", "1.10"),):
            await work.run(
                FxRate.__table__.delete().where(FxRate.base == base, FxRate.quote == quote)
            )
            work.add(FxRate(base=base, quote=quote, rate=Decimal(rate), source="test", at=work.now))
    return Desk(house, tenant)


def by_key(parts: Sequence[Any]) -> dict[str, Any]:
    return {one.key: one for one in parts}
