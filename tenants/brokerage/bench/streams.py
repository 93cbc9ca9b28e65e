"""TradeLocker's stream and API, cut a thousand times at random: what was lost or doubled.

The stream is cut where it was about to tell of a deal, the API where the journal was about to be read.
"""

import asyncio
import os
import signal
import sys
import tempfile
import tomllib
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import msgspec

from brokerage.bench import links
from brokerage.bench.figures import Figure
from brokerage.bench.ground import Ground
from brokerage.bench.wire import Wire
from brokerage.trading.connectors.tradelocker import Settings, TradeLocker
from stoa.connectors.breaker import Limits
from stoa.connectors.egress import Egress
from stoa.connectors.keyring import Keyring
from stoa.connectors.lines import Lines

_READY_S: Final = 30.0
_PATIENCE_S: Final = 60.0
_PAUSE_S: Final = 0.005
_FAULTS: Final = ("stream_drop", "disconnect")
_BASE: Final = 1 << 56


async def measure(_: Ground) -> list[Figure]:
    """Both ways to TradeLocker, cut in turns."""
    with tempfile.TemporaryDirectory(prefix="stoa-bench-") as folder:
        async with _brand(Path(folder)) as (connector, port):
            login = await links.an_account(connector, "LIVE-RAW")
            came = await links.through_cuts(
                connector, login, port, cuts=links.CUTS, seed=1, cut=cut, ticket=ticket
            )
    note = f"{came.deals:,} deals, {came.cuts:,} cuts, half of the stream and half of readings"
    return [
        Figure("random disconnects of TradeLocker: lost", came.lost, "deals", 0, note=note),
        Figure("random disconnects of TradeLocker: doubled", came.doubled, "deals", 0),
    ]


async def cut(levers: Wire, at: int, after: int) -> None:
    """Order a cut, once all those before it have come."""
    del after  # It comes with the next message or call.
    for _ in range(int(_PATIENCE_S / _PAUSE_S)):
        if await _fired(levers) >= at:
            await links.pull(levers, "/faults", {_FAULTS[at % 2]: {"times": 1}})
            return
        await asyncio.sleep(_PAUSE_S)
    raise RuntimeError("what was ordered does not come")


def ticket(deal: int) -> int:
    """The engine's number of a deal by that of the trade."""
    return (deal - _BASE) // 2


async def _fired(levers: Wire) -> int:
    told = msgspec.json.decode((await levers.get("/faults")).body)["fired"]
    return sum(told.get(name, 0) for name in _FAULTS)


@asynccontextmanager
async def _brand(folder: Path) -> AsyncGenerator[tuple[TradeLocker, int]]:
    running = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "sandbox.tradelocker", "--state", str(folder), "--seed", "1"),
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        assert running.stdout is not None  # noqa: S101 - asked for above
        line = (await asyncio.wait_for(running.stdout.readline(), _READY_S)).decode()
        told = dict(piece.split("=", 1) for piece in line.split()[1:])
        manager = tomllib.loads((folder / "server.toml").read_text())["managers"][0]
        address = f"127.0.0.1:{told['port']}"
        egress = Egress({address})
        settings = Settings(base_url=f"http://{address}", server="BENCH", overlap_s=5)
        # What is measured is the link, so the breaker must not hold calls back.
        line_of = Lines(egress, limits=Limits(in_a_row=1_000_000, error_rate=2))
        keys = Keyring({settings.key: manager["password"]})
        try:
            yield TradeLocker(settings, keys, line_of.of("bench", "tradelocker")), int(told["http"])
        finally:
            await egress.aclose()
    finally:
        os.kill(running.pid, signal.SIGTERM)
        await running.wait()
