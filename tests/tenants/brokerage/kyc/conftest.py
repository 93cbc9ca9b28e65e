from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from support.verification import Provider, listed, provider


@pytest.fixture
async def sumsub(house, aurora, tmp_path: Path) -> AsyncIterator[Provider]:
    """The provider in a process of its own, with a small list loaded to screen against."""
    await listed(house)
    async with provider(house, aurora, tmp_path / "sumsub") as made:
        yield made


@pytest.fixture
async def lists(house, aurora) -> None:
    """A small list is loaded; officers look at documents themselves."""
    await listed(house)
