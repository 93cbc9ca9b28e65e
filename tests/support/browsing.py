"""The product served to a real browser by this process, over the rows that a test has made."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from granian.constants import Interfaces
from granian.server.embed import Server

from stoa.cli import ports
from support.fixtures import House
from support.patience import LONGEST_S, until
from support.web import application

ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
"""For Chromium: a container's shared memory is too small for a page."""


@asynccontextmanager
async def served(house: House) -> AsyncGenerator[int]:
    """Where it listens, once it does."""
    [port] = ports.free(1)
    server = Server(application(house), port=port, interface=Interfaces.ASGI, log_enabled=False)
    running = asyncio.create_task(server.serve())

    async def listens() -> bool:
        assert not running.done(), "it did not start"
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            return False
        writer.close()
        await writer.wait_closed()
        return True

    await until(listens)
    try:
        yield port
    finally:
        server.stop()
        await asyncio.wait([running], timeout=LONGEST_S)
