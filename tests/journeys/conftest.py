"""One whole installation for all journeys, and its people: at Chromium here, without scripts there.

Everything is walked on two sub-brokers at once. Nova's owner, officer, head of finance, partner and
client sit at Chromium, and so does the operator; all others, and everybody of Vela, use the same
pages without scripts. Vela is provisioned over the API, and both are watched over it. What one journey leaves behind is where the
next one begins, so that each first asks the `world` for what must have happened before. The
installation ends with the last of them: it would run beside all other tests.
"""

from collections.abc import AsyncIterator, Iterator

import pytest
from playwright.async_api import Browser

from support.chromium import CHROMIUM, WITHOUT, chromium
from support.walk.installation import Installation, installed
from support.walk.world import World


@pytest.fixture(scope="package")
def installation() -> Iterator[Installation]:
    if CHROMIUM is None:
        pytest.skip(WITHOUT)
    with installed() as running:
        yield running


@pytest.fixture(scope="package")
async def browser(installation: Installation) -> AsyncIterator[Browser]:
    async with chromium() as running:
        yield running


@pytest.fixture(scope="package")
async def world(installation: Installation, browser: Browser) -> AsyncIterator[World]:
    walked = World(installation, browser)
    yield walked
    await walked.close()
