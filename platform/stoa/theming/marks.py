"""The separators that readers of a locale know, and amounts written with them."""

import re
from functools import lru_cache
from typing import Final

from babel import Locale
from babel.numbers import get_decimal_symbol, get_group_symbol

THIN: Final = "\u2009"
MINUS: Final = "\u2212"
# An amount as a record keeps it inside a sentence: `str(Money)`.
_KEPT: Final = re.compile(r"(-?)(\d+)(\.\d+)? ([A-Z]{3,5})")


@lru_cache(maxsize=64)
def of(locale: Locale) -> dict[int, str]:
    """Separators of the locale, with European digits everywhere: amounts are compared, not read."""
    if locale.language == "ar":
        return str.maketrans({",": ",", ".": "."})
    group = get_group_symbol(locale, numbering_system="latn").replace("\u202f", THIN)
    return str.maketrans({",": group, ".": get_decimal_symbol(locale, numbering_system="latn")})


def written(text: str, locale: Locale) -> str:
    """`2325.80 EUR` as the locale's readers write it; any other text as it is."""
    kept = _KEPT.fullmatch(text)
    if kept is None:
        return text
    sign, whole, rest, unit = kept.groups()
    said = (f"{int(whole):,}" + (rest or "")).translate(of(locale))
    return f"{MINUS if sign else ''}{said} {unit}"
