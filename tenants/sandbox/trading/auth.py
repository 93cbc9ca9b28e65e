"""Proof of a manager's password, both ways, and the cipher that may follow."""

import hashlib
import hmac

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

WORD = b"WebAPI"
RANDOM_BYTES = 16
CRYPT_PIECES = 16


def password_hash(password: str) -> bytes:
    """MD5 of (MD5 of the password as UTF-16LE, then the word): what both sides know."""
    inner = hashlib.md5(password.encode("utf-16-le", "surrogatepass"), usedforsecurity=False)
    return hashlib.md5(inner.digest() + WORD, usedforsecurity=False).digest()


def proof(known: bytes, random: bytes) -> str:
    return hashlib.md5(known + random, usedforsecurity=False).hexdigest()


def proves(known: bytes, random: bytes, answer: str) -> bool:
    return hmac.compare_digest(proof(known, random).encode(), answer.strip().lower().encode())


class Stream:
    """One direction of AES-256 in output feedback; each packet begins with a fresh block."""

    def __init__(self, key: bytes, vector: bytes) -> None:
        # The mode is built by hand from single blocks: the protocol throws the rest of a block
        # away at the end of a packet, which no ready-made stream does.
        self._block = Cipher(algorithms.AES(key), modes.ECB()).encryptor()  # noqa: S305
        self._vector = vector

    def apply(self, body: bytes) -> bytes:
        """Encrypt or decrypt the body of one packet."""
        stream = bytearray()
        while len(stream) < len(body):
            self._vector = self._block.update(self._vector)
            stream += self._vector
        mask = int.from_bytes(stream[: len(body)])
        return (int.from_bytes(body) ^ mask).to_bytes(len(body))


def streams(known: bytes, crypt_random: bytes) -> tuple[Stream, Stream]:
    """Derive the two directions: what the client sends, and what it receives."""
    items: list[bytes] = []
    out = known
    for index in range(CRYPT_PIECES):
        piece = crypt_random[index * 16 : index * 16 + 16]
        out = hashlib.md5(piece + out, usedforsecurity=False).digest()
        items.append(out)
    key = items[0] + items[1]
    return Stream(key, items[2]), Stream(key, items[3])
