"""``python -m sandbox.chains``: the keeper of coins and the analyst of chains, each with its record."""

import argparse
import asyncio
from pathlib import Path

from sandbox.coins.api import Coins
from sandbox.common.main import serve
from sandbox.common.site import Options
from sandbox.elliptic.api import Elliptic


def main() -> None:
    parser = argparse.ArgumentParser(prog="sandbox.chains")
    parser.add_argument("--port", type=int, default=0, help="of the analyst")
    parser.add_argument("--coins-port", type=int, default=0, help="of the keeper of coins")
    parser.add_argument("--state", type=Path, required=True, help="directory of their directories")
    parser.add_argument("--seed", type=int, default=1, help="of the faults")
    parser.add_argument("--block-s", type=float, default=20.0, help="between two blocks of a chain")
    given = parser.parse_args()
    home: Path = given.state
    analyst = Options(state=home / "elliptic", port=given.port, seed=given.seed)
    keeper = Options(
        state=home / "coins", port=given.coins_port, seed=given.seed, settle_s=given.block_s
    )
    asyncio.run(serve(Elliptic(analyst), Coins(keeper)))


if __name__ == "__main__":
    main()
