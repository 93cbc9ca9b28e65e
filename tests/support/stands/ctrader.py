"""cTrader: WebServices over HTTP and the Manager API over TCP, of one plant."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from brokerage.trading.conformance.plan import Plan
from support.stands import Standing
from support.stands._served import DealerTrader, HubWeather, Served
from support.stands.mt5 import manager_of


@asynccontextmanager
async def stand(folder: Path) -> AsyncGenerator[Standing]:
    server = await Served("sandbox.ctrader", folder).start()
    login, password = manager_of(folder)
    port, link = server.ports["port"], server.ports["link"]
    try:
        yield Standing(
            settings={
                "base_url": f"http://127.0.0.1:{port}",
                "login": login,
                "broker": "sandbox",
                "plant": "sandbox",
                "host": "127.0.0.1",
                "port": link,
                "tls": False,
                "netted_groups": "Islamic",
                "answer_s": 20,
            },
            secrets={"ctrader.manager": password},
            allowed={f"127.0.0.1:{port}", f"127.0.0.1:{link}"},
            plan=Plan(group="Standard", other_group="Raw", netting_group="Islamic"),
            trader=DealerTrader(server, closes_by=False),
            weather=HubWeather(server),
        )
    finally:
        await server.stop()


STANDS = {"ctrader": stand}
