"""The TCP port of the Web API: listening, being down by order, and who is connected."""

import asyncio

from sandbox.trading.hub import Hub
from sandbox.trading.session import Session


class WebApiPort:
    """Listens on loopback. While the fault ``down`` is set, connections are refused."""

    def __init__(self, hub: Hub, port: int) -> None:
        self._hub = hub
        self.port = port
        self._server: asyncio.Server | None = None
        self._sessions: set[Session] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def connected(self) -> int:
        return len(self._sessions)

    async def start(self) -> None:
        """Listen; a port of 0 becomes the one the system gave, for good."""
        self._server = await asyncio.start_server(self._meet, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Close the port and cut everybody off."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for session in list(self._sessions):
            session.abort()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=2)

    async def follow_faults(self) -> None:
        """Be down when ``down`` is set, and up again when it is not."""
        down = "down" in self._hub.faults.switches
        if down and self._server is not None:
            await self.stop()
        elif not down and self._server is None:
            await self.start()

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        session = Session(self._hub, reader, writer)
        task = asyncio.current_task()
        self._sessions.add(session)
        if task is not None:
            self._tasks.add(task)
        try:
            await session.run()
        finally:
            self._sessions.discard(session)
            if task is not None:
                self._tasks.discard(task)
