"""The machine's Chromium, for tests that look at pages as a person does."""

import os
import shutil
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Browser, async_playwright

_NAMES = (
    os.environ.get("STOA_CHROMIUM", ""),
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
)
CHROMIUM = next(filter(None, map(shutil.which, _NAMES)), None)
WITHOUT = "no Chromium or Chrome here: `apt-get install chromium` gives one"
NEEDED = [pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason=WITHOUT)]
"""The marks of a module whose tests all look at pages."""
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
"""A container's shared memory is too small for a page."""


@asynccontextmanager
async def chromium() -> AsyncGenerator[Browser]:
    async with async_playwright() as play:
        browser = await play.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        await browser.close()
