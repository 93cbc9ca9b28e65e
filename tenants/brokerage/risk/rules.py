"""Decisions about risk: over or back under, whose limit counts, what a shock does."""

from collections.abc import Sequence
from decimal import Decimal
from fnmatch import fnmatchcase
from typing import Final, NamedTuple

from brokerage.risk.settings import ClientLimit
from stoa.kernel.refusals import Invalid

_TIERS: Final = ("client", "group", "desk", "broker")
_FURTHEST: Final = Decimal(100)


def over(value: Decimal, bound: Decimal) -> bool:
    """At the bound is still allowed."""
    return abs(value) > bound


def cleared(value: Decimal, bound: Decimal, clears_percent: int) -> bool:
    """Back far enough under the bound that it does not ring again at the next tick."""
    return abs(value) * 100 < bound * clears_percent


def fits(name: str, patterns: Sequence[str]) -> bool:
    """No pattern fits everything."""
    return not patterns or any(fnmatchcase(name, one) for one in patterns)


class Whose(NamedTuple):
    """What a client's limit may be said for."""

    reference: str
    group: str
    desk: str


def nearest(limits: Sequence[ClientLimit], whose: Whose) -> ClientLimit | None:
    """The limit that counts: the client's own, else the group's, the desk's, the broker's. Of two
    in one tier the narrower (lower) one.
    """
    for tier in _TIERS:
        said = [one for one in limits if one.tier == tier and _meant(one, whose)]
        if said:
            return min(said, key=lambda one: one.most)
    return None


def _meant(limit: ClientLimit, whose: Whose) -> bool:
    match limit.tier:
        case "client":
            return limit.only == whose.reference
        case "group":
            return fnmatchcase(whose.group, limit.only)
        case "desk":
            return limit.only == whose.desk
        case _:
            return True


class Shock(NamedTuple):
    """A price that moves by `percent`: of one symbol, of a family, or of `*` everything."""

    what: str
    percent: Decimal


def shocks(text: str) -> list[Shock]:
    """`XAUUSD -5, fx_major +2, * -1` read; the first that fits a symbol counts. Raises Invalid."""
    found: list[Shock] = []
    for part in text.replace(";", ",").split(",")[:20]:
        words = part.replace("%", " ").split()
        if not words:
            continue
        if len(words) != 2:
            raise Invalid(
                "“{part}” is not understood: write a symbol or class and a percentage, such as "
                "XAUUSD -5.",
                field="shock",
                part=part.strip()[:40],
            )
        found.append(Shock(words[0], _percent(words[1])))
    return found


def _percent(word: str) -> Decimal:
    plain = word.replace("\u2212", "-").lstrip("+")
    digits = plain.removeprefix("-")
    if not (digits.isascii() and digits.replace(".", "", 1).isdecimal() and len(digits) < 12):
        raise Invalid("“{word}” is no percentage.", field="shock", word=word[:20])
    value = Decimal(plain)
    if abs(value) > _FURTHEST:
        raise Invalid("A price moves by at most 100 % here.", field="shock")
    return value


def moves(wanted: Sequence[Shock], name: str, family: str) -> Decimal:
    """By how many percent a symbol's price moves."""
    for one in wanted:
        if one.what in {"*", family} or fnmatchcase(name, one.what.upper()):
            return one.percent
    return Decimal(0)
