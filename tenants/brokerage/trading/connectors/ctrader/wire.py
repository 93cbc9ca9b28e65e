"""Protocol buffers as bytes: the few rules that the Manager API needs, and no more.

Pure and strict: a number has at most ten bytes, a field lies within its message, groups (which the
interface never uses) are refused, and a field of another type than expected is refused too.
"""

import struct
from collections.abc import Iterable, Mapping
from typing import Final

_WORD: Final = (1 << 64) - 1
_SIGN: Final = 1 << 63
_LONGEST: Final = 10
_VARINT, _EIGHT, _BYTES, _FOUR = 0, 1, 2, 5

Value = int | str | bytes | float | bool


class BrokenMessage(ValueError):
    """Bytes that are no message, or a message that lacks what it must have."""


def varint(value: int) -> bytes:
    """Seven bits a byte, the lowest first; a negative number as its 64 bits."""
    left = value & _WORD
    out = bytearray()
    while left > 0x7F:
        out.append(left & 0x7F | 0x80)
        left >>= 7
    out.append(left)
    return bytes(out)


def write(fields: Iterable[tuple[int, Value | None]]) -> bytes:
    """Fields by number in the order given; what is None is left out."""
    out = bytearray()
    for number, value in fields:
        if value is None:
            continue
        if isinstance(value, int):
            out += varint(number << 3 | _VARINT) + varint(int(value))
        elif isinstance(value, float):
            out += varint(number << 3 | _EIGHT) + struct.pack("<d", value)
        else:
            data = value.encode() if isinstance(value, str) else value
            out += varint(number << 3 | _BYTES) + varint(len(data)) + data
    return bytes(out)


def read(data: bytes) -> "Fields":
    """Raises BrokenMessage where the bytes are no message."""
    found: dict[int, list[tuple[int, int | bytes]]] = {}
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        number, kind = tag >> 3, tag & 7
        if not number:
            raise BrokenMessage("a field without a number")
        value: int | bytes
        if kind == _VARINT:
            value, at = _varint(data, at)
        else:
            value, at = _bytes(data, at, kind)
        found.setdefault(number, []).append((kind, value))
    return Fields(found)


class Fields:
    """A message's fields by number. The last of a doubled field counts, as the rules have it."""

    __slots__ = ("_found",)

    def __init__(self, found: Mapping[int, list[tuple[int, int | bytes]]]) -> None:
        self._found = found

    def has(self, number: int) -> bool:
        return number in self._found

    def whole(self, number: int, default: int | None = None) -> int:
        """A signed 64-bit number. Raises BrokenMessage: missing without a default, or no number."""
        held = self._found.get(number)
        if held is None:
            if default is None:
                raise BrokenMessage(f"field {number} is missing")
            return default
        return _signed(number, *held[-1])

    def wholes(self, number: int) -> list[int]:
        """A repeated number, packed or not."""
        out: list[int] = []
        for kind, value in self._found.get(number, ()):
            if isinstance(value, bytes) and kind == _BYTES:
                at = 0
                while at < len(value):
                    one, at = _varint(value, at)
                    out.append(_signed(number, _VARINT, one))
            else:
                out.append(_signed(number, kind, value))
        return out

    def double(self, number: int) -> float | None:
        held = self._found.get(number)
        if held is None:
            return None
        kind, value = held[-1]
        if kind != _EIGHT or not isinstance(value, bytes):
            raise BrokenMessage(f"field {number} is no double")
        (told,) = struct.unpack("<d", value)
        return float(told)

    def text(self, number: int, default: str = "") -> str:
        held = self._found.get(number)
        if held is None:
            return default
        try:
            return _data(number, *held[-1]).decode()
        except UnicodeDecodeError as why:
            raise BrokenMessage(f"field {number} is no text") from why

    def data(self, number: int) -> bytes:
        held = self._found.get(number)
        return _data(number, *held[-1]) if held is not None else b""

    def each(self, number: int) -> list[bytes]:
        """The bytes of every message of a repeated field, as yet unread."""
        return [_data(number, kind, value) for kind, value in self._found.get(number, ())]

    def one(self, number: int) -> "Fields | None":
        return read(self.data(number)) if self.has(number) else None


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for step in range(_LONGEST):
        if at + step >= len(data):
            raise BrokenMessage("a number ends too early")
        byte = data[at + step]
        value |= (byte & 0x7F) << (7 * step)
        if byte < 0x80:
            if value > _WORD:
                raise BrokenMessage("a number is too large")
            return value, at + step + 1
    raise BrokenMessage("a number has no end")


def _bytes(data: bytes, at: int, kind: int) -> tuple[bytes, int]:
    if kind == _BYTES:
        length, at = _varint(data, at)
    elif kind in {_EIGHT, _FOUR}:
        length = 8 if kind == _EIGHT else 4
    else:
        raise BrokenMessage(f"there is no wire type {kind}")
    if at + length > len(data):
        raise BrokenMessage("a field ends too early")
    return data[at : at + length], at + length


def _signed(number: int, kind: int, value: int | bytes) -> int:
    if kind != _VARINT or not isinstance(value, int):
        raise BrokenMessage(f"field {number} is no number")
    return value - (_SIGN << 1) if value & _SIGN else value


def _data(number: int, kind: int, value: int | bytes) -> bytes:
    if kind != _BYTES or not isinstance(value, bytes):
        raise BrokenMessage(f"field {number} is no text or message")
    return value
