"""The connector to Match-Trader joined to a sandbox, with accounts and trades to try it on."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any
from uuid import uuid4

import msgspec

from brokerage.trading.connector import MoneyKind, NewAccount, Profile, mark
from brokerage.trading.connectors.matchtrader import MatchTrader, Settings
from stoa.connectors.breaker import Limits
from stoa.connectors.egress import Egress
from stoa.connectors.keyring import Keyring
from stoa.connectors.lines import Lines
from stoa.connectors.outcomes import Confirmed
from support.platform_server import PlatformServer

GROUP = "real\\standard-usd"


@asynccontextmanager
async def joined(server: PlatformServer, **more: Any) -> AsyncGenerator[MatchTrader]:
    told = {"base_url": server.url, "broker": "sandbox", "answer_s": 20, "per_minute": 480} | more
    limits = Limits(in_a_row=10_000, error_rate=2)
    lines = Lines(Egress({f"127.0.0.1:{server.port}"}), limits=limits)
    keys = Keyring({"matchtrader.token": server.key})
    connector = MatchTrader(msgspec.convert(told, Settings), keys, lines.of("t", "matchtrader"))
    try:
        yield connector
    finally:
        await connector.aclose()
        await lines.egress.aclose()


async def an_account(matchtrader: MatchTrader, deposit: int = 0, **more: Any) -> int:
    told: dict[str, Any] = {
        "external_id": mark("A", uuid4()),
        "group": GROUP,
        "leverage": 100,
        "profile": Profile(name="Ann Ó Briain", email=f"{uuid4().hex[:8]}@example.com"),
        "password": "Main-pass-1",
        "investor_password": "",
    }
    outcome = await matchtrader.create_account(NewAccount(**(told | more)))
    assert isinstance(outcome, Confirmed), outcome
    login = int(outcome.reference)
    if deposit:
        await matchtrader.balance_op(login, MoneyKind.DEPOSIT, Decimal(deposit), mark("D", uuid4()))
    return login


async def a_trade(server: PlatformServer, login: int, lots: str = "0.1") -> int:
    """Open a position by the desk's hand; answers its number on the engine."""
    made = await server.post(f"/dealer/{login}/order", symbol="EURUSD", side="buy", lots=lots)
    return int(made["Deals"][0]["PositionID"])
