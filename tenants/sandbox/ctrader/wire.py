"""Protocol buffers on the wire, as far as the Manager API needs them: plain fields by number."""

import struct
from typing import Any

from sandbox.ctrader.messages import MESSAGES

_WORD = (1 << 64) - 1
_SIGN = 1 << 63


class BrokenError(Exception):
    """Bytes that are no message of the kind expected."""


def varint(value: int) -> bytes:
    """Seven bits a byte, the lowest first; negative numbers as 64 bits."""
    value &= _WORD
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def encode(name: str, values: dict[str, Any]) -> bytes:
    """Write a message. What is None is left out; lists are repeated fields."""
    out = bytearray()
    fields = MESSAGES[name]
    for key, value in values.items():
        number, kind = fields[key]
        for one in value if isinstance(value, list) else [value]:
            if one is not None:
                out += _field(number, kind, one)
    return bytes(out)


def _field(number: int, kind: str, value: Any) -> bytes:
    match kind:
        case "int" | "bool":
            return varint(number << 3) + varint(int(value))
        case "double":
            return varint(number << 3 | 1) + struct.pack("<d", value)
        case "str":
            data = str(value).encode()
        case "bytes":
            data = bytes(value)
        case _:
            data = encode(kind, value)
    return varint(number << 3 | 2) + varint(len(data)) + data


def decode(name: str, data: bytes) -> dict[str, Any]:
    """Read a message; repeated fields are lists, unknown ones are skipped.

    Raises:
        BrokenError: it ends too early, or a field is of another type.
    """
    known = {number: (key, kind) for key, (number, kind) in MESSAGES[name].items()}
    found: dict[str, Any] = {}
    at = 0
    while at < len(data):
        tag, at = _read_varint(data, at)
        value, at = _read_value(data, at, tag & 7)
        key, kind = known.get(tag >> 3, ("", ""))
        if not key:
            continue
        read = _typed(kind, value)
        if key.endswith("_list"):
            found.setdefault(key, []).append(read)
        else:
            found[key] = read
    return found


def _read_varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if at >= len(data) or shift > 63:
            raise BrokenError("a number without an end")
        value |= (data[at] & 0x7F) << shift
        at += 1
        if data[at - 1] < 0x80:
            return value & _WORD, at
        shift += 7


def _read_value(data: bytes, at: int, wire: int) -> tuple[int | bytes, int]:
    if wire == 0:
        return _read_varint(data, at)
    if wire == 2:
        length, at = _read_varint(data, at)
    elif wire in (1, 5):
        length = 8 if wire == 1 else 4
    else:
        raise BrokenError(f"wire type {wire}")
    if at + length > len(data):
        raise BrokenError("a field without an end")
    return data[at : at + length], at + length


def _typed(kind: str, value: int | bytes) -> Any:
    if kind in ("int", "bool"):
        if not isinstance(value, int):
            raise BrokenError("a number was expected")
        signed = value - (_SIGN << 1) if value & _SIGN else value
        return bool(value) if kind == "bool" else signed
    if isinstance(value, int):
        raise BrokenError("a number was not expected")
    match kind:
        case "double":
            if len(value) != 8:
                raise BrokenError("a double has eight bytes")
            return struct.unpack("<d", value)[0]
        case "str":
            try:
                return value.decode()
            except UnicodeDecodeError:
                raise BrokenError("a text that is none") from None
        case "bytes":
            return value
        case _:
            return decode(kind, value)
