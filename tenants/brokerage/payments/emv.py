"""EMV merchant QR payloads: built and read, with their check sum. Pure.

Sources: EMVCo "QR Code Specification for Payment Systems, Merchant-Presented Mode"; the Bank of
Brazil's BR Code manual for PIX; NAPAS' VietQR. Every field is a tag, a length and a value, of two
digits each for the first two; the last one is a CRC-16/CCITT-FALSE over all before it.
"""

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

Fields = list[tuple[str, str]]

_CRC: Final = "63"
_LONGEST: Final = 99
_PLAIN: Final = re.compile(r"[^A-Za-z0-9 .,\-/]")


def build(fields: Iterable[tuple[str, str | Fields]]) -> str:
    """The payload of these fields, check sum added; empty ones are left out.

    Raises:
        ValueError: a tag is not two digits, or a value is too long.
    """
    body = "".join(_field(tag, value) for tag, value in fields if value)
    head = f"{body}{_CRC}04"
    return head + crc(head)


def parse(payload: str) -> Fields:
    """The fields of a payload, in their order, without the check sum.

    Raises:
        ValueError: it is cut, its lengths lie, or the check sum is another.
    """
    if len(payload) < 8 or payload[-8:-4] != f"{_CRC}04":
        raise ValueError("the payload has no check sum")
    if crc(payload[:-4]) != payload[-4:].upper():
        raise ValueError("the check sum is another")
    return parts(payload[:-8])


def parts(text: str) -> Fields:
    """The fields of a template inside a payload. Raises ValueError."""
    found: Fields = []
    at = 0
    while at < len(text):
        tag, size = text[at : at + 2], text[at + 2 : at + 4]
        if not (tag.isascii() and tag.isdigit() and size.isascii() and size.isdigit()):
            raise ValueError("a field has no tag or length")
        value = text[at + 4 : at + 4 + int(size)]
        if len(value) != int(size):
            raise ValueError("a field is cut")
        found.append((tag, value))
        at += 4 + int(size)
    return found


def crc(text: str) -> str:
    """CRC-16/CCITT-FALSE in four upper-case hex digits: polynomial 1021, start FFFF."""
    value = 0xFFFF
    for byte in text.encode():
        value ^= byte << 8
        for _ in range(8):
            value = (value << 1) ^ 0x1021 if value & 0x8000 else value << 1
            value &= 0xFFFF
    return f"{value:04X}"


def plain(text: str, longest: int) -> str:
    """Letters without accents, as every bank's reader takes them."""
    split = unicodedata.normalize("NFKD", text.replace("đ", "d").replace("Đ", "D"))
    kept = "".join(sign for sign in split if not unicodedata.combining(sign))
    return _PLAIN.sub("", kept).strip()[:longest]


def _field(tag: str, value: str | Fields) -> str:
    if not (len(tag) == 2 and tag.isascii() and tag.isdigit()):
        raise ValueError("a tag is two digits")
    text = (
        value if isinstance(value, str) else "".join(_field(one, two) for one, two in value if two)
    )
    if len(text) > _LONGEST or not text.isascii():
        raise ValueError("a value has at most 99 plain letters")
    return f"{tag}{len(text):02d}{text}"
