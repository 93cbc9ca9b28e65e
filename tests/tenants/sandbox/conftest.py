from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from support.mt5_peer import Peer
from support.trading_server import TradingServer


@pytest.fixture(scope="session")
async def trading(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[TradingServer]:
    """One server for all tests that leave it as it was."""
    server = await TradingServer(tmp_path_factory.mktemp("trading")).start()
    yield server
    await server.stop()


@pytest.fixture
async def peer(trading: TradingServer) -> AsyncIterator[Peer]:
    peer = await trading.peer()
    yield peer
    peer.writer.close()


@pytest.fixture
async def own(tmp_path: Path) -> AsyncIterator[TradingServer]:
    """A server of the test's own, to break and to restart."""
    server = await TradingServer(tmp_path / "state").start()
    yield server
    await server.stop()


@pytest.fixture(scope="session")
async def still(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[TradingServer]:
    """A server whose clock stands still until a test moves it: prices stay as they are."""
    server = await TradingServer(tmp_path_factory.mktemp("still")).start()
    await server.post("/clock", now="2025-06-11T10:00:00", frozen=True)
    yield server
    await server.stop()


@pytest.fixture
async def desk(still: TradingServer) -> AsyncIterator[Peer]:
    peer = await still.peer()
    yield peer
    peer.writer.close()
