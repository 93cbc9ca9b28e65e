"""A process that keeps a tenant's drop copies, made to be killed: `python -m brokerage.bench.receiver FILE`.

It is loaded once and forks a life for every line on its input, so that a thousand deaths need not wait
for a thousand starts. Each life prints its number; FILE holds configuration and slug, pickled.
"""

import asyncio
import os
import pickle
import signal
import sys
from pathlib import Path
from typing import Final

from brokerage import processes
from brokerage.trading.dropcopy import attendant
from stoa.kernel import process
from stoa.kernel.config import Config
from stoa.tenancy.actor import SYSTEM

_STEP_S: Final = 0.05


async def live(config: Config, slug: str) -> None:
    """What the worker's sweep does, until killed."""
    process.use(config)
    door = processes.door_of(config, application="receiver", pool=3)
    tenant = await door.registry.by_slug(slug)
    if tenant is None:
        raise RuntimeError(f"{slug} is missing")
    opener = door.opener(tenant, actor=SYSTEM, purpose="receiver")
    while True:
        await attendant.attend(opener)
        await asyncio.sleep(_STEP_S)


def main() -> None:
    config, slug = pickle.loads(Path(sys.argv[1]).read_bytes())  # noqa: S301 - our own file
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for _ in sys.stdin:
        child = os.fork()
        if child == 0:
            asyncio.run(live(config, slug))
        sys.stdout.write(f"{child}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
