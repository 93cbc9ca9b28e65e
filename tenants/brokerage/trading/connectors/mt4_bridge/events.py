"""The bridge's events as news. A number missed, a word not understood: ask for everything again."""

from collections.abc import AsyncIterator
from typing import Any, Final
from urllib.parse import urlencode

import msgspec

from brokerage.trading.connector import Deal, Entry, News, Told
from brokerage.trading.connectors.mt4_bridge.records import RawTrade, convert
from brokerage.trading.connectors.mt4_bridge.settings import Settings
from stoa.connectors import websocket
from stoa.connectors.keyring import Keyring
from stoa.connectors.lines import Line
from stoa.connectors.trouble import NoAnswer, Unreadable

_GAP: Final = News(what=Told.GAP)
_BENT: Final = (msgspec.MsgspecError, UnicodeError, RecursionError)


class _Event(msgspec.Struct, frozen=True):
    event: str
    seq: int
    login: int = 0
    run: str = ""
    gap: bool = False
    trade: dict[str, Any] | None = None


class Events:
    """Where the stream was left, so that the next one goes on from there."""

    def __init__(self, settings: Settings, secrets: Keyring, line: Line) -> None:
        self._settings = settings
        self._secrets = secrets
        self._line = line
        self._run = ""
        self._seq = 0

    async def stream(self) -> AsyncIterator[News]:
        """News until the line breaks or falls silent. Raises Unavailable then, and at the door."""
        settings = self._settings
        secure = settings.base_url.rstrip("/")
        place = "ws" + secure.removeprefix("http")
        asked = f"?{urlencode({'run': self._run, 'since': self._seq})}" if self._run else ""
        headers = {"authorization": f"Bearer {self._secrets.current(settings.key)}"}
        socket = await websocket.connect(
            self._line.egress, f"{place}/v1/events{asked}", headers=headers
        )
        try:
            while (text := await socket.receive(settings.silence_s)) is not None:
                for news in self.heard(text):
                    yield news
        finally:
            await socket.aclose()
        raise NoAnswer("The trading server ended the stream.", code="closed")

    def heard(self, text: str) -> tuple[News, ...]:
        """What a message rings for."""
        try:
            event = msgspec.json.decode(text, type=_Event)
        except _BENT:
            return (_GAP,)
        if event.event == "hello":
            self._run, self._seq = event.run, event.seq if event.gap else self._seq
            return (_GAP,) if event.gap else ()
        if event.event == "beat":
            missed, self._seq = event.seq > self._seq, max(event.seq, self._seq)
            return (_GAP,) if missed else ()
        if event.seq <= self._seq:
            return ()
        missed, self._seq = event.seq > self._seq + 1, event.seq
        return ((_GAP,) if missed else ()) + (_news(event),)


def _news(event: _Event) -> News:
    if event.event == "account":
        return News(what=Told.ACCOUNT, login=event.login)
    if event.event not in {"opened", "closed", "balance"}:
        return _GAP
    return News(what=Told.DEAL, login=event.login, deals=_deals(event))


def _deals(event: _Event) -> tuple[Deal, ...]:
    """The deal that just happened; what cannot be read is left to the journal, which puts it aside."""
    try:
        deals = convert(event.trade, RawTrade).deals()
    except Unreadable:
        return ()
    wanted = {"opened": {Entry.IN}, "closed": {Entry.OUT, Entry.OUT_BY}, "balance": {Entry.NONE}}
    return tuple(
        deal for deal in deals if deal.entry in wanted[event.event] and deal.login == event.login
    )
