"""Tag=value on the wire, as the acceptor writes and reads it."""

import datetime as dt
import re
from collections.abc import Iterable

Fields = list[tuple[int, str]]

_FRAME = re.compile(rb"8=(?P<begin>[^\x01]+)\x019=(?P<length>\d+)\x01")
_TRAILER = 7


class BrokenError(Exception):
    """What came is no FIX: this acceptor hangs up."""


def write(begin: str, fields: Iterable[tuple[int, object]]) -> bytes:
    body = "".join(f"{tag}={value}\x01" for tag, value in fields).encode()
    head = f"8={begin}\x019={len(body)}\x01".encode() + body
    return head + f"10={sum(head) % 256:03d}\x01".encode()


def read(held: bytearray) -> tuple[str, Fields] | None:
    """Take one whole message out of what was received; None while there is none."""
    found = _FRAME.match(held)
    if found is None:
        if len(held) > 64:
            raise BrokenError("no message begins here")
        return None
    end = found.end() + int(found["length"]) + _TRAILER
    if len(held) < end:
        return None
    whole, begin, start = bytes(held[:end]), found["begin"].decode(), found.end()
    del held[:end]
    if whole[-_TRAILER:] != f"10={sum(whole[:-_TRAILER]) % 256:03d}\x01".encode():
        raise BrokenError("the checksum is wrong")
    fields: Fields = []
    for piece in whole[start:-_TRAILER].decode("latin-1").split("\x01")[:-1]:
        tag, _, value = piece.partition("=")
        fields.append((int(tag), value))
    return begin, fields


def value(fields: Fields, tag: int) -> str:
    return next((text for name, text in fields if name == tag), "")


def stamp(at: dt.datetime | None = None) -> str:
    at = at or dt.datetime.now(dt.UTC)
    return f"{at:%Y%m%d-%H:%M:%S}.{at.microsecond // 1000:03d}"


def stamp_ms(at_ms: int) -> str:
    return stamp(dt.datetime.fromtimestamp(at_ms / 1000, dt.UTC))
