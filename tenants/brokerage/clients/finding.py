"""What is typed to find a person by: words of sealed text, and numbers however they are written."""

import re
from typing import Any, Final

from sqlalchemy import ColumnElement, false, or_

from stoa.tenancy.work import Work

_NUMBER: Final = re.compile(r"[+(]?[0-9][0-9 ()./-]{3,}")
_TAILS: Final = (9, 7, 4)
"""A number is also found by so many of its last digits."""
_LOCAL: Final = 7
"""From so many digits on, the last ones tell a number written without its country."""


def phone_words(phone: str | None) -> list[str]:
    """A kept number as the words it is found by: the whole and its ends."""
    return [phone, *(phone[-size:] for size in _TAILS)] if phone else []


def fits(work: Work, column: Any, place: str, typed: str) -> ColumnElement[bool]:
    """The condition that a row's tokens fit what was typed; nothing fits an empty text.

    A telephone number is one word however it is spaced, with or without its country.
    """
    number = _digits(typed)
    ways = [work.keys.query_tokens(place, number or typed)]
    if len(number) > _LOCAL:
        ways.append(work.keys.query_tokens(place, number[-_LOCAL:]))
    fitting = [column.contains(tokens) for tokens in ways if tokens]
    return or_(*fitting) if fitting else false()


def _digits(typed: str) -> str:
    if not _NUMBER.fullmatch(typed.strip()):
        return ""
    return "".join(c for c in typed if c.isdigit()).lstrip("0")
