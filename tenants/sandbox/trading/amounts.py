"""Exact arithmetic on whole numbers: money in minor units, prices in points, rates in 1e-8."""

import re

RATE = 100_000_000
"""A conversion rate is kept as a whole number of 1e-8."""

LOT = 10_000
"""Volume is counted in 1/10,000 of a lot."""

LIMIT = 1_000_000_000
"""No single balance operation moves more than this many units of money."""

_DECIMAL = re.compile(r"([+-]?)(\d{1,15})(?:\.(\d{0,18}))?")


def share(number: int, whole: int) -> int:
    """Divide and round half away from zero, as the platform rounds money."""
    quotient, rest = divmod(abs(number), abs(whole))
    if rest * 2 >= abs(whole):
        quotient += 1
    return quotient if (number < 0) == (whole < 0) else -quotient


def to_text(minor: int, digits: int) -> str:
    """Write minor units as the decimal text of the wire: 12345 with 2 digits is ``123.45``."""
    if digits == 0:
        return str(minor)
    whole, part = divmod(abs(minor), 10**digits)
    return f"{'-' if minor < 0 else ''}{whole}.{part:0{digits}d}"


def to_minor(text: str, digits: int) -> int:
    """Read decimal text; raise ValueError for anything but a plain number that fits the digits."""
    found = _DECIMAL.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"{text!r} is not a plain decimal number")
    sign, whole, part = found.group(1), found.group(2), found.group(3) or ""
    kept, lost = part[:digits].ljust(digits, "0"), part[digits:]
    if lost.strip("0"):
        raise ValueError(f"{text!r} has more than {digits} decimals")
    value = int(whole + kept)
    return -value if sign == "-" else value
