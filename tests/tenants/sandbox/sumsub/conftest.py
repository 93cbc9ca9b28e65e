from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from support.checkers import Checker
from support.standins import Listener, Standin


@pytest.fixture(scope="session")
async def sumsub(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Standin]:
    """One process for all tests that leave others' merchants alone."""
    standin = await Standin("sumsub", tmp_path_factory.mktemp("sumsub")).start()
    yield standin
    await standin.stop()


@pytest.fixture
async def own(tmp_path: Path) -> AsyncIterator[Standin]:
    """A process of the test's own, to break and to restart."""
    standin = await Standin("sumsub", tmp_path / "state").start()
    yield standin
    await standin.stop()


@pytest.fixture
async def hooks() -> AsyncIterator[Listener]:
    listener = await Listener().open()
    yield listener
    await listener.close()


@pytest.fixture
async def checker(sumsub: Standin, hooks: Listener) -> Checker:
    return await Checker(sumsub, hooks).open()
