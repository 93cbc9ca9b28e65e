"""Ethereum's addresses: capitals that check themselves (EIP-55), over Keccak-256. Pure.

Keccak with its first padding, as Ethereum uses it; the standard's SHA3-256 pads otherwise, so that
the library of the language cannot be used.
"""

import re
from typing import Final

_ADDRESS: Final = re.compile(r"0x[0-9a-fA-F]{40}")
_RATE: Final = 136
_MASK: Final = (1 << 64) - 1
_ROUNDS: Final = (
    0x0000000000000001,
    0x0000000000008082,
    0x800000000000808A,
    0x8000000080008000,
    0x000000000000808B,
    0x0000000080000001,
    0x8000000080008081,
    0x8000000000008009,
    0x000000000000008A,
    0x0000000000000088,
    0x0000000080008009,
    0x000000008000000A,
    0x000000008000808B,
    0x800000000000008B,
    0x8000000000008089,
    0x8000000000008003,
    0x8000000000008002,
    0x8000000000000080,
    0x000000000000800A,
    0x800000008000000A,
    0x8000000080008081,
    0x8000000000008080,
    0x0000000080000001,
    0x8000000080008008,
)
_TURNS: Final = (
    (0, 36, 3, 41, 18),
    (1, 44, 10, 45, 2),
    (62, 6, 43, 15, 61),
    (28, 55, 25, 21, 56),
    (27, 20, 39, 8, 14),
)


def checked(text: str) -> str | None:
    """The address with the capitals that prove it; None where it is none or they are wrong.

    In small or in capital letters alone an address carries no proof: it is taken, and written out.
    """
    if not _ADDRESS.fullmatch(text):
        return None
    digits = text[2:]
    proven = proof(digits)
    return proven if digits in {digits.lower(), digits.upper()} or text == proven else None


def proof(digits: str) -> str:
    """Forty hexadecimal digits as EIP-55 writes them."""
    small = digits.lower()
    nibbles = keccak256(small.encode()).hex()
    shown = (
        sign.upper() if int(nibble, 16) >= 8 else sign
        for sign, nibble in zip(small, nibbles, strict=False)
    )
    return "0x" + "".join(shown)


def keccak256(message: bytes) -> bytes:
    """Keccak[512] with a rate of 136 bytes and the padding 0x01 … 0x80."""
    short = _RATE - len(message) % _RATE
    padding = b"\x81" if short == 1 else b"\x01" + bytes(short - 2) + b"\x80"
    padded = message + padding
    lanes = [[0] * 5 for _ in range(5)]
    for start in range(0, len(padded), _RATE):
        for place in range(_RATE // 8):
            piece = padded[start + 8 * place : start + 8 * place + 8]
            lanes[place % 5][place // 5] ^= int.from_bytes(piece, "little")
        lanes = _permuted(lanes)
    return b"".join(lanes[place % 5][place // 5].to_bytes(8, "little") for place in range(4))


def _permuted(lanes: list[list[int]]) -> list[list[int]]:
    """Keccak-f[1600]."""
    for constant in _ROUNDS:
        columns = [row[0] ^ row[1] ^ row[2] ^ row[3] ^ row[4] for row in lanes]
        mixed = [columns[(x - 1) % 5] ^ _turned(columns[(x + 1) % 5], 1) for x in range(5)]
        lanes = [[lane ^ mixed[x] for lane in lanes[x]] for x in range(5)]
        moved = [[0] * 5 for _ in range(5)]
        for x in range(5):
            for y in range(5):
                moved[y][(2 * x + 3 * y) % 5] = _turned(lanes[x][y], _TURNS[x][y])
        lanes = [
            [
                moved[x][y] ^ (~moved[(x + 1) % 5][y] & _MASK & moved[(x + 2) % 5][y])
                for y in range(5)
            ]
            for x in range(5)
        ]
        lanes[0][0] ^= constant
    return lanes


def _turned(lane: int, bits: int) -> int:
    return (lane << bits | lane >> (64 - bits)) & _MASK
