"""``python -m sandbox.mail``: what the product sends by mail, and, if asked for, by webhook."""

import argparse
import asyncio
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

from sandbox.common.main import served, stopped
from sandbox.common.site import Options
from sandbox.common.wire import Server
from sandbox.listener.web import Listener
from sandbox.mail.mailbox import KEPT
from sandbox.mail.smtp import listen
from sandbox.mail.web import Mail


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m sandbox.mail")
    parser.add_argument("--smtp-port", type=int, default=0, help="0 lets the system pick one")
    parser.add_argument("--port", type=int, default=0, help="of the page")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--state", type=Path, required=True, help="where messages are kept")
    parser.add_argument("--listener-port", type=int, help="of a broker's own systems, if there are")
    parser.add_argument("--keep", type=int, default=KEPT, help="how many messages are kept")
    parser.add_argument("--seed", type=int, default=1, help="of the faults")
    given = parser.parse_args(argv)
    options = Options(given.state, port=given.port, host=given.host, seed=given.seed)
    listener: Listener | None = None
    if given.listener_port is not None:
        listener = Listener(
            replace(options, state=given.state / "listener", port=given.listener_port)
        )
    asyncio.run(serve(options, given.smtp_port, given.keep, listener))


async def serve(options: Options, smtp_port: int, keep: int, listener: Listener | None) -> None:
    async with AsyncExitStack() as open_ones:
        if listener is not None:
            await open_ones.enter_async_context(served(listener))
        await _mail(options, smtp_port, keep)


async def _mail(options: Options, smtp_port: int, keep: int) -> None:
    mail = Mail(options, keep)
    await mail.start()
    receiver, smtp_port = await listen(mail, options.host, smtp_port)
    server = Server(mail.handle)
    port = await server.listen(options.host, options.port)
    print(
        f"sandbox.mail ready on http://{options.host}:{port} smtp {options.host}:{smtp_port}",
        flush=True,
    )
    await stopped()
    receiver.close()
    await server.close()
    await mail.stop()


main()
