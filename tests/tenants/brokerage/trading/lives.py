"""Helpers of the tests about what becomes of an account."""

from typing import Any

import msgspec

from brokerage.clients.permissions import Clients
from brokerage.trading.lifecycle.model import AccountRequest
from brokerage.trading.permissions import Trading
from brokerage.trading.settings import TradingSettings
from stoa.kernel.ids import uuid7
from stoa.tenancy import settings
from stoa.tenancy.actor import Actor, Kind


def dealer() -> Actor:
    """Another member of the dealing desk each time."""
    may = frozenset({*(str(one) for one in Trading), *(str(one) for one in Clients)})
    return Actor(Kind.STAFF, uuid7(), "A dealer", may)


async def wanted(broker: Any, row: Any) -> AccountRequest:
    async with broker.opener()() as work:
        return await work.get(AccountRequest, row)


async def retuned(broker: Any, *, products: Any = None, servers: Any = None, **parts: Any) -> None:
    """Settings of trading with some parts replaced; products and servers by code."""
    async with broker.opener()() as work:
        raw = msgspec.to_builtins(work.settings(TradingSettings))
        for rows, changes in ((raw["products"], products), (raw["servers"], servers)):
            for one in rows:
                one.update((changes or {}).get(one["code"], {}))
        raw |= {key: msgspec.to_builtins(part) for key, part in parts.items()}
        mine = msgspec.convert(raw, TradingSettings, strict=False)
        await settings.put(work, "trading", mine, why="a test")
