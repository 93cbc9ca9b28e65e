"""An earlier system's rewards of a month as text or workbook: who, which deal, how much."""

import re
from collections.abc import Sequence
from typing import Final

from brokerage.partners.objecting import sheets
from brokerage.partners.objecting.sheets import Line
from stoa.files import tabular
from stoa.kernel.refusals import Invalid

MOST: Final = 100_000
_PARTNER: Final = (
    "partner",
    "ib",
    "partner code",
    "ib code",
    "code",
    "affiliate",
    "agent",
    "login ib",
)


def read(content: bytes) -> dict[str, list[Line]]:
    """By partner's code, in small letters. Raises Invalid naming the line; nothing is guessed."""
    rows, separator = tabular.rows(content)
    header = [re.sub(r"[\s_]+", " ", cell).strip().casefold() for cell in rows[0]] if rows else []
    who = next((header.index(word) for word in _PARTNER if word in header), None)
    if who is None:
        raise Invalid(
            "The first line must name the columns: partner, deal, amount, and lots if there are any.",
            field="file",
        )
    places = sheets.places(header)
    found: dict[str, list[Line]] = {}
    count = 0
    for number, cells in enumerate(rows[1:], start=2):
        code = cells[who].strip().casefold() if who < len(cells) else ""
        if not code or not _says(cells, places["deal"]):
            continue
        count += 1
        if count > MOST:
            raise Invalid("This file has more than {n} rows.", field="file", n=MOST)
        found.setdefault(code, []).append(sheets.line(number, cells, places, separator))
    if not found:
        raise Invalid("This sheet has no deals.", field="file")
    return found


def _says(cells: Sequence[str], at: int) -> bool:
    return at < len(cells) and bool(cells[at].strip())
