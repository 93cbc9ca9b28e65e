"""MT5: one server process, its Web API over TCP (encrypted) and over HTTPS."""

import tomllib
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from brokerage.trading.conformance.plan import Plan
from support.stands import Standing
from support.stands._served import DealerTrader, HubWeather, Served, trusting

PLAN = Plan(
    group="demo\\standard", other_group="real\\standard-usd", netting_group="real\\netting-usd"
)


def manager_of(folder: Path) -> tuple[int, str]:
    first = tomllib.loads((folder / "server.toml").read_text())["managers"][0]
    return first["login"], first["password"]


@asynccontextmanager
async def tcp(folder: Path) -> AsyncGenerator[Standing]:
    server = await Served("sandbox.trading", folder).start()
    login, password = manager_of(folder)
    port = server.ports["port"]
    try:
        yield Standing(
            settings={
                "host": "127.0.0.1",
                "port": port,
                "login": login,
                "crypt": "aes256ofb",
                "answer_s": 20,
            },
            secrets={"mt5.manager": password},
            allowed={f"127.0.0.1:{port}"},
            plan=PLAN,
            trader=DealerTrader(server),
            weather=HubWeather(server),
        )
    finally:
        await server.stop()


@asynccontextmanager
async def https(folder: Path) -> AsyncGenerator[Standing]:
    server = await Served("sandbox.trading", folder).start()
    login, password = manager_of(folder)
    port = server.ports["https"]
    try:
        yield Standing(
            settings={"base_url": f"https://127.0.0.1:{port}", "login": login, "answer_s": 20},
            secrets={"mt5.manager": password},
            allowed={f"127.0.0.1:{port}"},
            tls=trusting(folder / "tls.pem"),
            plan=PLAN,
            trader=DealerTrader(server),
            weather=HubWeather(server),
        )
    finally:
        await server.stop()


STANDS = {"mt5-webapi": tcp, "mt5-https": https}
