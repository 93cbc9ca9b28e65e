"""``python -m sandbox.venues``: three trading servers in one process, each with a book of its own.

An MT5 server, a DXtrade server and a FIX drop copy: with the same seed their prices are the same. Each
keeps its files in a directory of its own, and ends as it does alone.
"""

import argparse
import asyncio
from pathlib import Path

from sandbox.dxtrade.api import DxTrade
from sandbox.fix import __main__ as fix
from sandbox.trading import __main__ as mt5
from sandbox.trading import running


async def run(given: argparse.Namespace) -> None:
    home, seed = given.state, given.seed
    await asyncio.gather(
        mt5.run(home / "trading", given.port, given.http_port, given.https_port, seed),
        running.run(DxTrade, home / "dxtrade", given.dxtrade_port, given.dxtrade_http_port, seed),
        fix.run(
            argparse.Namespace(
                state=home / "fix",
                seed=seed,
                port=given.fix_port,
                http_port=given.fix_http_port,
                sender="MARKET",
                target="BROKER",
                password="",
            )
        ),
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="sandbox.venues", description="An MT5 server, a DXtrade server and a FIX drop copy."
    )
    for name, about in (
        ("port", "of MT5's Web API over TCP"),
        ("http-port", "of the MT5 server's levers"),
        ("https-port", "of MT5's Web API over HTTPS"),
        ("dxtrade-port", "of DXtrade's API"),
        ("dxtrade-http-port", "of the DXtrade server's levers"),
        ("fix-port", "of FIX"),
        ("fix-http-port", "of the drop copy's levers"),
    ):
        parser.add_argument(f"--{name}", type=int, default=0, help=f"{about}; 0 picks one")
    parser.add_argument("--state", type=Path, required=True, help="directory of their directories")
    parser.add_argument("--seed", type=int, default=1, help="of prices, robots and faults")
    given = parser.parse_args()
    try:
        asyncio.run(run(given))
    except OSError as wrong:
        parser.exit(1, f"sandbox.venues: {wrong}\n")


if __name__ == "__main__":
    main()
