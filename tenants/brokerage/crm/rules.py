"""Decisions about leads and letters: values in, verdicts out."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from brokerage.crm.settings import ScoreRule
from stoa.kernel.refusals import Invalid

PLACES: Final = ("name", "first_name", "reference", "country", "brand")
"""All a letter's text may ask for. The names are filled in while the letter is written."""
_PLACE: Final = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
_SAFE_PATH: Final = re.compile(r"/(?![/\\])[A-Za-z0-9/_\-.?=&%]*")


@dataclass(frozen=True, slots=True)
class Point:
    """Why a lead has so many points."""

    label: str
    points: int


def score(facts: Mapping[str, str | None], rules: Sequence[ScoreRule]) -> list[Point]:
    """The rules that fit, in their order; the score is the sum of their points."""
    found: list[Point] = []
    for rule in rules:
        value = (facts.get(rule.field) or "").casefold()
        fits = value in {one.casefold() for one in rule.values} if rule.values else bool(value)
        if fits:
            found.append(Point(rule.label, rule.points))
    return found


def places(text: str, field: str) -> str:
    """The text, when it asks only for places we know. Everything else in braces stays as typed."""
    for word in _PLACE.findall(text):
        if word not in PLACES:
            raise Invalid(
                "We do not know the place {place}. Use one of {known}.",
                field=field,
                place="{" + word + "}",
                known=", ".join("{" + one + "}" for one in PLACES),
            )
    return text


def fill(text: str, values: Mapping[str, str]) -> str:
    """Known places by their values, in one pass: what a value holds is never looked at again."""
    return _PLACE.sub(lambda found: values.get(found[1], found[0]), text)


def formula(text: str) -> bool:
    """Whether a spreadsheet would run this cell."""
    return text.startswith(_FORMULA)


def own_path(path: str) -> str | None:
    """A path at the tenant's own host. Raises Invalid for an address elsewhere."""
    if not path:
        return None
    if not _SAFE_PATH.fullmatch(path) or len(path) > 200:
        raise Invalid("Write a path of your own site, such as /deposit.", field="path")
    return path
