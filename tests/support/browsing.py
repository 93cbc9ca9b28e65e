"""The product served to a real browser by this process, over the rows that a test has made."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from granian.constants import Interfaces
from granian.server.embed import Server
from playwright.async_api import Page

from stoa.cli import ports
from stoa.tenancy.registry import TenantRef
from support.chromium import chromium
from support.fixtures import House
from support.patience import LONGEST_S, until
from support.web import Browser, application


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


@asynccontextmanager
async def window(
    house: House, tenant: TenantRef, visitor: Browser | None = None, *, scripts: bool = True
) -> AsyncGenerator[Page]:
    """A window at a tenant's host, signed in as `visitor` is; paths are the host's own."""
    async with served(house) as port, chromium() as browser:
        context = await browser.new_context(
            base_url=f"http://{tenant.host}:{port}", java_script_enabled=scripts, locale="en-GB"
        )
        context.set_default_timeout(LONGEST_S * 1000)
        page = await context.new_page()
        if visitor is not None:
            await page.goto("/")
            await become(page, visitor)
        yield page


async def become(page: Page, visitor: Browser) -> None:
    """From now on the window has the cookies of `visitor`, and no others."""
    await page.context.clear_cookies()
    await page.context.add_cookies(
        [
            {"name": one.name, "value": one.value or "", "url": page.url}
            for one in visitor.http.cookies.jar
        ]
    )
