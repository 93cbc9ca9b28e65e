"""Segregated witness addresses: BIP 173 (Bech32, version 0) and BIP 350 (Bech32m, the rest). Pure."""

from collections.abc import Iterable, Sequence
from typing import Final

_SIGNS: Final = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_VALUE: Final = {sign: number for number, sign in enumerate(_SIGNS)}
_STEPS: Final = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
BECH32: Final = 1
BECH32M: Final = 0x2BC830A3
_LONGEST: Final = 90
_CHECK: Final = 6


def decoded(text: str) -> tuple[str, list[int], int] | None:
    """Prefix, five-bit words and the constant of the checksum; None where anything is wrong."""
    if not 8 <= len(text) <= _LONGEST or any(not 33 <= ord(sign) <= 126 for sign in text):
        return None
    if text not in {text.lower(), text.upper()}:
        return None
    prefix, one, rest = text.lower().rpartition("1")
    if not one or not prefix or len(rest) < _CHECK or any(sign not in _VALUE for sign in rest):
        return None
    words = [_VALUE[sign] for sign in rest]
    constant = _polymod([*_spread(prefix), *words])
    return (prefix, words[:-_CHECK], constant) if constant in {BECH32, BECH32M} else None


def witness(prefix: str, text: str) -> tuple[int, bytes] | None:
    """Version and program of an address of one network; None where it is no such address."""
    found = decoded(text)
    if found is None or found[0] != prefix or not found[1]:
        return None
    version, program = found[1][0], _bytes(found[1][1:])
    if program is None or version > 16 or not 2 <= len(program) <= 40:
        return None
    if version == 0 and len(program) not in {20, 32}:
        return None
    if found[2] != (BECH32 if version == 0 else BECH32M):
        return None
    return version, program


def _spread(prefix: str) -> list[int]:
    return [ord(sign) >> 5 for sign in prefix] + [0] + [ord(sign) & 31 for sign in prefix]


def _polymod(words: Iterable[int]) -> int:
    check = 1
    for word in words:
        top = check >> 25
        check = (check & 0x1FFFFFF) << 5 ^ word
        for place, step in enumerate(_STEPS):
            check ^= step if top >> place & 1 else 0
    return check


def _bytes(words: Sequence[int]) -> bytes | None:
    """Five bits to eight; what is left over must be fewer than five bits, all zero."""
    held, bits, found = 0, 0, bytearray()
    for word in words:
        held, bits = held << 5 | word, bits + 5
        if bits >= 8:
            bits -= 8
            found.append(held >> bits & 0xFF)
    left = held & ((1 << bits) - 1)
    return None if bits >= 5 or left else bytes(found)
