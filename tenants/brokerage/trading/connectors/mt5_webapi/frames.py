"""Packets: nine characters of header, then a body. Pure: bytes in, frames out.

Header: four hex digits of body size, four of packet number, one flag. The very first packet of a
connection is preceded by `MT5WEBAPI`. Flag 1 says that more of the same answer follows.
"""

from typing import Final

import msgspec

PREFIX: Final = b"MT5WEBAPI"
HEADER: Final = 9
LARGEST: Final = 0xFFFF
LAST_NUMBER: Final = 0x3FFF
_HEX: Final = frozenset(b"0123456789abcdefABCDEF")


class BrokenFrame(ValueError):
    """The byte stream is not this protocol; the connection cannot be trusted any further."""


class Frame(msgspec.Struct, frozen=True):
    number: int
    more: bool
    body: bytes

    @property
    def ping(self) -> bool:
        """An empty packet; with a number nobody waits for, it only keeps the connection alive."""
        return not self.body and not self.more


def pack(number: int, body: bytes, *, first: bool = False) -> bytes:
    """One packet as it goes over the wire; `body` is already encoded and encrypted."""
    if len(body) > LARGEST:
        raise BrokenFrame("a packet holds at most 65,535 bytes")
    if not 0 < number <= LAST_NUMBER:
        raise BrokenFrame("client packets are numbered 1 to 16383")
    return (PREFIX if first else b"") + b"%04x%04x0" % (len(body), number) + body


def next_number(number: int) -> int:
    return 1 if number >= LAST_NUMBER else number + 1


class FrameParser:
    """Takes the stream in any pieces and gives whole frames back."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, piece: bytes) -> list[Frame]:
        """Raises BrokenFrame at the first header that is none; feed nothing after that."""
        self._buffer += piece
        frames: list[Frame] = []
        while len(self._buffer) >= HEADER:
            size, number, more = _header(bytes(self._buffer[:HEADER]))
            if len(self._buffer) < HEADER + size:
                break
            frames.append(Frame(number, more, bytes(self._buffer[HEADER : HEADER + size])))
            del self._buffer[: HEADER + size]
        return frames

    @property
    def waiting(self) -> int:
        """Bytes of an unfinished packet, never more than one whole packet."""
        return len(self._buffer)


def _header(head: bytes) -> tuple[int, int, bool]:
    # int() also takes signs, spaces and underscores, which no server writes.
    if not _HEX.issuperset(head) or head[8:] not in {b"0", b"1"}:
        raise BrokenFrame("this is not a packet header")
    return int(head[:4], 16), int(head[4:8], 16), head[8:] == b"1"
