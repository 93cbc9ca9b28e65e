from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from support.shops import AlphaShop
from support.standins import Listener, Standin


@pytest.fixture(scope="session")
async def alpha(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Standin]:
    """One process for all tests that leave others' merchants alone."""
    standin = await Standin("alpha", tmp_path_factory.mktemp("alpha")).start()
    yield standin
    await standin.stop()


@pytest.fixture
async def own(tmp_path: Path) -> AsyncIterator[Standin]:
    """A process of the test's own, to break and to restart."""
    standin = await Standin("alpha", tmp_path / "state").start()
    yield standin
    await standin.stop()


@pytest.fixture
async def hooks() -> AsyncIterator[Listener]:
    listener = await Listener().open()
    yield listener
    await listener.close()


@pytest.fixture
async def shop(alpha: Standin, hooks: Listener) -> AlphaShop:
    shop = AlphaShop(alpha, hooks)
    await shop.open()
    return shop
