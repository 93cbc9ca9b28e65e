from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from support.shops import BetaShop
from support.standins import Listener, Standin


@pytest.fixture(scope="session")
async def beta(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Standin]:
    """One process for all tests that leave others' merchants alone."""
    standin = await Standin("beta", tmp_path_factory.mktemp("beta")).start()
    yield standin
    await standin.stop()


@pytest.fixture
async def own(tmp_path: Path) -> AsyncIterator[Standin]:
    """A process of the test's own, to break and to restart."""
    standin = await Standin("beta", tmp_path / "state").start()
    yield standin
    await standin.stop()


@pytest.fixture
async def hooks() -> AsyncIterator[Listener]:
    listener = await Listener().open()
    yield listener
    await listener.close()


@pytest.fixture
async def shop(beta: Standin, hooks: Listener) -> BetaShop:
    shop = BetaShop(beta, hooks)
    await shop.open()
    return shop
