"""Packets of Socket.IO 4 inside those of Engine.IO 4, as texts over a WebSocket. Pure.

`0{...}` opens, `2` and `3` are ping and pong, `4` carries Socket.IO: `40/ns,` joins a namespace, `42/ns,[...]`
is an event, `44/ns,{...}` refuses. Attachments in bytes are nothing this stream has.
"""

import re
from enum import StrEnum
from typing import Any, Final

import msgspec

from stoa.connectors.trouble import Unreadable

_JSON: Final = msgspec.json.Decoder()
_SOCKET: Final = re.compile(r"(?:(/[^,]{0,200}),?)?([0-9]{0,18})(.*)", re.DOTALL)


class Kind(StrEnum):
    OPEN = "open"
    CLOSE = "close"
    PING = "ping"
    PONG = "pong"
    JOINED = "joined"
    LEFT = "left"
    EVENT = "event"
    REFUSED = "refused"
    OTHER = "other"


_ENGINE: Final = {
    "0": Kind.OPEN,
    "1": Kind.CLOSE,
    "2": Kind.PING,
    "3": Kind.PONG,
    "5": Kind.OTHER,
    "6": Kind.OTHER,
}
_MESSAGES: Final = {
    "0": Kind.JOINED,
    "1": Kind.LEFT,
    "2": Kind.EVENT,
    "3": Kind.OTHER,
    "4": Kind.REFUSED,
}


class Packet(msgspec.Struct, frozen=True):
    """`data` is what was carried; None where that was nothing, or cannot be read."""

    kind: Kind
    namespace: str = "/"
    data: Any = None


def parse(text: str) -> Packet:
    """Raises Unreadable for what is no packet. An event whose content is bent is one without any."""
    if text[:1] in _ENGINE:
        return Packet(_ENGINE[text[0]], data=_read(text[1:]))
    if text[:1] != "4" or text[1:2] not in _MESSAGES:
        raise Unreadable("The trading server's answer could not be read.", code="no-packet")
    found = _SOCKET.fullmatch(text[2:])
    if found is None:
        raise Unreadable("The trading server's answer could not be read.", code="no-packet")
    return Packet(_MESSAGES[text[1]], found[1] or "/", _read(found[3]))


def _read(text: str) -> Any:
    try:
        return _JSON.decode(text) if text else None
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        return None
