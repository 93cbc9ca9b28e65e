"""Envelope encryption: KEK (a file outside the database) wraps each tenant's key.

AES-256-GCM with associated data `tenant|place|row`, so a ciphertext moved to another row, column
or tenant does not open. Blind indexes are HMAC-SHA256 under a key derived for that purpose, so
the same e-mail has different indexes in two tenants.
"""

import base64
import hashlib
import hmac
import os
import unicodedata
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE: Final = 12
_VERSION: Final = b"\x01"


class KeyProblem(RuntimeError):
    """The key does not fit what it should open; nothing was written."""


@dataclass(frozen=True)
class MasterKey:
    """The key-encryption key. Its file must be readable by the product alone."""

    raw: bytes = field(repr=False)

    @classmethod
    def load(cls, path: Path) -> "MasterKey":
        text = path.read_text().strip()
        if len(text) < 32:
            raise KeyProblem("the master key file must hold at least 32 characters of chance")
        return cls(_derive(text.encode()[:64], b"kek"))

    @staticmethod
    def create(path: Path) -> "MasterKey":
        """Make the file once, mode 0600; an existing one is loaded instead."""
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w") as file:
                file.write(os.urandom(32).hex())
        return MasterKey.load(path)

    def wrap(self, tenant: UUID, key: bytes) -> bytes:
        nonce = os.urandom(_NONCE)
        return _VERSION + nonce + AESGCM(self.raw).encrypt(nonce, key, b"key|" + tenant.bytes)

    def unwrap(self, tenant: UUID, wrapped: bytes) -> bytes:
        try:
            return AESGCM(self.raw).decrypt(
                wrapped[1 : 1 + _NONCE], wrapped[1 + _NONCE :], b"key|" + tenant.bytes
            )
        except InvalidTag as why:
            raise KeyProblem("the master key does not open this tenant's key") from why

    def seal(self, place: str, secret: bytes) -> bytes:
        """For the platform's own secrets, such as a tenant role's database password."""
        nonce = os.urandom(_NONCE)
        return _VERSION + nonce + AESGCM(self.raw).encrypt(nonce, secret, place.encode())

    def unseal(self, place: str, sealed: bytes) -> bytes:
        try:
            return AESGCM(self.raw).decrypt(
                sealed[1 : 1 + _NONCE], sealed[1 + _NONCE :], place.encode()
            )
        except InvalidTag as why:
            raise KeyProblem("the master key does not open this secret") from why


class TenantKeys:
    """One tenant's opened key and what is derived from it."""

    def __init__(self, tenant: UUID, key: bytes) -> None:
        self._tenant = tenant
        self._aead = AESGCM(_derive(key, b"seal"))
        self._blind = _derive(key, b"blind")
        self._session = _derive(key, b"session")
        self._sign = Ed25519PrivateKey.from_private_bytes(_derive(key, b"sign"))

    def seal(self, place: str, row: UUID, secret: bytes) -> bytes:
        """Encrypt for one place (`table.column`) and one row only."""
        nonce = os.urandom(_NONCE)
        return _VERSION + nonce + self._aead.encrypt(nonce, secret, self._about(place, row))

    def unseal(self, place: str, row: UUID, sealed: bytes) -> bytes:
        """Raises KeyProblem when the bytes were changed or belong elsewhere."""
        try:
            return self._aead.decrypt(
                sealed[1 : 1 + _NONCE], sealed[1 + _NONCE :], self._about(place, row)
            )
        except InvalidTag as why:
            raise KeyProblem(f"{place}: the sealed value does not belong here") from why

    def _about(self, place: str, row: UUID) -> bytes:
        return self._tenant.bytes + b"|" + place.encode() + b"|" + row.bytes

    def blind(self, place: str, plain: str) -> bytes:
        """An equality index of a normalised value: 32 bytes, useless in any other tenant."""
        return hmac.digest(self._blind, f"{place}|{fold(plain)}".encode(), "sha256")

    def tokens(self, place: str, *plain: str) -> list[int]:
        """Blind prefix tokens (signed 64-bit) of every word, so that sealed text can be searched.

        `Maria Lopez` yields tokens of m, ma, mar, ... and l, lo, ...; a query of several words is
        the conjunction of its words' tokens.
        """
        found: set[int] = set()
        for text in plain:
            for word in words(text):
                for size in range(1, min(len(word), _LONGEST_PREFIX) + 1):
                    found.add(self.token(place, word[:size]))
        return sorted(found)

    def token(self, place: str, prefix: str) -> int:
        digest = hmac.digest(self._blind, f"{place}~{prefix}".encode(), "sha256")
        return int.from_bytes(digest[:8], "big", signed=True)

    def query_tokens(self, place: str, typed: str) -> list[int]:
        """Tokens a row must all have to match what a person typed."""
        return [self.token(place, word[:_LONGEST_PREFIX]) for word in words(typed)]

    def mac(self, purpose: str, text: str) -> str:
        return hmac.digest(self._session, f"{purpose}|{text}".encode(), "sha256").hex()

    def signed(self, content: bytes) -> str:
        """Content and an Ed25519 signature of it as a compact JWS (RFC 7515, RFC 9864)."""
        head = _url64(b'{"alg":"Ed25519"}') + "." + _url64(content)
        return head + "." + _url64(self._sign.sign(head.encode()))

    @property
    def verifying(self) -> dict[str, str]:
        """The public half of the key that signs, as a JWK; the same for as long as the tenant lives."""
        raw = self._sign.public_key().public_bytes_raw()
        return {"kty": "OKP", "crv": "Ed25519", "x": _url64(raw)}


_LONGEST_PREFIX: Final = 12


def fold(text: str) -> str:
    """Case, accents and width do not tell people apart."""
    decomposed = unicodedata.normalize("NFKD", text).casefold()
    return "".join(c for c in decomposed if not unicodedata.combining(c)).strip()


def words(text: str) -> list[str]:
    cleaned = "".join(c if c.isalnum() else " " for c in fold(text))
    return cleaned.split()


def _url64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _derive(key: bytes, purpose: bytes) -> bytes:
    return hashlib.blake2b(key, person=purpose.ljust(16, b"\0"), digest_size=32).digest()
