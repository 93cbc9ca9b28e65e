"""``python -m sandbox.trading``: start the trading server and serve until told to stop."""

import argparse
import asyncio
import gc
from pathlib import Path

from sandbox.trading import terminal
from sandbox.trading.api_port import api_port
from sandbox.trading.control import Control
from sandbox.trading.hub import Hub
from sandbox.trading.rest import Rest
from sandbox.trading.stopping import told_to_stop
from sandbox.trading.trading_api import TradingApi
from sandbox.trading.truth import Truth
from sandbox.trading.web_api import WebApiPort
from sandbox.trading.web_server import HttpServer, Router


async def run(folder: Path, port: int, http_port: int, https_port: int, seed: int) -> None:
    hub = Hub(folder, seed)
    hub.open()
    web_api = WebApiPort(hub, port)
    api = api_port(hub, folder, https_port)
    router = Router()
    rest = Rest(hub)
    Control(hub, web_api, router, also=[api])
    TradingApi(hub, router)
    Truth(hub, router)
    router.add("GET", "/", terminal.page)
    router.add("*", "/api/.+", rest)
    http = HttpServer(router, http_port)
    await web_api.start()
    await api.start()
    await http.start()
    # What was rebuilt stays for good; looking through it again and again would be idle work.
    gc.freeze()
    print(f"ready port={web_api.port} http={http.port} https={api.port}", flush=True)
    stop = told_to_stop()
    engine = asyncio.create_task(hub.run())
    stopped = asyncio.create_task(stop.wait())
    done, _ = await asyncio.wait({engine, stopped}, return_when=asyncio.FIRST_COMPLETED)
    engine.cancel()
    stopped.cancel()
    await web_api.stop()
    await api.stop()
    await http.stop()
    hub.close()
    if engine in done:
        engine.result()


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="sandbox.trading", description="A trading server that speaks the MT5 Web API."
    )
    parser.add_argument("--port", type=int, default=0, help="of the Web API over TCP; 0 picks one")
    parser.add_argument("--http-port", type=int, default=0, help="of HTTP; 0 picks one")
    parser.add_argument(
        "--https-port", type=int, default=0, help="of the Web API over HTTPS; 0 picks one"
    )
    parser.add_argument("--state", type=Path, required=True, help="directory of its own files")
    parser.add_argument("--seed", type=int, default=1, help="of prices, robots and faults")
    given = parser.parse_args()
    try:
        asyncio.run(run(given.state, given.port, given.http_port, given.https_port, given.seed))
    except OSError as wrong:
        parser.exit(1, f"sandbox.trading: {wrong}\n")


if __name__ == "__main__":
    main()
