"""Match-Trader: one server process and its Broker API over HTTP; the hand closes nothing by another."""

import tomllib
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from brokerage.trading.conformance.plan import Plan
from support.stands import Standing
from support.stands._served import DealerTrader, HubWeather, Served

PLAN = Plan(group="real\\standard-usd", other_group="real\\raw-usd")
LETTER = 23 * 10**16


@asynccontextmanager
async def stand(folder: Path) -> AsyncGenerator[Standing]:
    server = await Served("sandbox.matchtrader", folder).start()
    settings = tomllib.loads((folder / "server.toml").read_text())
    port = server.ports["port"]
    try:
        yield Standing(
            settings={
                "base_url": f"http://127.0.0.1:{port}",
                "broker": "sandbox",
                "answer_s": 20,
                "per_minute": 480,
            },
            secrets={"matchtrader.token": settings["managers"][0]["password"]},
            allowed={f"127.0.0.1:{port}"},
            plan=PLAN,
            trader=DealerTrader(
                server, closes_by=False, position_of=lambda position: position - LETTER
            ),
            weather=HubWeather(server),
            unchecked=UNCHECKED,
        )
    finally:
        await server.stop()


_HEDGED = "the API tells positions and not deals, so its connector is for hedging groups"
UNCHECKED = {"trade-netted": _HEDGED, "trade-reversed": _HEDGED}

STANDS = {"matchtrader": stand}
