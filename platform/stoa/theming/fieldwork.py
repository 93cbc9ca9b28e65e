"""Small questions that fields ask while they are drawn: how tall, what the browser may check."""

import re
from typing import Any

from stoa.theming import places

_NUMBER = re.compile(r"-?\d*\.?\d+(?:[eE][+-]?\d+)?|")
_TALLEST = 12


def rows(value: Any) -> int:
    """Lines of a text area, from two to twelve."""
    return max(2, min(_TALLEST, str(value or "").count("\n") + 1 + len(str(value or "")) // 90))


def digits(value: Any) -> bool:
    """Whether a browser's number field can show it: what is none would be lost there."""
    return _NUMBER.fullmatch(str(value or "")) is not None


def pattern(regex: str) -> str:
    """A pattern as browsers read it: whole by itself, without Python's own ends."""
    whole = regex.removeprefix("^").removesuffix("\\Z").removesuffix("$")
    return whole.replace("-]", "\\-]")


def country_names(value: Any) -> str:
    """The countries a list of codes means, by name; what is no country is left out."""
    codes = [one.strip().upper() for one in str(value).replace(",", "\n").split("\n")]
    named = {code: places.country(code) for code in codes if code}
    return ", ".join(name for code, name in named.items() if name != code)
