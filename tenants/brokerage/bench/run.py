"""Runs everything: servers, outside world, product and demo of its own; then the measurements."""

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from brokerage.bench import deals, memory, tenancy, web
from brokerage.bench.figures import Figure, show
from stoa.kernel.config import Config

_READY_S: Final = 420


async def all_of_it(only: str) -> None:
    """Print the table; every part is tried, and one that fails is shown as not run."""
    async with product() as config:
        figures: list[Figure] = []
        for name, part in (
            ("memory", memory.measure),
            ("web", web.measure),
            ("deals", deals.measure),
            ("schemas", tenancy.schemas),
            ("fleet", tenancy.fleet),
        ):
            if only and only not in name:
                continue
            started = time.monotonic()
            try:
                figures += await part(config)
            except Exception as why:
                figures.append(Figure(name, None, "", None, note=f"{type(why).__name__}: {why}"))
            print(f"{name}: {time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)  # noqa: T201
        show(figures)


@asynccontextmanager
async def product() -> AsyncGenerator[Config]:
    """A whole installation with its demo in a directory of its own, stopped afterwards."""
    with tempfile.TemporaryDirectory(prefix="stoa-bench-") as folder:
        state = Path(folder)
        state.chmod(0o755)
        log = (state / "up.log").open("wb")
        environ = {
            **{key: value for key, value in os.environ.items() if not key.startswith("STOA_")},
            "STOA_STATE": str(state / "state"),
            "STOA_LOG": "warning",
        }
        running = subprocess.Popen(  # noqa: ASYNC220 - it runs beside us, and starting is quick
            [sys.executable, "-m", "brokerage", "up"],
            env=environ,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        os.environ["STOA_STATE"] = environ["STOA_STATE"]
        try:
            await _ready(running, state / "up.log")
            yield Config.load()
        finally:
            running.send_signal(signal.SIGINT)
            running.wait(60)


async def _ready(running: "subprocess.Popen[bytes]", log: Path) -> None:
    ends = time.monotonic() + _READY_S
    while time.monotonic() < ends:
        if running.poll() is not None:
            raise RuntimeError(f"the product did not start:\n{log.read_text()[-3000:]}")
        if "ready in" in log.read_text():
            return
        await asyncio.sleep(0.5)
    raise RuntimeError("the product was not ready in time")
