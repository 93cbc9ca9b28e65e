"""Letters, digits and countries as travel documents write them (ICAO Doc 9303, part 3)."""

import re
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import cycle
from typing import Final

from babel.core import get_global

WEIGHTS: Final = (7, 3, 1)
FILLER: Final = "<"
# What optical reading takes for one another.
TO_LETTER: Final = str.maketrans("0125689", "OIZSGBG")
TO_DIGIT: Final = str.maketrans("OQDUILZSBGTA", "000011258674")
_LOOK_ALIKE: Final = ("0OQD", "1IL", "2Z", "5S", "6G", "8B")
# Codes of Doc 9303, part 3, that are no ISO 3166 countries.
OTHER_STATES: Final = {
    "D": "DE", "GBD": "GB", "GBN": "GB", "GBO": "GB", "GBP": "GB", "GBS": "GB", "RKS": "XK",
    "UTO": "", "EUE": "", "UNO": "", "UNA": "", "UNK": "", "XXA": "", "XXB": "", "XXC": "",
    "XXX": "", "XOM": "", "XPO": "", "XCC": "",
}  # fmt: skip


def check_digit(text: str) -> str:
    """Weights 7, 3, 1 over 0-9, A=10 to Z=35 and filler 0, modulo ten."""
    total = sum(
        weight * (0 if letter == FILLER else int(letter, 36))
        for letter, weight in zip(text, cycle(WEIGHTS), strict=False)
    )
    return str(total % 10)


def look_alikes(text: str) -> Iterator[str]:
    """The readings that differ in one letter which optical reading may have mistaken."""
    for place, letter in enumerate(text):
        for group in _LOOK_ALIKE:
            if letter in group:
                for other in group:
                    if other != letter:
                        yield text[:place] + other + text[place + 1 :]


def same_number(ours: str, theirs: str) -> bool | None:
    """True when equal, None when only look-alike letters part them (a person decides), else False."""
    a, b = (re.sub(r"[^A-Z0-9]", "", number.upper()) for number in (ours, theirs))
    if a == b:
        return True
    return None if _shape(a) == _shape(b) else False


def _shape(number: str) -> str:
    return "".join(
        next((group[0] for group in _LOOK_ALIKE if letter in group), letter) for letter in number
    )


def country(code: str) -> str | None:
    """The two-letter code of a state as Doc 9303 writes it, empty for one without, None if unknown."""
    bare = code.strip(FILLER)
    return OTHER_STATES.get(bare, _states().get(bare))


# Groups of countries and private codes, which no document is issued by.
_NO_STATES: Final = frozenset({"AA", "EU", "EZ", "QO", "QQ", "UN", "XA", "XB", "ZZ"})


@cache
def _states() -> dict[str, str]:
    aliases: Iterable[tuple[str, list[str]]] = get_global("territory_aliases").items()
    return {
        three: two[0]
        for three, two in aliases
        if len(three) == 3
        and three.isalpha()
        and len(two) == 1
        and len(two[0]) == 2
        and two[0] not in _NO_STATES
    }


def readings(text: str) -> list[str]:
    """A code with its digits read as letters; 1 may be I or L."""
    plain = text.translate(TO_LETTER)
    other = text.replace("1", "L").replace("0", "D").translate(TO_LETTER)
    mixed = text.replace("1", "L").translate(TO_LETTER)
    return list(dict.fromkeys((plain, mixed, other)))
