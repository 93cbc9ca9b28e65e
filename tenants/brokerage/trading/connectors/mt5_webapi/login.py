"""Proof of the password in both directions, and the keys that follow from it. Pure.

H = MD5(MD5(password in UTF-16LE) + `WebAPI`); an answer to a challenge is MD5(H + challenge). MD5 is
the protocol's choice, not ours: over an open network this belongs into a tunnel.
"""

import hashlib
import hmac
from typing import Final

from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.algorithms import AES256

_WORD: Final = b"WebAPI"
_BLOCK: Final = 16
_PIECES: Final = 16


def password_hash(password: str) -> bytes:
    return _md5(_md5(password.encode("utf-16-le")) + _WORD)


def challenge_answer(hashed: bytes, challenge: bytes) -> str:
    return _md5(hashed + challenge).hex()


def proves(hashed: bytes, challenge: bytes, answer: str) -> bool:
    """Whether the server knows the password too."""
    due = challenge_answer(hashed, challenge)
    return hmac.compare_digest(due.encode(), answer.strip().lower().encode())


class Stream:
    """AES-256-OFB of one direction; every packet begins with a fresh block of the keystream."""

    def __init__(self, key: bytes, vector: bytes) -> None:
        # OFB is the vector encrypted again and again, so one block at a time in ECB gives the
        # keystream and lets the rest of a block be thrown away at a packet's end.
        self._block = Cipher(AES256(key), modes.ECB()).encryptor()  # noqa: S305
        self._vector = vector

    def apply(self, packet: bytes) -> bytes:
        """Encrypt or decrypt the next packet of this direction."""
        stream = bytearray()
        while len(stream) < len(packet):
            self._vector = self._block.update(self._vector)
            stream += self._vector
        size = len(packet)
        mask = int.from_bytes(stream[:size], "big")
        return (int.from_bytes(packet, "big") ^ mask).to_bytes(size, "big")


def streams(hashed: bytes, crypt_rand: bytes) -> tuple[Stream, Stream]:
    """What the client sends with and what it receives with.

    Raises:
        ValueError: the server's random text has not the 256 bytes that 16 pieces take.
    """
    if len(crypt_rand) < _PIECES * _BLOCK:
        raise ValueError("the server's random text is too short")
    out = hashed
    items: list[bytes] = []
    for piece in range(_PIECES):
        out = _md5(crypt_rand[piece * _BLOCK : (piece + 1) * _BLOCK] + out)
        items.append(out)
    key = items[0] + items[1]
    return Stream(key, items[2]), Stream(key, items[3])


def _md5(message: bytes) -> bytes:
    return hashlib.md5(message, usedforsecurity=False).digest()
