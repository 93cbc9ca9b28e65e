"""A partner's own sheet: deal, lots and amount by line, in CSV or XLSX, however they write numbers."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Context, Decimal, InvalidOperation
from typing import Final

from stoa.files import tabular
from stoa.kernel.money import LARGEST
from stoa.kernel.refusals import Invalid
from stoa.theming import texts
from stoa.theming.texts import N_

MOST_LINES: Final = 20_000
_DIGITS: Final = Context(prec=15)
"""What a spreadsheet's numbers carry; behind that is the noise of binary fractions."""
_WORDS: Final = {
    "deal": (
        "deal", "deal id", "deal number", "deal no", "deal #", "ticket", "ticket id", "trade",
        "trade id", "order", "order id", "operación", "operacion", "ticket nº", "الصفقة", "رقم الصفقة",
    ),
    "lots": ("lots", "lot", "volume", "volume lots", "size", "lotes", "volumen", "اللوت", "الحجم"),
    "amount": (
        "amount", "reward", "rebate", "commission", "earned", "earning", "earnings", "payout",
        "ib commission", "importe", "comisión", "comision", "المبلغ", "العمولة",
    ),
}  # fmt: skip
_OURS: Final = {"deal": N_("Deal"), "lots": N_("Lots"), "amount": N_("Reward")}
"""The heads of our own statement: it can be sent back as it is, in whatever language it was read."""
_DEAL: Final = re.compile(r"(?:(?P<server>[A-Za-z0-9_.-]{1,40}):)?#?(?P<number>\d{1,19})(?:\.0+)?")
_TIDY: Final = re.compile(r"[\s\u00a0\u202f']|[A-Z]{3}$|^[A-Z]{3}|[$€£]", re.ASCII)
_LATIN: Final = str.maketrans("٠١٢٣٤٥٦٧٨٩٫٬−", "0123456789.,-")


@dataclass(frozen=True, slots=True)
class Line:
    """What a partner says of a deal. `amount` has as many digits as they wrote."""

    row: int
    deal: int
    amount: Decimal
    lots: Decimal | None = None
    server: str | None = None


def read(content: bytes) -> list[Line]:
    """Raises Invalid, naming the line, for what cannot be read; nothing is guessed."""
    rows, separator = tabular.rows(content)
    at = places(rows[0] if rows else [])
    found = [
        line(number, cells, at, separator)
        for number, cells in enumerate(rows[1:], start=2)
        if _says_a_deal(cells, at)
    ]
    if not found:
        raise Invalid("This sheet has no deals.", field="file")
    if len(found) > MOST_LINES:
        raise Invalid("This file has more than {n} rows.", field="file", n=MOST_LINES)
    return found


def places(header: Sequence[str]) -> dict[str, int]:
    named = [re.sub(r"[\s_]+", " ", cell).strip().casefold() for cell in header]
    found: dict[str, int] = {}
    for field, words in _WORDS.items():
        for word in (*_ours(field), *words):
            if word in named:
                found[field] = named.index(word)
                break
    if "deal" not in found or "amount" not in found:
        raise Invalid(
            "The first line must name the columns: at least deal and amount.", field="file"
        )
    return found


def _ours(field: str) -> list[str]:
    return [texts.of(one).gettext(_OURS[field]).casefold() for one in texts.LANGUAGES]


def _cell(cells: Sequence[str], places: dict[str, int], name: str) -> str:
    at = places.get(name)
    return cells[at].strip() if at is not None and at < len(cells) else ""


def _says_a_deal(cells: Sequence[str], places: dict[str, int]) -> bool:
    """A line of totals names none."""
    return bool(_cell(cells, places, "deal"))


def line(row: int, cells: Sequence[str], places: dict[str, int], separator: str) -> Line:
    told = _DEAL.fullmatch(_cell(cells, places, "deal").translate(_LATIN))
    if told is None or not 0 < int(told["number"]) < 2**63:
        raise Invalid("Line {line}: this is no number of a deal.", field="file", line=row)
    amount = number(_cell(cells, places, "amount"), separator)
    if amount is None:
        raise Invalid("Line {line}: the amount is not a number.", field="file", line=row)
    said = _cell(cells, places, "lots")
    lots = number(said, separator) if said else None
    if said and lots is None:
        raise Invalid("Line {line}: the lots are not a number.", field="file", line=row)
    return Line(row, int(told["number"]), amount, lots, told["server"])


def number(text: str, separator: str) -> Decimal | None:
    """A number with a point or a comma; None for what is none.

    A comma alone parts decimals where the file's cells are parted by something else than a comma and
    it does not look like thousands, so that `1,234.50`, `1.234,50` and `5,00` mean what was meant.
    """
    said = _TIDY.sub("", text.translate(_LATIN))
    comma, point = said.rfind(","), said.rfind(".")
    if comma >= 0 and point >= 0:
        said = said.replace(",", "") if point > comma else said.replace(".", "").replace(",", ".")
    elif comma >= 0:
        thousands = bool(re.fullmatch(r"-?[1-9]\d{0,2}(,\d{3})+", said)) and separator != ";"
        said = said.replace(",", "" if thousands else ".")
    if not re.fullmatch(r"-?\d{1,15}(\.\d{1,18})?([eE][-+]?\d{1,2})?", said, re.ASCII):
        return None
    try:
        value = Decimal(said)
        # Only what comes from a workbook carries noise; a text is what somebody wrote.
        value = _DIGITS.plus(value) if separator == "" else value
    except InvalidOperation:
        return None
    return value if abs(value) <= LARGEST else None
