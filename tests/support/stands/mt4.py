"""MT4: the bridge of the sandbox. A ticket is twice the engine's number, which the hand trades by."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from brokerage.trading.conformance.plan import Plan
from support.stands import Standing
from support.stands._served import DealerTrader, HubWeather, Served
from support.stands.mt5 import manager_of

_HEDGES = "MT4 accounts always hedge"


@asynccontextmanager
async def bridge(folder: Path) -> AsyncGenerator[Standing]:
    server = await Served("sandbox.mt4bridge", folder).start()
    port = server.ports["port"]
    try:
        yield Standing(
            settings={"base_url": f"http://127.0.0.1:{port}", "answer_s": 20},
            secrets={"mt4.bridge": manager_of(folder)[1]},
            allowed={f"127.0.0.1:{port}"},
            plan=Plan(group="demo\\standard", other_group="real\\raw-usd"),
            trader=DealerTrader(server, position_of=lambda root: root // 2),
            weather=HubWeather(server),
            unchecked={"trade-netted": _HEDGES, "trade-reversed": _HEDGES},
        )
    finally:
        await server.stop()


STANDS = {"mt4-bridge": bridge}
