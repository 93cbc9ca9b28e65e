"""Check digits, and how well a line fits what the books have: pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from rapidfuzz import fuzz

from stoa.theming.texts import N_

_IBAN: Final = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}", re.ASCII)
_BIC: Final = re.compile(r"[A-Z]{4}[A-Z]{2}[A-Z0-9]{2}(?:[A-Z0-9]{3})?", re.ASCII)
_RF: Final = re.compile(r"RF[0-9]{2}[A-Z0-9]{1,21}", re.ASCII)
_LENGTHS: Final = {
    "AD": 24, "AE": 23, "AT": 20, "BE": 16, "BG": 22, "BH": 22, "BR": 29, "CH": 21, "CY": 28,
    "CZ": 24, "DE": 22, "DK": 18, "EE": 20, "ES": 24, "FI": 18, "FR": 27, "GB": 22, "GI": 23,
    "GR": 27, "HR": 21, "HU": 28, "IE": 22, "IL": 23, "IS": 26, "IT": 27, "JO": 30, "KW": 30,
    "LB": 28, "LI": 21, "LT": 20, "LU": 20, "LV": 21, "MC": 27, "MT": 31, "MU": 30, "NL": 18,
    "NO": 15, "PK": 24, "PL": 28, "PT": 25, "QA": 29, "RO": 24, "SA": 24, "SE": 24, "SI": 19,
    "SK": 24, "SM": 27, "TN": 24, "TR": 26, "UA": 29,
}  # fmt: skip
"""Characters of an IBAN by country; source: the SWIFT IBAN registry."""


def mod97(text: str) -> int:
    """ISO 7064 MOD 97-10 over letters and digits, with the first four signs moved to the end."""
    turned = text[4:] + text[:4]
    return int("".join(str(int(sign, 36)) for sign in turned)) % 97


def iban(text: str) -> bool:
    """Whether this is an IBAN: letters, the country's length and the check digits (ISO 13616)."""
    if not _IBAN.fullmatch(text) or mod97(text) != 1:
        return False
    return _LENGTHS.get(text[:2], len(text)) == len(text)


def bic(text: str) -> bool:
    """Whether this is shaped as a BIC (ISO 9362)."""
    return bool(_BIC.fullmatch(text))


def creditor_reference(text: str) -> str:
    """An ISO 11649 reference without spaces; empty unless its check digits are right."""
    plain = re.sub(r"\s", "", text).upper()
    return plain if _RF.fullmatch(plain) and mod97(plain) == 1 else ""


def structured(reference: str) -> str:
    """A reference of ours (`D-7K3M-9QXR`) as an ISO 11649 creditor reference."""
    plain = re.sub(r"[^A-Z0-9]", "", reference.upper())[:21]
    check = 98 - int("".join(str(int(sign, 36)) for sign in f"{plain}RF00")) % 97
    return f"RF{check:02d}{plain}"


def references_in(*texts: str) -> set[str]:
    """References of ours that a text carries, however it is spaced: as they stand in our rows."""
    found: set[str] = set()
    for text in texts:
        upper = text.upper()
        for kind, one, two in re.findall(
            r"\b([DWPB])[- ]?([2-9A-HJ-NP-Z]{4})[- ]?([2-9A-HJ-NP-Z]{4})\b", upper
        ):
            found.add(f"{kind}-{one}-{two}")
        for candidate in re.findall(r"RF[0-9]{2}[A-Z0-9 ]{1,28}", upper):
            plain = re.sub(r"\s", "", candidate)
            for end in range(len(plain), 8, -1):
                sound = creditor_reference(plain[:end])
                if sound and len(sound) == 13:
                    body = sound[4:]
                    found.add(f"{body[0]}-{body[1:5]}-{body[5:]}")
                    break
    return found


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a possible match: what moved, when, and what it is called."""

    amount: Decimal
    on: date
    names: Sequence[str] = ()
    words: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Fit:
    """How well two sides fit: 0 to 100, and why, as message ids with places."""

    score: int
    reasons: tuple[tuple[str, dict[str, str]], ...]


def fit(line: Side, item: Side, *, near_days: int) -> Fit:
    """40 for the amount (less when near), 30 for a name, 20 for the day, 40 for a word of ours."""
    score = 0
    reasons: list[tuple[str, dict[str, str]]] = []
    if line.amount == item.amount:
        score += 40
        reasons.append((N_("same amount"), {}))
    elif line.amount * item.amount > 0:
        off = abs(line.amount - item.amount) / abs(item.amount)
        if off <= Decimal("0.05"):
            score += 20
            reasons.append((N_("amount differs by {off}"), {"off": str(line.amount - item.amount)}))
    apart = abs((line.on - item.on).days)
    if apart <= near_days:
        score += 20 - (10 * apart // max(1, near_days))
        reasons.append(
            (N_("same day"), {}) if not apart else (N_("{n} days apart"), {"n": str(apart)})
        )
    alike = max(
        (
            fuzz.token_set_ratio(a.casefold(), b.casefold())
            for a in line.names
            for b in item.names
            if a and b
        ),
        default=0.0,
    )
    if alike >= 70:
        score += round(30 * alike / 100)
        reasons.append((N_("names alike by {n}%"), {"n": str(round(alike))}))
    if set(line.words) & set(item.words):
        score += 40
        reasons.append((N_("our reference is in the text"), {}))
    return Fit(min(score, 100), tuple(reasons))
