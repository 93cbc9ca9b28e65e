"""DXtrade: one server process, its administrative and its trading REST."""

import tomllib
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from brokerage.trading.conformance.plan import Plan
from support.stands import Standing
from support.stands._served import DealerTrader, HubWeather, Served

PLAN = Plan(group="STANDARD", other_group="RAW", netting_group="NETTING", symbol="EUR/USD")


class Strokes(DealerTrader):
    """The engine writes a pair without the stroke."""

    async def open(self, login, symbol, side, lots):
        await super().open(login, symbol.replace("/", ""), side, lots)


@asynccontextmanager
async def stand(folder: Path) -> AsyncGenerator[Standing]:
    server = await Served("sandbox.dxtrade", folder).start()
    first = tomllib.loads((folder / "server.toml").read_text())["managers"][0]
    port = server.ports["port"]
    try:
        yield Standing(
            settings={
                "base_url": f"http://127.0.0.1:{port}",
                "username": str(first["login"]),
                "answer_s": 20,
            },
            secrets={"dxtrade.admin": first["password"]},
            allowed={f"127.0.0.1:{port}"},
            plan=PLAN,
            trader=Strokes(server),
            weather=HubWeather(server),
        )
    finally:
        await server.stop()


STANDS = {"dxtrade": stand}
