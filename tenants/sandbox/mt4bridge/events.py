"""Events of trades and accounts over a WebSocket, numbered, with the last thousand to catch up on."""

import asyncio
import os
from collections import deque
from collections.abc import Sequence
from typing import Any

import msgspec

from sandbox.mt4bridge import shapes, tickets
from sandbox.trading.hub import Hub
from sandbox.trading.records import Deal, Entry, Record, User
from sandbox.trading.web_server import Request, Response
from sandbox.trading.websocket import GoneError, Socket, accept

BEAT_S = 5.0
_KEPT = 1_000
_WAITING = 10_000


class Events:
    """Told by the engine of every change; tells whoever listens."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._run = os.urandom(6).hex()
        self._seq = 0
        self._kept: deque[dict[str, Any]] = deque(maxlen=_KEPT)
        self._listeners: set[asyncio.Queue[dict[str, Any]]] = set()
        hub.watchers.append(self._changed)

    def meet(self, request: Request) -> Response:
        """Take a listener in, with what it missed."""
        run, since = request.query.get("run", ""), request.query.get("since", "")
        return accept(request, lambda socket: self._talk(socket, run, since))

    async def _talk(self, socket: Socket, run: str, since: str) -> None:
        first = self._seq - len(self._kept)
        known = run == self._run and since.isdecimal() and first <= int(since) <= self._seq
        queue: asyncio.Queue[dict[str, Any]] = asyncio.Queue(_WAITING)
        queue.put_nowait({"event": "hello", "run": self._run, "seq": self._seq, "gap": not known})
        for event in self._kept if known else ():
            if event["seq"] > int(since):
                queue.put_nowait(event)
        self._listeners.add(queue)
        hearing = asyncio.create_task(_until_gone(socket))
        telling = asyncio.create_task(self._tell(socket, queue))
        try:
            await asyncio.wait({hearing, telling}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._listeners.discard(queue)
            hearing.cancel()
            telling.cancel()
            socket.abort()

    async def _tell(self, socket: Socket, queue: asyncio.Queue[dict[str, Any]]) -> None:
        faults = self._hub.faults
        try:
            while True:
                try:
                    event = await asyncio.wait_for(queue.get(), BEAT_S)
                except TimeoutError:
                    event = {"event": "beat", "seq": self._seq}
                if "login" in event and faults.fires("stream_drop"):
                    return
                text = msgspec.json.encode(event).decode()
                if faults.fires("stream_noise"):
                    await socket.send('{"seq": 1, "event": "weather", "login": 0}')
                    await socket.send(text[: len(text) // 2])
                    await socket.send(text)
                await socket.send(text)
        except GoneError:
            return

    def _changed(self, records: Sequence[Record]) -> None:
        for record in records:
            match record:
                case Deal():
                    self._traded(record)
                case User():
                    self._put("account", record.login)
                case _:
                    pass

    def _traded(self, deal: Deal) -> None:
        account = self._hub.book.account(deal.login)
        if account is None or self._hub.floor.group(account).netting:
            return
        # Of the ticket that this deal was, opened or ended; a rest has its root's opening deal.
        found = [one for one in tickets.tickets(account) if one.deal == deal.deal]
        kind = "balance" if not deal.trade else "opened" if deal.entry == Entry.IN else "closed"
        for ticket in found[:1]:
            told = shapes.trade(self._hub.floor, account, ticket, self._hub.clock.now())
            self._put(kind, deal.login, told)

    def _put(self, kind: str, login: int, trade: dict[str, Any] | None = None) -> None:
        self._seq += 1
        event: dict[str, Any] = {"seq": self._seq, "event": kind, "login": login}
        if trade is not None:
            event["trade"] = trade
        self._kept.append(event)
        for queue in list(self._listeners):
            if queue.full():
                self._listeners.discard(queue)  # Too slow: it will miss a number and ask again.
            else:
                queue.put_nowait(event)


async def _until_gone(socket: Socket) -> None:
    try:
        while True:
            await socket.receive()
    except GoneError:
        return
