"""Base58Check, as Bitcoin wrote it down: a payload and four bytes that prove it. Pure."""

import hashlib
from typing import Final

_SIGNS: Final = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_VALUE: Final = {sign: number for number, sign in enumerate(_SIGNS)}
_CHECK: Final = 4
_LONGEST: Final = 100


def payload(text: str) -> bytes | None:
    """Version and content of an address; None where a sign or the check bytes are wrong."""
    if not text or len(text) > _LONGEST:
        return None
    number = 0
    for sign in text:
        value = _VALUE.get(sign)
        if value is None:
            return None
        number = number * 58 + value
    zeroes = len(text) - len(text.lstrip(_SIGNS[0]))
    whole = bytes(zeroes) + number.to_bytes((number.bit_length() + 7) // 8)
    if len(whole) <= _CHECK:
        return None
    content, check = whole[:-_CHECK], whole[-_CHECK:]
    return content if _twice(content)[:_CHECK] == check else None


def _twice(content: bytes) -> bytes:
    return hashlib.sha256(hashlib.sha256(content).digest()).digest()
