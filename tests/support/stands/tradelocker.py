"""TradeLocker: one server process, its Brand API over HTTP and its BrandSocket."""

import tomllib
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from brokerage.trading.conformance.plan import Plan
from support.stands import Standing
from support.stands._served import DealerTrader, HubWeather, Served

PLAN = Plan(group="LIVE-STANDARD", other_group="LIVE-RAW", netting_group="LIVE-NETTING")
BASE = 1 << 56


@asynccontextmanager
async def stand(folder: Path) -> AsyncGenerator[Standing]:
    server = await Served("sandbox.tradelocker", folder).start()
    settings = tomllib.loads((folder / "server.toml").read_text())
    port = server.ports["port"]
    try:
        yield Standing(
            settings={"base_url": f"http://127.0.0.1:{port}", "server": "SANDBX", "answer_s": 20},
            secrets={"tradelocker.key": settings["managers"][0]["password"]},
            allowed={f"127.0.0.1:{port}"},
            plan=PLAN,
            trader=DealerTrader(server, position_of=lambda position: position - BASE),
            weather=HubWeather(server),
        )
    finally:
        await server.stop()


STANDS = {"tradelocker": stand}
