"""Countries as people read them."""

import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from typing import Final
from zoneinfo import available_timezones

import phonenumbers
from babel import Locale
from markupsafe import Markup

from stoa.kernel import currencies
from stoa.theming import manifest
from stoa.theming.figures import NONE
from stoa.theming.look import shown

# Places with a telephone prefix that nobody is a national of or lives in by this code.
_NOT_COUNTRIES: Final = frozenset({"AC", "TA"})


def country(code: str | None) -> str:
    """The country's name in the reader's language; the code itself for one not known."""
    if not code:
        return NONE
    return str(shown().cldr.territories.get(code.upper(), code.upper()))


def named(codes: str | Iterable[str] | None) -> str:
    """Countries by name, in the order given; of a text, the codes apart by spaces or commas."""
    found = codes.replace(",", " ").split() if isinstance(codes, str) else list(codes or ())
    return ", ".join(country(code) for code in found) or NONE


def flag(code: str | None, *, named: bool = True) -> Markup:
    """The flag, with the country's name beside it or (`named` False) on hover."""
    if not code:
        return Markup('<span class="none">%s</span>') % NONE
    name = country(code)
    logical = f"flags/{code.lower()}.svg"
    drawn = (
        Markup(
            '<img class="flag" src="%s" alt="%s" title="%s" width="18" height="13" loading="lazy">'
        )
        % (manifest.asset(logical), "" if named else name, name)
        if manifest.has(logical)
        else Markup('<span class="flag">%s</span>') % code.upper()
    )
    return (
        Markup('<span class="country">%s<span>%s</span></span>') % (drawn, name) if named else drawn
    )


def countries() -> list[tuple[str, str]]:
    """Every country as (code, name), in the order of the reader's alphabet."""
    return _countries(shown().cldr)


@lru_cache(maxsize=16)
def _countries(locale: Locale) -> list[tuple[str, str]]:
    known = phonenumbers.SUPPORTED_REGIONS - _NOT_COUNTRIES
    named = [(code, str(locale.territories[code])) for code in known if code in locale.territories]
    return sorted(named, key=lambda one: _folded(one[1]))


def _folded(name: str) -> str:
    return "".join(
        c for c in unicodedata.normalize("NFKD", name.casefold()) if not unicodedata.combining(c)
    )


def currency_codes() -> list[str]:
    """Every currency the product carries, to be chosen from while typing."""
    return sorted(currencies.EXPONENTS)


@lru_cache(maxsize=1)
def zone_names() -> tuple[str, ...]:
    """The time zones people live in, by their names; without aliases of offsets."""
    named = (one for one in available_timezones() if "/" in one and not one.startswith("Etc/"))
    return ("UTC", *sorted(named))
