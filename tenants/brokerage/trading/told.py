"""Numbers, times and names as platforms with JSON tell them: what cannot be is refused, never bent.

Every function raises Unreadable with a reason that a person can act on; the row it stands in is kept
aside, and nothing else of an answer is touched.
"""

import re
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from stoa.connectors.trouble import Unreadable

_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,18}(?:\.[0-9]{1,18})?", re.ASCII)
_WHOLE: Final = re.compile(r"[0-9]{1,19}", re.ASCII)
_MOST: Final = (1 << 63) - 1
_FIRST: Final = datetime(2000, 1, 1, tzinfo=UTC)
_AHEAD: Final = timedelta(days=2)


def bent(why: str) -> Unreadable:
    """A reason for keeping a row aside."""
    return Unreadable("The trading server's answer could not be read.", code=why[:120])


def number(value: Any, name: str) -> Decimal:
    """A plain decimal number, written as text or as a number."""
    text = value if isinstance(value, str) else ""
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        text = (
            format(value, "f") if isinstance(value, Decimal) and value.is_finite() else str(value)
        )
    if _NUMBER.fullmatch(text) is None:
        raise bent(f"{name} is no number")
    return Decimal(text)


def above_zero(value: Any, name: str) -> Decimal:
    """A price or an amount of lots."""
    found = number(value, name)
    if found <= 0:
        raise bent(f"{name} is not above zero")
    return found


def whole(value: Any, name: str) -> int:
    """A 63-bit number above zero, written as text or as a number."""
    text = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
    if _WHOLE.fullmatch(text) is None or not 0 < int(text) <= _MOST:
        raise bent(f"{name} is no id")
    return int(text)


def word(row: dict[str, Any], name: str, most: int = 255) -> str:
    """A text that must be there."""
    found = row.get(name)
    if not isinstance(found, str) or not found or len(found) > most:
        raise bent(f"{name} is missing")
    return found


def moment(value: Any, name: str) -> datetime:
    """An RFC 3339 time with its zone, between the year 2000 and the day after tomorrow."""
    try:
        at = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise bent(f"{name} is no time with its zone")
    return sensible(at, name)


def sensible(at: datetime, name: str) -> datetime:
    try:
        utc = at.astimezone(UTC)
    except OverflowError as why:
        raise bent(f"{name} is no time") from why
    if not _FIRST <= utc <= datetime.now(UTC) + _AHEAD:
        raise bent(f"{name} is {utc:%Y-%m-%d %H:%M}, which cannot be")
    return utc


def one_of(value: Any, known: Collection[str], name: str) -> str:
    """A code of a list; one of a newer server is kept aside and not guessed at."""
    if not isinstance(value, str) or value not in known:
        raise bent(f"{name} is {str(value)[:40]!r}, which is not known")
    return value
