"""FIX on the wire: tag=value fields, length and checksum, and messages cut out of a stream.

What has no right frame is garbled: the standard wants it ignored, as the gap it leaves is asked for.
Source: FIX Session Layer, "Message format" and "Garbled message".
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

SOH: Final = b"\x01"
LARGEST: Final = 256 * 1024
_HEAD: Final = b"8=FIX"
_START: Final = b"\x018=FIX"
_LENGTH: Final = re.compile(rb"8=(FIX[^\x01]{1,12})\x019=(\d{1,6})\x01")
_HEAD_MOST: Final = 32
_TRAILER: Final = re.compile(rb"10=(\d{3})\x01")
_TAG: Final = re.compile(rb"[1-9]\d{0,8}")
_TRAILER_LENGTH: Final = 7
_DATA: Final = {
    90: 91,
    93: 89,
    95: 96,
    212: 213,
    348: 349,
    350: 351,
    352: 353,
    354: 355,
    356: 357,
    358: 359,
    360: 361,
    362: 363,
    364: 365,
    1401: 1402,
    1403: 1404,
}
"""Fields that give the length of the next one, which may hold the separator itself."""

Field = tuple[int, str]


@dataclass(frozen=True, slots=True)
class Message:
    """A message with a right frame. `bent` says why its fields could not all be read."""

    raw: bytes
    begin: str
    fields: tuple[Field, ...]
    bent: str = ""

    @property
    def kind(self) -> str:
        """MsgType, tag 35."""
        return self.get(35)

    def get(self, tag: int) -> str:
        """The first field of this tag; empty where there is none."""
        return next((value for name, value in self.fields if name == tag), "")

    def whole(self, tag: int) -> int | None:
        """A field as a number without sign, None where it is none."""
        text = self.get(tag)
        return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else None

    def flag(self, tag: int) -> bool:
        return self.get(tag) == "Y"

    def group(self, count: int, first: int) -> list[tuple[Field, ...]]:
        """The entries of a repeating group: each begins with `first`, after the counting tag."""
        entries: list[list[Field]] = []
        inside = False
        for name, value in self.fields:
            if name == count:
                inside = True
            elif inside and name == first:
                entries.append([(name, value)])
            elif entries:
                entries[-1].append((name, value))
        return [tuple(entry) for entry in entries]


@dataclass(frozen=True, slots=True)
class Garbled:
    raw: bytes
    why: str


def checksum(data: bytes) -> int:
    return sum(data) % 256


def encode(begin: str, fields: Iterable[tuple[int, str | int]]) -> bytes:
    """A whole message; `fields` begin with MsgType (35). Raises ValueError for a separator inside."""
    body = bytearray()
    for tag, value in fields:
        text = str(value).encode()
        if SOH in text or not text:
            raise ValueError(f"tag {tag} is empty or holds a separator")
        body += b"%d=%s\x01" % (tag, text)
    head = b"8=%s\x019=%d\x01" % (begin.encode(), len(body))
    whole = head + bytes(body)
    return whole + b"10=%03d\x01" % checksum(whole)


class Framer:
    """Cuts a stream into messages, however it is split; finds the next start after garbage."""

    def __init__(self) -> None:
        self._held = bytearray()

    @property
    def pending(self) -> int:
        """Bytes of a message that has not ended yet."""
        return len(self._held)

    def feed(self, piece: bytes) -> list[Message | Garbled]:
        self._held += piece
        found: list[Message | Garbled] = []
        while self._held:
            one = self._next()
            if one is None:
                break
            found.append(one)
        return found

    def _next(self) -> Message | Garbled | None:
        held = self._held
        if not held.startswith(_HEAD):
            if _HEAD.startswith(bytes(held)):
                return None
            return self._skip("no BeginString where a message begins", 0)
        head = _LENGTH.match(held)
        if head is None:
            if len(held) < _HEAD_MOST and held.count(SOH) < 2:
                return None
            return self._skip("BeginString and BodyLength do not open it", 1)
        begin, body, length = head[1].decode("ascii", "replace"), head.end(), int(head[2])
        if length > LARGEST:
            return self._skip("BodyLength is larger than any message may be", 1)
        end = body + length + _TRAILER_LENGTH
        if len(held) < end:
            return None
        whole = bytes(held[:end])
        why = _wrong(whole, body)
        if why:
            return self._skip(why, 1)
        del held[:end]
        return _message(whole, begin, body)

    def _skip(self, why: str, start: int) -> Garbled | None:
        """Drop up to where the next message may begin."""
        at = self._held.find(_START, start)
        if at >= 0:
            cut = at + 1
        else:
            # The last bytes may be the beginning of what is still to come.
            tail = len(_START) - 1
            cut = max(len(self._held) - tail, 0)
            while cut < len(self._held) and not _START.startswith(bytes(self._held[cut:])):
                cut += 1
            if cut < len(self._held):
                cut += 1  # its separator belongs to what is dropped
        if not cut:
            return None
        dropped = bytes(self._held[:cut])
        del self._held[:cut]
        return Garbled(dropped[:LARGEST], why)


def _wrong(whole: bytes, body: int) -> str:
    """Why a frame is none, empty when it is one."""
    trailer = _TRAILER.fullmatch(whole, len(whole) - _TRAILER_LENGTH)
    if trailer is None or whole[-_TRAILER_LENGTH - 1 : -_TRAILER_LENGTH] != SOH:
        return "BodyLength does not lead to the CheckSum"
    if checksum(whole[:-_TRAILER_LENGTH]) != int(trailer[1]):
        return "CheckSum is wrong"
    if not whole.startswith(b"35=", body):
        return "MsgType is not the third field"
    return ""


def _message(whole: bytes, begin: str, body: int) -> Message:
    fields: list[Field] = []
    at, end = body, len(whole) - _TRAILER_LENGTH
    data_tag, data_length = 0, 0
    while at < end:
        equals = whole.find(b"=", at, end)
        stop = whole.find(SOH, at, end)
        name = whole[at:equals] if 0 <= equals < stop else b""
        if _TAG.fullmatch(name) is None:
            return Message(whole, begin, tuple(fields), "a field is not tag=value")
        tag = int(name)
        if tag == data_tag and equals + 1 + data_length < end:
            stop = equals + 1 + data_length
            if whole[stop : stop + 1] != SOH:
                return Message(whole, begin, tuple(fields), f"tag {tag} is not as long as it says")
        value = whole[equals + 1 : stop]
        if not value:
            return Message(whole, begin, tuple(fields), f"tag {tag} has no value")
        fields.append((tag, value.decode("utf-8", "replace")))
        data_tag = _DATA.get(tag, 0)
        data_length = int(value) if data_tag and value.isdigit() and len(value) < 7 else 0
        at = stop + 1
    return Message(whole, begin, tuple(fields))


def text_of(fields: Sequence[Field], tag: int) -> str:
    """The first field of a tag in a group's entry."""
    return next((value for name, value in fields if name == tag), "")
