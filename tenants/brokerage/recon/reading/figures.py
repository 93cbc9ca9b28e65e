"""Amounts, dates and texts as files write them."""

import hashlib
import re
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

from stoa.kernel import currencies
from stoa.kernel.money import LARGEST

_PLAIN: Final = re.compile(r"\d{1,16}(?:\.\d{1,18})?", re.ASCII)
_SPACES: Final = re.compile(r"\s+")


def amount(text: str) -> Decimal | None:
    """A plain positive number with a point; None for anything else."""
    found = text.strip()
    if not _PLAIN.fullmatch(found):
        return None
    value = Decimal(found)
    return value if value <= LARGEST else None


def fits(value: Decimal, currency: str) -> bool:
    """Whether a currency we carry can hold this amount."""
    if not currencies.known(currency):
        return False
    return value == round(value, currencies.exponent(currency))


def day(text: str) -> date | None:
    try:
        return date.fromisoformat(text.strip()[:10])
    except ValueError:
        return None


def moment(text: str, zone: str) -> datetime | None:
    """An instant; a day alone is its first moment, a time without a zone is the account's own."""
    found = text.strip()
    try:
        if len(found) <= 10:
            made = datetime.combine(date.fromisoformat(found), time())
        else:
            made = datetime.fromisoformat(found)
    except ValueError:
        return None
    if made.tzinfo is None:
        made = made.replace(tzinfo=ZoneInfo(zone))
    return made.astimezone(UTC) if 1970 <= made.year <= 2200 else None


def tidy(text: str, most: int = 200) -> str:
    """One line without doubled spaces or signs that are none."""
    seen = "".join(one if one.isprintable() else " " for one in text)
    return _SPACES.sub(" ", seen).strip()[:most]


def account(text: str) -> str:
    """An account's number without spaces, in capitals."""
    return re.sub(r"[\s]", "", text).upper()[:48]


def digest(*parts: object) -> str:
    """A short name for what has none: the hash of what it says."""
    said = "|".join(str(one) for one in parts)
    return hashlib.sha256(said.encode()).hexdigest()[:40]
