"""The BrandSocket: Socket.IO over a WebSocket (Engine.IO 4), one connection for each key.

First the state as it is (accounts, positions, waiting orders), then `SyncEnd`, then what changes.
A closed position is told without its account.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Any
from uuid import uuid4

import msgspec

from sandbox.tradelocker import ids, shapes
from sandbox.trading.book import Account
from sandbox.trading.config import Manager
from sandbox.trading.hub import Hub
from sandbox.trading.masks import matches
from sandbox.trading.records import Deal, Order, Position, PositionGone, Record, State, User
from sandbox.trading.symbols import SYMBOLS
from sandbox.trading.web_server import HttpError, Request, Response
from sandbox.trading.websocket import GoneError, Socket, accept

NAMESPACE = "/brand-socket"
PING_MS, PONG_MS = 25_000, 20_000
_STATES = {State.PLACED: "PENDING", State.FILLED: "EXECUTED"}

Json = dict[str, Any]


class Listener:
    """One connection in the namespace: what waits to be told."""

    def __init__(self, socket: Socket, manager: Manager, kind: str) -> None:
        self.socket = socket
        self.manager = manager
        self.kind = kind
        self.waiting: asyncio.Queue[Json] = asyncio.Queue()

    def sees(self, account: Account) -> bool:
        group = account.user.group
        return ids.type_of(group) == self.kind and matches(self.manager.groups, group)


class BrandSocket:
    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._listeners: dict[str, Listener] = {}
        hub.watchers.append(self._changed)

    def meet(self, request: Request, manager: Manager | None) -> Response:
        """Answer a handshake. A wrong key is told in the namespace, as Socket.IO does."""
        if request.query.get("EIO") != "4" or request.query.get("transport") != "websocket":
            raise HttpError(400, "Transport unknown")
        kind = request.query.get("type", "")

        async def talk(socket: Socket) -> None:
            with suppress(GoneError):
                await self._talk(socket, manager, kind)

        return accept(request, talk)

    async def _talk(self, socket: Socket, manager: Manager | None, kind: str) -> None:
        await socket.send("0" + _json({"sid": uuid4().hex, "upgrades": [], **_PACE}))
        if await socket.receive() != f"40{NAMESPACE},":
            socket.abort()
            return
        if manager is None or kind not in (ids.LIVE, ids.DEMO):
            await socket.send(f"44{NAMESPACE}," + _json({"message": "Unauthorized"}))
            return
        await socket.send(f"40{NAMESPACE}," + _json({"sid": uuid4().hex}))
        listener = Listener(socket, manager, kind)
        before = self._listeners.get(manager.password)
        self._listeners[manager.password] = listener
        if before is not None:
            before.socket.abort()
        self._snapshot(listener)
        telling = asyncio.create_task(self._tell(listener))
        pinging = asyncio.create_task(_ping(socket))
        try:
            while await socket.receive() != f"41{NAMESPACE},":
                pass
        finally:
            telling.cancel()
            pinging.cancel()
            if self._listeners.get(manager.password) is listener:
                del self._listeners[manager.password]

    def _snapshot(self, listener: Listener) -> None:
        for account in list(self._hub.book.accounts.values()):
            if not listener.sees(account):
                continue
            listener.waiting.put_nowait(self._status(account))
            for position in account.positions.values():
                listener.waiting.put_nowait(self._position(account, position))
            for order in account.orders.values():
                listener.waiting.put_nowait(_order(account, order))
        listener.waiting.put_nowait({"type": "Property", "name": "SyncEnd"})

    async def _tell(self, listener: Listener) -> None:
        faults, socket = self._hub.faults, listener.socket
        try:
            while True:
                told = await listener.waiting.get()
                if faults.fires("stream_drop"):
                    socket.abort()
                    return
                text = f"42{NAMESPACE}," + _json(["stream", told])
                if faults.fires("stream_noise"):
                    await socket.send(f"42{NAMESPACE}," + _json(["stream", {"type": "Weather"}]))
                    await socket.send(f'42{NAMESPACE},["stream",{{"type":"Position","lots":')
                    await socket.send(text)
                await socket.send(text)
        except GoneError:
            socket.abort()

    def _changed(self, records: Sequence[Record]) -> None:
        if not self._listeners:
            return
        told: list[tuple[Account, Json]] = []
        touched: dict[int, Account] = {}
        closing = {record.position: record for record in records if isinstance(record, Deal)}
        for record in records:
            if not isinstance(record, Deal | Order | Position | PositionGone | User):
                continue
            account = self._hub.book.account(record.login)
            if account is not None:
                touched[account.login] = account
                told += [(account, one) for one in self._news(account, record, closing)]
        told += [(account, self._status(account)) for account in touched.values()]
        for listener in self._listeners.values():
            for account, message in told:
                if listener.sees(account):
                    listener.waiting.put_nowait(message)

    def _news(self, account: Account, record: Record, closing: dict[int, Deal]) -> list[Json]:
        match record:
            case Position():
                return [self._position(account, record)]
            case PositionGone():
                return [_closed(record, closing.get(record.position))]
            case Order():
                return [_order(account, record)]
            case _:
                return []

    def _status(self, account: Account) -> Json:
        row = shapes.statement(self._hub.floor, account, self._hub.clock.now())
        told = {"type": "AccountStatus", "currency": self._hub.floor.group(account).currency}
        names = ("accountId", "balance", "credit", "equity", "marginAvailable", "marginUsed")
        return told | {name: row[name] for name in names} | {"blockedBalance": "0.00"}

    def _position(self, account: Account, position: Position) -> Json:
        row = shapes.position(self._hub.floor, account, position, self._hub.clock.now())
        names = (
            *("accountId", "positionId", "lots", "lotSize", "units", "instrument"),
            *("openPrice", "openDateTime", "side"),
        )
        return {
            "type": "Position",
            **{name: row[name] for name in names},
            "openOrderId": row["positionId"],
            "stopLossOrderId": None,
            "stopLossLimit": row["slPrice"],
            "takeProfitOrderId": None,
            "takeProfitLimit": row["tpPrice"],
            "maintMargin": "0.00",
            "fee": None,
            "swaps": row["swap"],
        }


def _closed(gone: PositionGone, deal: Deal | None) -> Json:
    return {
        "type": "ClosePosition",
        "positionId": ids.number(gone.position),
        "closePrice": shapes.price(deal.symbol, deal.price) if deal else "0",
        "closeDateTime": shapes.iso(deal.time if deal else 0),
    }


def _order(account: Account, order: Order) -> Json:
    return {
        "type": "OpenOrder",
        "accountId": ids.account_id(account),
        "orderId": ids.number(order.order),
        "instrument": order.symbol,
        "amount": shapes.units(order.symbol, order.volume),
        "lotSize": str(SYMBOLS[order.symbol].contract),
        "side": "SELL" if order.kind % 2 else "BUY",
        "price": shapes.price(order.symbol, order.price),
        "status": _STATES.get(State(order.state), "CANCELLED"),
    }


async def _ping(socket: Socket) -> None:
    with suppress(GoneError):
        while True:
            await asyncio.sleep(PING_MS / 1000)
            await socket.send("2")


_PACE = {"pingInterval": PING_MS, "pingTimeout": PONG_MS, "maxPayload": 1_000_000}


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
