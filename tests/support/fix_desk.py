"""A broker with a drop copy at the sandbox's acceptor, and what a worker would do about it."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import select

from brokerage.clients import clients
from brokerage.ledger import check
from brokerage.trading import servers
from brokerage.trading.dropcopy import attendant, mapping
from brokerage.trading.dropcopy.model import FixSession
from brokerage.trading.model import Deal, OpenPosition, QuarantinedDeal, TradingAccount
from brokerage.trading.settings import TradingSettings
from stoa.connectors.outside import Outside
from stoa.kernel.ids import uuid7
from stoa.tenancy import settings
from stoa.tenancy.registry import TenantRef
from support.fixtures import House
from support.patience import LONGEST_S
from support.stands._served import Served

CODE = "fix"


@dataclass
class FixDesk:
    house: House
    tenant: TenantRef
    server: Served
    tasks: list[asyncio.Task[None]] = field(default_factory=list)

    def opener(self) -> Any:
        return self.house.door.opener(self.tenant, purpose="test")

    async def lever(self, path: str, **body: Any) -> Any:
        return await self.server.lever("POST", f"/fix{path}", body)

    async def acceptor(self) -> dict[str, Any]:
        found: dict[str, Any] = await self.server.lever("GET", "/fix")
        return found

    async def listen(self) -> None:
        """One connection, in the background, as the worker's sweep would begin it."""
        async with self.opener()() as work:
            server = work.settings(TradingSettings).server(CODE)
        assert server is not None
        held = await attendant.claim(self.opener(), server)
        assert held is not None
        self.tasks.append(asyncio.create_task(attendant.hold(self.opener(), held)))

    async def hush(self) -> None:
        """As if the process had died: nothing is said, nothing is given back in time."""
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        self.tasks.clear()
        async with self.opener()() as work:
            row = await attendant.session_of(work, CODE)
            row.held_by = row.held_until = row.next_try_at = None

    async def until(
        self, met: Callable[[FixSession], bool], within_s: float = LONGEST_S
    ) -> FixSession:
        end = time.monotonic() + within_s
        while True:
            row = await self.session()
            if met(row):
                return row
            assert time.monotonic() < end, self.told(row)
            await asyncio.sleep(0.05)

    @staticmethod
    def told(row: FixSession) -> str:
        return f"{row.state} in={row.next_in} out={row.next_out} {row.error} {row.incidents} {row.waiting}"

    async def in_step(self, within_s: float = LONGEST_S) -> FixSession:
        """Until all that the acceptor has numbered is kept."""
        end = time.monotonic() + within_s
        while True:
            there, row = await self.acceptor(), await self.session()
            if row.state == "open" and row.next_in == there["next_out"]:
                return row
            assert time.monotonic() < end, (there, self.told(row))
            await asyncio.sleep(0.05)

    async def session(self) -> FixSession:
        async with self.opener()() as work:
            return await work.get(FixSession, CODE)

    async def client(self) -> UUID:
        async with self.opener()() as work:
            row = await clients.register(
                work,
                email=f"{uuid7().hex}@example.com",
                first_name="Ines",
                last_name="Duarte",
                country="ES",
            )
        return row.id

    async def adopt(self, name: str, client: UUID | None = None, currency: str = "USD") -> UUID:
        client = client or await self.client()
        async with self.opener()() as work:
            row = await mapping.adopt(work, CODE, name, client=client, currency=currency)
        return row.id

    async def fill(self, account: str, side: str, units: int, price: str, **more: Any) -> str:
        told = await self.lever(
            "/fill", account=account, side=side, quantity=str(units), price=price, **more
        )
        return str(told["exec_id"])

    async def deals(self, account: str | None = None) -> list[Deal]:
        statement = select(Deal).where(Deal.server == CODE).order_by(Deal.number)
        if account is not None:
            named = select(TradingAccount.id).where(TradingAccount.server_account == account)
            statement = statement.where(Deal.account.in_(named))
        async with self.opener()() as work:
            return list(await work.rows(statement))

    async def position(self, account: str) -> OpenPosition | None:
        named = select(TradingAccount.id).where(TradingAccount.server_account == account)
        async with self.opener()() as work:
            return await work.first(select(OpenPosition).where(OpenPosition.account.in_(named)))

    async def account(self, name: str) -> TradingAccount:
        async with self.opener()() as work:
            found = await work.first(
                select(TradingAccount).where(TradingAccount.server_account == name)
            )
        assert found is not None
        return found

    async def aside(self) -> list[str]:
        async with self.opener()() as work:
            rows = await work.rows(
                select(QuarantinedDeal)
                .where(QuarantinedDeal.server == CODE)
                .order_by(QuarantinedDeal.id)
            )
        return [row.why for row in rows]

    async def truth(self) -> dict[str, dict[str, Any]]:
        rows = await self.server.lever("GET", "/fix/truth")
        return {row["root"]: row for row in rows}

    async def laws(self) -> list[Any]:
        async with self.opener()() as work:
            return (await check.examine(work)).violations

    async def set(self, **given: Any) -> None:
        """Change the session's settings."""
        async with self.opener()() as work:
            raw = msgspec.to_builtins(work.settings(TradingSettings))
            for one in raw["servers"]:
                if one["code"] == CODE:
                    one["settings"] |= given
            mine = msgspec.convert(raw, TradingSettings, strict=False)
            await settings.put(work, "trading", mine, why="a test")


def net_lots(truth: dict[str, dict[str, Any]], account: str) -> Decimal:
    """What an account holds by the acceptor's own books, in lots of 100,000."""
    sums = Decimal(0)
    for row in truth.values():
        if row["account"] == account and row["state"] != "cancel":
            sums += Decimal(row["quantity"]) * (1 if row["side"] == "1" else -1)
    return sums / 100_000


@asynccontextmanager
async def fix_desk(
    house: House, server: Served, monkeypatch: Any, **given: Any
) -> AsyncIterator[FixDesk]:
    way = Outside(replace(house.config, services={"fix": f"127.0.0.1:{server.ports['port']}"}))
    monkeypatch.setattr(servers, "outside", lambda: way)
    tenant = await house.tenant()
    async with house.door.open(tenant, purpose="test") as work:
        raw = msgspec.to_builtins(work.settings(TradingSettings))
        raw["servers"] = [
            *raw["servers"],
            {
                "code": CODE,
                "connector": "fix-drop-copy",
                "kind": "live",
                "label": "Prime broker",
                "groups": [],
                "settings": {
                    "host": "service:fix",
                    "tls": False,
                    "sender": "BROKER",
                    "target": "MARKET",
                    "heart_s": 5,
                }
                | given,
            },
        ]
        mine = msgspec.convert(raw, TradingSettings, strict=False)
        await settings.put(work, "trading", mine, why="a test")
    desk = FixDesk(house, tenant, server)
    try:
        yield desk
    finally:
        await desk.hush()
        await way.aclose()


async def started(folder: Path, *more: str) -> Served:
    return await Served("sandbox.fix", folder, *more).start()
