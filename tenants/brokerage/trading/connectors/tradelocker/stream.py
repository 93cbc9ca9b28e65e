"""The BrandSocket: what changes, told as it happens.

A connection begins with the state as it is, until `SyncEnd`; that is where the news begin, with a GAP: what
was before was not heard. A closed position is told without its account, which is remembered from when
the position was told. A message that cannot be read is a GAP too: something was said.

Only one connection for each key is kept by the platform: a second one takes the first one's place.
"""

from collections.abc import AsyncIterator
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

from brokerage.trading.connector import News, Told
from brokerage.trading.connectors.tradelocker import ids
from brokerage.trading.connectors.tradelocker.link import ROOT, Link
from brokerage.trading.connectors.tradelocker.packets import Kind, Packet, parse
from stoa.connectors import loose, websocket
from stoa.connectors.trouble import NoAnswer, Unreachable, Unreadable
from stoa.connectors.websocket import Handshake, WebSocket
from stoa.kernel.refusals import Unavailable

NAMESPACE: Final = "/brand-socket"
_EVENT: Final = "stream"
_JOIN_S: Final = 15.0
_SYNC_S: Final = 120.0
_LONGEST_S: Final = 300.0
_DENIED: Final = frozenset({401, 403})


class Memory:
    """What one connection has told: whose each position is and how large, how each account stands."""

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._positions: dict[str, tuple[int, str]] = {}
        self._standing: dict[int, tuple[str, str]] = {}
        self.synced = False

    def hear(self, told: Any) -> list[News]:
        """What a message of the stream is news of.

        Raises:
            Unreadable: it tells something of a kind we know, and not what.
            Unavailable: the platform says that its connection has failed.
        """
        message = loose.mapping(told)
        if not message:
            raise Unreadable("The trading server's answer could not be read.", code="no-message")
        match message.get("type"):
            case "Property":
                return self._property(message)
            case "Position":
                return self._position(message)
            case "ClosePosition":
                return self._closed(message)
            case "AccountStatus":
                return self._account(message)
            case "OpenOrder":
                login = self._login(message)
                filled = message.get("status") == "EXECUTED"
                return self._news((Told.DEAL, login)) if filled else []
            case "ConnectionErrorMessage" if message.get("status") != "ok":
                raise Unavailable(
                    "The trading server refused: {reason}.",
                    code="stream-error",
                    reason=loose.text(message.get("message")) or "its stream has failed",
                )
            case _:
                return []

    def _news(self, *told: tuple[Told, int]) -> list[News]:
        return [News(what=what, login=login) for what, login in told] if self.synced else []

    def _property(self, message: dict[str, Any]) -> list[News]:
        if message.get("name") != "SyncEnd" or self.synced:
            return []
        self.synced = True
        return self._news((Told.GAP, 0))

    def _position(self, message: dict[str, Any]) -> list[News]:
        login, position = self._login(message), _id(message)
        before = self._positions.get(position)
        self._positions[position] = (login, loose.text(message.get("lots")))
        if before == self._positions[position]:
            return self._news((Told.POSITION, login))
        # It is new, or larger or smaller than it was: there was a deal.
        return self._news((Told.DEAL, login), (Told.POSITION, login))

    def _closed(self, message: dict[str, Any]) -> list[News]:
        login, _ = self._positions.pop(_id(message), (0, ""))
        return self._news((Told.DEAL, login), (Told.POSITION, login))

    def _account(self, message: dict[str, Any]) -> list[News]:
        """Equity moves with every price and is no news; money is."""
        login = self._login(message)
        stands = loose.text(message.get("balance")), loose.text(message.get("credit"))
        before = self._standing.get(login)
        self._standing[login] = stands
        return [] if before == stands else self._news((Told.ACCOUNT, login))

    def _login(self, message: dict[str, Any]) -> int:
        return ids.login_of(message.get("accountId"), self._kind)


def _id(message: dict[str, Any]) -> str:
    found = message.get("positionId")
    if not isinstance(found, str) or not found.isascii() or not found.isdigit() or len(found) > 19:
        raise Unreadable("The trading server's answer could not be read.", code="no-position")
    return found


async def listen(link: Link) -> AsyncIterator[News]:
    """One connection, for as long as it holds.

    Raises:
        Refusal: it did not come about, was refused, fell silent or broke.
    """
    socket, wait_s = await _open(link)
    memory = Memory(link.settings.kind)
    try:
        while True:
            text = await socket.receive(wait_s if memory.synced else _SYNC_S)
            if text is None:
                raise NoAnswer("The trading server's connection is gone.", code="closed")
            for news in await _take(socket, memory, parse(text)):
                yield news
    finally:
        await socket.aclose()


async def _take(socket: WebSocket, memory: Memory, packet: Packet) -> list[News]:
    match packet.kind:
        case Kind.PING:
            await socket.send("3")
        case Kind.CLOSE | Kind.LEFT:
            raise NoAnswer("The trading server's connection is gone.", code="closed")
        case Kind.REFUSED:
            raise _refused(packet)
        case Kind.EVENT if packet.namespace == NAMESPACE:
            try:
                return memory.hear(_told(packet.data))
            except Unreadable:
                return [News(what=Told.GAP)] if memory.synced else []
        case _:
            pass
    return []


def _told(data: Any) -> Any:
    """The message of a `stream` event; another event is one we do not know."""
    if not isinstance(data, list) or not data:
        raise Unreadable("The trading server's answer could not be read.", code="no-event")
    if data[0] != _EVENT:
        return {"type": "another event"}
    return data[1] if len(data) > 1 else None


async def _open(link: Link) -> tuple[WebSocket, float]:
    """Join the namespace; the second value is how long silence may last."""
    async with link.line.guard():
        try:
            socket = await websocket.connect(link.line.egress, _url(link), headers=link.headers())
        except Handshake as why:
            if why.answered in _DENIED:
                raise Unreachable("The trading server did not let us in.", code=why.code) from why
            raise
        try:
            return socket, await _join(socket)
        except BaseException:
            await socket.aclose()
            raise


async def _join(socket: WebSocket) -> float:
    opened = parse(await socket.receive(_JOIN_S) or "")
    pace = loose.mapping(opened.data)
    if opened.kind is not Kind.OPEN or not pace:
        raise Unreadable("The trading server's answer could not be read.", code="no-opening")
    await socket.send(f"40{NAMESPACE},")
    while (packet := parse(await socket.receive(_JOIN_S) or "")).kind is not Kind.JOINED:
        if packet.kind is Kind.REFUSED:
            raise _refused(packet)
        if packet.kind is Kind.PING:
            await socket.send("3")
    asked = sum(loose.whole(pace.get(name)) or 0 for name in ("pingInterval", "pingTimeout"))
    return min(max(asked / 1000, 1.0), _LONGEST_S)


def _refused(packet: Packet) -> Unavailable:
    reason = loose.text(loose.mapping(packet.data).get("message"))
    return Unreachable(
        "The trading server did not let us in: {reason}.",
        code="stream-refused",
        reason=reason or "it gave no reason",
    )


def _url(link: Link) -> str:
    parts = urlsplit(link.settings.base_url)
    scheme = {"https": "wss", "http": "ws"}.get(parts.scheme, parts.scheme)
    query = f"type={link.settings.kind}&EIO=4&transport=websocket"
    return urlunsplit((scheme, parts.netloc, f"{ROOT}/socket.io/", query, ""))
