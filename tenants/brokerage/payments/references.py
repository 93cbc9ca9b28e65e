"""References a bank carries with a transfer: ISO 11649, with check digits that catch a slip. Pure.

rf("D-7K3M-9QXR")              -> "RF21D7K3M9QXR"
printed("RF21D7K3M9QXR")       -> "RF21 D7K3 M9QX R"
found_in("pago RF21 D7K3 ...") -> ["D-7K3M-9QXR"]
"""

import re
from typing import Final

from stoa.kernel.refusals import Invalid

_BODY: Final = re.compile(r"[A-Z0-9]{1,21}", re.ASCII)
_RF: Final = re.compile(r"RF[0-9]{2}[A-Z0-9]{1,21}", re.ASCII)
_IBAN: Final = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}", re.ASCII)
_OURS: Final = re.compile(r"([DW])([0-9A-Z]{4})([0-9A-Z]{4})", re.ASCII)
_LOOSE: Final = re.compile(r"RF[\s./-]*(?:[0-9][\s./-]*){2}(?:[A-Z0-9][\s./-]*){9}", re.ASCII)


def rf(reference: str) -> str:
    """A creditor reference (ISO 11649) around one of ours. Raises Invalid for what cannot be one."""
    body = re.sub(r"[^A-Za-z0-9]", "", reference).upper()
    if not _BODY.fullmatch(body):
        raise Invalid("A reference has 1 to 21 letters and digits.", field="reference")
    return f"RF{98 - _mod97(body + 'RF00'):02d}{body}"


def valid(reference: str) -> bool:
    """Whether the check digits are right; spaces do not matter."""
    text = re.sub(r"\s", "", reference).upper()
    return bool(_RF.fullmatch(text)) and _mod97(text[4:] + text[:4]) == 1


def printed(reference: str) -> str:
    """In groups of four, as it is written on paper."""
    text = re.sub(r"\s", "", reference)
    return " ".join(text[at : at + 4] for at in range(0, len(text), 4))


def of(reference: str) -> str | None:
    """Our own reference inside a right one; None where the digits or the form are wrong."""
    text = re.sub(r"[^A-Za-z0-9]", "", reference).upper()
    ours = _OURS.fullmatch(text[4:]) if valid(text) else None
    return f"{ours[1]}-{ours[2]}-{ours[3]}" if ours else None


def found_in(line: str) -> list[str]:
    """Every reference of ours in what a payer wrote, whatever they put between the letters."""
    told = [of(one) for one in _LOOSE.findall(line.upper())]
    return list(dict.fromkeys(one for one in told if one))


def iban(number: str) -> bool:
    """Whether an account number's check digits are right (ISO 13616)."""
    text = re.sub(r"\s", "", number).upper()
    return bool(_IBAN.fullmatch(text)) and _mod97(text[4:] + text[:4]) == 1


def _mod97(text: str) -> int:
    return int("".join(str(int(sign, 36)) for sign in text)) % 97
