"""Packets of the MT5 Web API: nine characters of header, then the body."""

import asyncio
import re
from collections.abc import Iterator
from dataclasses import dataclass

PREFIX = b"MT5WEBAPI"
HEADER = 9
BODY_MAX = 0xFFFF
MESSAGE_MAX = 2 << 20
"""A request may be told in many packets, but not in more bytes than this."""

_HEADER = re.compile(rb"[0-9a-fA-F]{8}[01]")


class FrameError(Exception):
    """What came is not this protocol; nothing after it can be understood."""


@dataclass(frozen=True)
class Packet:
    number: int
    body: bytes
    more: bool

    @property
    def ping(self) -> bool:
        return not self.body and not self.more


async def read_packet(reader: asyncio.StreamReader, *, first: bool) -> Packet:
    """Read one packet; the very first of a connection begins with the protocol's name.

    Raises:
        FrameError: for a header that is none.
        asyncio.IncompleteReadError: when the other side went away.
    """
    header = await reader.readexactly(HEADER)
    if first:
        if header != PREFIX:
            raise FrameError("the first packet does not begin with MT5WEBAPI")
        header = await reader.readexactly(HEADER)
    if _HEADER.fullmatch(header) is None:
        raise FrameError(f"{header!r} is not a packet header")
    body = await reader.readexactly(int(header[:4], 16))
    return Packet(int(header[4:8], 16), body, header[8:9] == b"1")


def cut(body: bytes, size: int) -> Iterator[tuple[bytes, bool]]:
    """Cut a body into pieces for packets, each with whether more follow."""
    for start in range(0, max(1, len(body)), size):
        yield body[start : start + size], start + size < len(body)


def packet(number: int, body: bytes, *, more: bool = False) -> bytes:
    return b"%04x%04x%d" % (len(body), number, more) + body


def ping(number: int) -> bytes:
    """A packet of no size, with a number nobody waits for: it only keeps the line open."""
    return packet(number, b"")
