"""Identifiers: time-ordered, unguessable, never a serial."""

import os
import secrets
import time
from typing import Final
from uuid import UUID

_ALPHABET: Final = "23456789ABCDEFGHJKMNPQRSTVWXYZ"  # nothing one can misread aloud


def uuid7(at_ms: int | None = None) -> UUID:
    """RFC 9562 version 7: 48 bits of milliseconds, 74 bits of chance."""
    ms = time.time_ns() // 1_000_000 if at_ms is None else at_ms
    chance = int.from_bytes(os.urandom(10), "big")
    value = (ms & (2**48 - 1)) << 80
    value |= 0x7 << 76 | (chance >> 68 & 0xFFF) << 64
    value |= 0b10 << 62 | (chance & (2**62 - 1))
    return UUID(int=value)


def token(size: int = 32) -> str:
    """An unguessable bearer string of `size` bytes of chance, safe in a link."""
    return secrets.token_urlsafe(size)


def reference(prefix: str) -> str:
    """What a person reads aloud to support, such as `D-7K3M-9QXR`: 40 bits of chance."""
    chance = "".join(secrets.choice(_ALPHABET) for _ in range(8))
    return f"{prefix}-{chance[:4]}-{chance[4:]}"
