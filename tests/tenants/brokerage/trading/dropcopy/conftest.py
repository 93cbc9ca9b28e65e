"""A drop copy of its own for every test: an acceptor as a process, and a broker that listens."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from support.fix_desk import FixDesk, fix_desk, started
from support.fixtures import House


@pytest.fixture(params=["FIX.4.4", "FIXT.1.1"])
async def both(
    request: Any, house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[FixDesk]:
    """In either version of the protocol."""
    server = await started(tmp_path / "fix")
    try:
        async with fix_desk(house, server, monkeypatch, version=request.param) as desk:
            yield desk
    finally:
        await server.stop()


@pytest.fixture
async def copy(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[FixDesk]:
    server = await started(tmp_path / "fix")
    try:
        async with fix_desk(house, server, monkeypatch) as desk:
            yield desk
    finally:
        await server.stop()
