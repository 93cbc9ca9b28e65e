"""The TCP port of the Manager API: listening, being down by order, and who is connected."""

import asyncio
import ssl

import msgspec

from sandbox.ctrader.plant import Plant
from sandbox.ctrader.session import Session
from sandbox.trading.web_server import Request, Response, Router, reply


class CutForm(msgspec.Struct, forbid_unknown_fields=True):
    after: int = 0


class ManagerPort:
    """Listens on loopback, plain or with TLS."""

    def __init__(self, plant: Plant, port: int, tls: ssl.SSLContext | None = None) -> None:
        self._plant = plant
        self.port = port
        self._tls = tls
        self._server: asyncio.Server | None = None
        self._sessions: set[Session] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def connected(self) -> int:
        return len(self._sessions)

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._meet, "127.0.0.1", self.port, ssl=self._tls)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        for session in list(self._sessions):
            session.abort()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=2)

    async def follow_faults(self) -> None:
        """Be down when ``down`` is set, and up again when it is not."""
        down = "down" in self._plant.faults.switches
        if down and self._server is not None:
            await self.stop()
        elif not down and self._server is None:
            await self.start()

    def enter(self, router: Router) -> None:
        router.add("POST", "/cut", self.cut)

    async def cut(self, request: Request) -> Response:
        """A lever: every connection breaks after so many bytes more."""
        form = request.read(CutForm)
        cut = [session.cut(form.after) for session in list(self._sessions)]
        return reply({"cut": sum(cut)})

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        session = Session(self._plant, reader, writer)
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
