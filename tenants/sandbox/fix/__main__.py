"""``python -m sandbox.fix``: a drop copy of the simulated market, until told to stop."""

import argparse
import asyncio
import gc
from pathlib import Path
from typing import Any

from sandbox.fix.acceptor import Acceptor
from sandbox.fix.faults import Faults
from sandbox.fix.levers import Levers
from sandbox.fix.store import Store
from sandbox.trading.hub import Hub
from sandbox.trading.stopping import told_to_stop
from sandbox.trading.trading_api import TradingApi
from sandbox.trading.truth import Truth
from sandbox.trading.web_server import HttpServer, Router


async def run(given: argparse.Namespace) -> None:
    hub = Hub(given.state, given.seed)
    hub.open()
    store = Store(given.state)
    store.open()
    acceptor = Acceptor(
        hub,
        store,
        Faults(given.seed),
        names=(given.sender, given.target),
        password=given.password,
    )
    router = Router()
    Levers(acceptor, router)
    TradingApi(hub, router)
    Truth(hub, router)
    http = HttpServer(router, given.http_port)
    port = await acceptor.start(given.port)
    await http.start()
    gc.freeze()
    print(f"ready port={port} http={http.port}", flush=True)
    stop = told_to_stop()
    engine = asyncio.create_task(hub.run())
    copying = asyncio.create_task(acceptor.copy())
    stopped = asyncio.create_task(stop.wait())
    done, _ = await asyncio.wait({engine, copying, stopped}, return_when=asyncio.FIRST_COMPLETED)
    running: tuple[asyncio.Task[Any], ...] = (engine, copying, stopped)
    for task in running:
        task.cancel()
    await acceptor.stop()
    await http.stop()
    store.close()
    hub.close()
    for ended in done - {stopped}:
        ended.result()


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="sandbox.fix", description="A FIX acceptor that copies a simulated market's deals."
    )
    parser.add_argument("--port", type=int, default=0, help="of FIX; 0 picks one")
    parser.add_argument("--http-port", type=int, default=0, help="of the levers; 0 picks one")
    parser.add_argument("--state", type=Path, required=True, help="directory of its own files")
    parser.add_argument("--seed", type=int, default=1, help="of prices and faults")
    parser.add_argument("--sender", default="MARKET", help="this side's CompID")
    parser.add_argument("--target", default="BROKER", help="the initiator's CompID")
    parser.add_argument("--password", default="", help="what a logon must bring, if anything")
    given = parser.parse_args()
    try:
        asyncio.run(run(given))
    except OSError as wrong:
        parser.exit(1, f"sandbox.fix: {wrong}\n")


if __name__ == "__main__":
    main()
