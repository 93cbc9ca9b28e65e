"""Reading JSON requests with the errors the real service gives for them."""

import re
from collections.abc import Iterable
from typing import Any

from sandbox.beta.errors import invalid, malformed, missing
from sandbox.common import currencies

Given = dict[str, Any]
KEY = re.compile(r"[A-Za-z0-9_-]{1,64}\Z")


def only(given: Given, known: Iterable[str]) -> None:
    for name in given:
        if name not in known:
            raise invalid(f"Json deserialize error: unknown field `{name[:40]}`")


def amount(given: Given, *, needed: bool = True) -> int:
    """A positive whole number of the smallest unit."""
    value = given.get("amount")
    if value is None:
        if not needed:
            return 0
        raise missing("amount")
    if not isinstance(value, int) or isinstance(value, bool):
        raise invalid("Json deserialize error: invalid type for `amount`, expected i64")
    if not 0 < value < 10**15:
        raise malformed("amount", "greater than 0")
    return value


def currency(given: Given) -> str:
    value = given.get("currency")
    if value is None:
        raise missing("currency")
    if not isinstance(value, str) or value != value.upper() or currencies.exponent(value) is None:
        raise invalid(
            f"Json deserialize error: unknown variant `{value}`, expected a currency code"
        )
    return value


def text(given: Given, name: str, longest: int = 255) -> str | None:
    value = given.get(name)
    if value is None or (isinstance(value, str) and len(value) <= longest):
        return value
    raise malformed(name, f"text of at most {longest} characters")


def key(given: Given, name: str) -> str | None:
    """An id the merchant chose, which makes the call repeatable without a second effect."""
    value = given.get(name)
    if value is None:
        return None
    if not isinstance(value, str) or not KEY.match(value):
        raise malformed(name, "at most 64 letters, digits, hyphens and underscores")
    return value


def metadata(given: Given) -> dict[str, Any] | None:
    value = given.get("metadata")
    if value is None or isinstance(value, dict):
        return value
    raise malformed("metadata", "an object")


def address(given: Given, name: str) -> str | None:
    value = text(given, name, 2048)
    if value is not None and not re.match(r"https?://[^/\s]+", value):
        raise malformed(name, "URL")
    return value
