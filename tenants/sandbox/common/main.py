"""The command line of a stand-in: `python -m sandbox.<name> --port N --state DIR`."""

import argparse
import asyncio
import signal
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from sandbox.common.control import Control
from sandbox.common.provider import Provider
from sandbox.common.site import Options, Site
from sandbox.common.wire import Server


def options(argv: list[str] | None, name: str) -> Options:
    parser = argparse.ArgumentParser(prog=f"python -m sandbox.{name}")
    parser.add_argument("--port", type=int, default=0, help="0 lets the system pick one")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--state", type=Path, required=True, help="where the journal is kept")
    parser.add_argument("--config", type=Path, help="JSON with merchants and faults")
    parser.add_argument("--seed", type=int, default=1, help="of the faults")
    parser.add_argument("--settle-s", type=float, default=1.0, help="until a payout or verdict")
    parser.add_argument("--retry-base-s", type=float, default=0.5, help="first callback retry")
    parser.add_argument("--public-url", default="", help="where payers reach this process")
    return Options(**vars(parser.parse_args(argv)))


def run(provider: type[Provider], argv: list[str] | None = None) -> None:
    asyncio.run(serve(provider(options(argv, provider.name))))


async def stopped() -> None:
    """Wait for the signal to end."""
    end = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, end.set)
    await end.wait()


@asynccontextmanager
async def served(site: Site) -> AsyncGenerator[None]:
    """A site without merchants on its port, for as long as this is entered."""
    await site.start()
    server = Server(site.handle)
    port = await server.listen(site.options.host, site.options.port)
    print(f"sandbox.{site.name} ready on http://{site.options.host}:{port}", flush=True)
    yield
    await server.close()
    await site.stop()


async def serve(*providers: Provider) -> None:
    """Each on its own port with its own record, until the process is told to end."""
    servers: list[Server] = []
    for provider in providers:
        Control(provider)
        await provider.start()
        server = Server(provider.handle)
        port = await server.listen(provider.options.host, provider.options.port)
        servers.append(server)
        said = f"sandbox.{provider.name} ready on http://{provider.options.host}:{port}"
        print(said, flush=True)
    await stopped()
    for server, provider in zip(servers, providers, strict=True):
        await server.close()
        await provider.stop()
