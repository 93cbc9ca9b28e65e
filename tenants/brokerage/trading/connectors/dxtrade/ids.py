"""Codes of DXtrade as numbers, and numbers of ours as its codes.

A code of digits alone (at most 18) is its own number. Any other is 2^62 plus 61 bits of its BLAKE2b
hash: the same code is always the same number, and no code of digits reaches there.
"""

import hashlib
from collections.abc import Iterator
from typing import Final

from brokerage.trading.told import bent

_DIGITS: Final = 18
_HIGH: Final = 1 << 62
_BITS: Final = (1 << 61) - 1
_FIRST: Final = 100_000_000
_RANGE: Final = 900_000_000
_TRIES: Final = 8


def number(code: object, name: str) -> int:
    """Raises Unreadable for what is no code."""
    text = str(code) if isinstance(code, str | int) and not isinstance(code, bool) else ""
    if not 0 < len(text) <= 200:
        raise bent(f"{name} is no code")
    if text.isascii() and text.isdigit() and len(text) <= _DIGITS and int(text) > 0:
        return int(text)
    return _HIGH + (_hash(text) & _BITS)


def login(account: object, clearing: str) -> int:
    """The login of `clearing:code`. Raises Unreadable for another clearing or a code of letters."""
    text = account if isinstance(account, str) else ""
    of, _, code = text.rpartition(":")
    if of != clearing or not code.isascii() or not code.isdigit() or len(code) > _DIGITS:
        raise bent("account is not one of ours")
    return int(code)


def candidates(external_id: str, wanted: int = 0) -> Iterator[int]:
    """The account codes we try for a new account, the same every time: found again after silence."""
    if wanted:
        yield wanted
        return
    for turn in range(_TRIES):
        yield _FIRST + _hash(f"{external_id}|{turn}") % _RANGE


def client_login(email: str) -> str:
    """The login of a client: one for an e-mail address, whatever its letters' case."""
    return f"c{_hash(email.strip().lower()):016x}"


def _hash(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest())
