import asyncio

from sandbox.common.main import options, served, stopped
from sandbox.listener.web import Listener


async def main() -> None:
    async with served(Listener(options(None, Listener.name))):
        await stopped()


asyncio.run(main())
