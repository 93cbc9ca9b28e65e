"""``python -m sandbox.ctrader``: start the cTrader server and serve until told to stop."""

import argparse
import asyncio
import gc
import ssl
from pathlib import Path

from sandbox.ctrader.ctids import Ctids
from sandbox.ctrader.manager_port import ManagerPort
from sandbox.ctrader.plant import Plant
from sandbox.ctrader.web_services import WebServices
from sandbox.trading.control import Control
from sandbox.trading.stopping import told_to_stop
from sandbox.trading.trading_api import TradingApi
from sandbox.trading.truth import Truth
from sandbox.trading.web_server import HttpServer, Router


async def run(given: argparse.Namespace) -> None:
    plant = Plant(given.state, given.seed)
    plant.open()
    link = ManagerPort(plant, given.link_port, _tls(given.cert, given.key))
    router = Router()
    WebServices(plant, Ctids(given.state), router)
    Control(plant, link, router)
    TradingApi(plant, router)
    Truth(plant, router)
    link.enter(router)
    http = HttpServer(router, given.port)
    await link.start()
    await http.start()
    gc.freeze()
    print(f"ready port={http.port} link={link.port}", flush=True)
    stop = told_to_stop()
    engine = asyncio.create_task(plant.run())
    stopped = asyncio.create_task(stop.wait())
    done, _ = await asyncio.wait({engine, stopped}, return_when=asyncio.FIRST_COMPLETED)
    engine.cancel()
    stopped.cancel()
    await link.stop()
    await http.stop()
    plant.close()
    if engine in done:
        engine.result()


def _tls(cert: Path | None, key: Path | None) -> ssl.SSLContext | None:
    if cert is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    return context


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="sandbox.ctrader", description="A cTrader server: WebServices and Manager API."
    )
    parser.add_argument("--port", type=int, default=0, help="of HTTP; 0 picks one")
    parser.add_argument("--link-port", type=int, default=0, help="of the Manager API; 0 picks one")
    parser.add_argument("--state", type=Path, required=True, help="directory of its own files")
    parser.add_argument("--seed", type=int, default=1, help="of prices, robots and faults")
    parser.add_argument("--cert", type=Path, help="of the Manager API; with it, TLS is spoken")
    parser.add_argument("--key", type=Path)
    given = parser.parse_args()
    try:
        asyncio.run(run(given))
    except OSError as wrong:
        parser.exit(1, f"sandbox.ctrader: {wrong}\n")


if __name__ == "__main__":
    main()
