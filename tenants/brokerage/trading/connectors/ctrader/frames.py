"""Frames of the Manager API: four bytes of length, the highest first, and an envelope."""

import struct
from collections.abc import Iterator
from typing import Final

import msgspec

from brokerage.trading.connectors.ctrader import wire

LARGEST: Final = 16 * 1024 * 1024
_HEAD: Final = 4
_TYPE, _PAYLOAD, _MESSAGE = 1, 2, 3


class Envelope(msgspec.Struct, frozen=True):
    """`asked` is the id of the question that is answered; events have none."""

    kind: int
    payload: bytes
    asked: str = ""


def pack(kind: int, payload: bytes, asked: str = "") -> bytes:
    body = wire.write([(_TYPE, kind), (_PAYLOAD, payload), (_MESSAGE, asked or None)])
    return struct.pack(">I", len(body)) + body


class FrameParser:
    """Turns pieces of any size into envelopes."""

    def __init__(self) -> None:
        self._held = bytearray()

    def feed(self, piece: bytes) -> Iterator[Envelope]:
        """Raises BrokenMessage for a frame too large, or one that is no envelope."""
        self._held += piece
        while len(self._held) >= _HEAD:
            (length,) = struct.unpack_from(">I", self._held)
            if length > LARGEST:
                raise wire.BrokenMessage("a frame is too large")
            if len(self._held) < _HEAD + length:
                return
            body = bytes(self._held[_HEAD : _HEAD + length])
            del self._held[: _HEAD + length]
            fields = wire.read(body)
            yield Envelope(fields.whole(_TYPE), fields.data(_PAYLOAD), fields.text(_MESSAGE))
