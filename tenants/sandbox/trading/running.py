"""What the process of every platform over HTTP is made of: the engine, its port, its levers."""

import argparse
import asyncio
import gc
from collections.abc import Callable
from pathlib import Path

from sandbox.trading import terminal
from sandbox.trading.control import Control
from sandbox.trading.faults import DroppedError
from sandbox.trading.hub import Hub
from sandbox.trading.stopping import told_to_stop
from sandbox.trading.trading_api import TradingApi
from sandbox.trading.truth import Truth
from sandbox.trading.web_server import (
    Handler,
    HttpError,
    HttpServer,
    PlatformPort,
    Response,
    Router,
)

Make = Callable[[Hub, Path], Handler]
"""Makes a platform's own API over the engine; the folder is for what it keeps beside the book."""


async def under_faults(
    hub: Hub, name: str, act: Callable[[], Response], *, changing: bool, money: bool
) -> Response:
    """Carry out one request with the bad luck that was ordered; ``name`` is how levers call it.

    Raises:
        DroppedError: the line is to break instead of an answer.
        HttpError: another status was ordered.
    """
    faults = hub.faults
    if faults.fires("disconnect"):
        raise DroppedError
    if (pause := faults.delay_s(name)) > 0:
        await asyncio.sleep(pause)
    forced = faults.force(name)
    if forced is not None and not forced.applied:
        raise HttpError(forced.code, "so it was ordered")
    if money and faults.fires("balance_drop_before"):
        raise DroppedError
    await hub.still()
    response = act()
    if changing:
        await hub.journal.settled()
    if money and response.status < 300 and faults.fires("balance_drop_after"):
        raise DroppedError
    if forced is not None:
        raise HttpError(forced.code, "so it was ordered")
    response.torn = faults.fires("torn")
    return response


async def run(make: Make, folder: Path, port: int, http_port: int, seed: int) -> None:
    """Serve until told to stop; ``http_port`` has the levers, as of every sandbox server."""
    hub = Hub(folder, seed)
    hub.open()
    levers = Router()
    platform = PlatformPort(make(hub, folder), port, lambda: "down" in hub.faults.switches)
    Control(hub, platform, levers)
    TradingApi(hub, levers)
    Truth(hub, levers)
    levers.add("GET", "/", terminal.page)
    http = HttpServer(levers, http_port)
    await platform.start()
    await http.start()
    gc.freeze()
    print(f"ready port={platform.port} http={http.port}", flush=True)
    stop = told_to_stop()
    engine = asyncio.create_task(hub.run())
    stopped = asyncio.create_task(stop.wait())
    done, _ = await asyncio.wait({engine, stopped}, return_when=asyncio.FIRST_COMPLETED)
    engine.cancel()
    stopped.cancel()
    await platform.stop()
    await http.stop()
    hub.close()
    if engine in done:
        engine.result()


def main(name: str, about: str, make: Make) -> None:
    """The command line of one platform's server."""
    parser = argparse.ArgumentParser(prog=f"sandbox.{name}", description=about)
    parser.add_argument("--port", type=int, default=0, help="of the platform's API; 0 picks one")
    parser.add_argument("--http-port", type=int, default=0, help="of the levers; 0 picks one")
    parser.add_argument("--state", type=Path, required=True, help="directory of its own files")
    parser.add_argument("--seed", type=int, default=1, help="of prices, robots and faults")
    given = parser.parse_args()
    try:
        asyncio.run(run(make, given.state, given.port, given.http_port, given.seed))
    except OSError as wrong:
        parser.exit(1, f"sandbox.{name}: {wrong}\n")
