"""Country names as sanctions lists write them, to ISO 3166 two-letter codes."""

import re
import unicodedata
from functools import cache
from typing import Final

import babel

LARGEST_NAME: Final = 80

# What the lists write and the Unicode names of territories do not.
LISTED: Final = {
    "bahamas the": "BS",
    "bosnia": "BA",
    "bosnia herzegovina": "BA",
    "britain": "GB",
    "burma": "MM",
    "cape verde": "CV",
    "congo democratic republic of the": "CD",
    "congo republic of the": "CG",
    "cote d ivoire": "CI",
    "czech republic": "CZ",
    "democratic republic of the congo": "CD",
    "east timor": "TL",
    "england": "GB",
    "gambia the": "GM",
    "gaza": "PS",
    "gaza strip": "PS",
    "holland": "NL",
    "hong kong": "HK",
    "ivory coast": "CI",
    "korea north": "KP",
    "korea south": "KR",
    "macau": "MO",
    "macedonia": "MK",
    "macedonia the former yugoslav republic of": "MK",
    "man isle of": "IM",
    "netherlands antilles": "AN",
    "palestine": "PS",
    "palestinian": "PS",
    "palestinian authority": "PS",
    "republic of the congo": "CG",
    "russian federation": "RU",
    "saint kitts and nevis": "KN",
    "saint vincent and the grenadines": "VC",
    "st kitts and nevis": "KN",
    "st lucia": "LC",
    "swaziland": "SZ",
    "syrian arab republic": "SY",
    "the bahamas": "BS",
    "the gambia": "GM",
    "the netherlands": "NL",
    "timor leste": "TL",
    "trinidad and tobago": "TT",
    "turkey": "TR",
    "turkiye": "TR",
    "uae": "AE",
    "uk": "GB",
    "usa": "US",
    "ussr": "SU",
    "virgin islands british": "VG",
    "virgin islands u s": "VI",
    "west bank": "PS",
    "yugoslavia": "YU",
}
_BREAKS: Final = re.compile(r"[^a-z]+")


def _fold(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return _BREAKS.sub(" ", plain.replace("&", " and ")).strip()


@cache
def _named() -> dict[str, str]:
    territories = babel.Locale("en").territories
    known = {_fold(name): code for code, name in territories.items() if len(code) == 2}
    return known | LISTED


def code(name: str) -> str:
    """The two-letter code of a country's English name, or empty when it is no country we know."""
    if len(name) > LARGEST_NAME:
        return ""
    folded = _fold(name)
    return _named().get(folded) or _named().get(folded.removeprefix("region "), "")
