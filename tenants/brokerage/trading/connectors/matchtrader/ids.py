"""Ids of Match-Trader as the port's 63-bit numbers.

Positions and ledger entries are a letter and digits there (`W0222619880136`), or digits alone. As a number
that is `letter * 10^16 + digits`, with A as 1 and no letter as 0: it can be read back. An id of another
shape becomes 2^58 and the first 58 bits of its BLAKE2b hash, which is the same for ever.

There are no deals at all, only positions and ledgers, so deals get numbers by what they come from: 2^60 with
the position for its opening, 2^61 with a hash of position, closing order and time for a closing (there
may be several of one position), 2^60 + 2^61 with the entry for a ledger's.
"""

import re
from hashlib import blake2b
from typing import Any, Final

from brokerage.trading.told import bent

_NAMED: Final = re.compile(r"([A-Z]?)([0-9]{1,16})", re.ASCII)
_LETTER: Final = 10**16
_HASHED: Final = 1 << 58
_OPENING: Final = 1 << 60
_CLOSING: Final = 1 << 61
_LONGEST: Final = 100


def number(value: Any, name: str) -> int:
    """Raises Unreadable for what is no id."""
    text = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
    if not text or len(text) > _LONGEST:
        raise bent(f"{name} is no id")
    found = _NAMED.fullmatch(text)
    if found is None:
        return _HASHED | _hash(text)
    letter = ord(found[1]) - ord("A") + 1 if found[1] else 0
    if not letter and not int(found[2]):
        raise bent(f"{name} is no id")
    return letter * _LETTER + int(found[2])


def opening(position: int) -> int:
    return _OPENING | position


def closing(*parts: str) -> int:
    return _CLOSING | _hash("|".join(parts))


def entry(ledger: int) -> int:
    return _OPENING | _CLOSING | ledger


def login_of(value: Any) -> int:
    """Raises Unreadable where a login is none."""
    text = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
    if not text.isascii() or not text.isdigit() or len(text) > 18 or not int(text):
        raise bent("login is no number")
    return int(text)


def _hash(text: str) -> int:
    return (
        int.from_bytes(blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()) >> 6
    )
