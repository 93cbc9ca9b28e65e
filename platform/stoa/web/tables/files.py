"""Tables as files, in the words of the page. Text never becomes a formula; numbers stay numbers."""

import csv
import io
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final

import xlsxwriter

from stoa.kernel.money import Money
from stoa.theming.look import Look, showing
from stoa.web.tables import cells
from stoa.web.tables.cells import Cell
from stoa.web.tables.declare import Column

_DANGEROUS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")

_SHAPES: Final = {
    "moment": "yyyy-mm-dd hh:mm:ss",
    "day": "yyyy-mm-dd",
    "count": "#,##0",
    "amount": "#,##0.00######",
}


def plain(value: Cell) -> str:
    """A cell as a line of a file spells it: plain digits, ISO 8601."""
    match value:
        case Money():
            return value.text()
        case datetime():
            return value.isoformat(timespec="seconds")
        case date():
            return value.isoformat()
        case Decimal():
            return format(value.normalize(), "f")
        case _:
            return str(value)


def safe(value: Cell) -> str:
    """Text for CSV: a leading character that a spreadsheet would execute is quoted away."""
    text = plain(value)
    if not isinstance(value, str):
        return text
    return f"'{text}" if text.startswith(_DANGEROUS) else text


def to_csv(look: Look, columns: Sequence[Column], rows: Sequence[Sequence[Any]]) -> bytes:
    """In the language of `look`; UTF-8 with a byte order mark, so that spreadsheets read accents."""
    out = io.StringIO()
    writer = csv.writer(out)
    with showing(look):
        writer.writerow(cells.headings(columns))
        writer.writerows([safe(value) for value in cells.line(columns, row)] for row in rows)
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def to_xlsx(
    look: Look, title: str, columns: Sequence[Column], rows: Sequence[Sequence[Any]]
) -> bytes:
    """One sheet in the language and direction of `look`, with a frozen, filterable heading and
    typed cells; times are of UTC.
    """
    out = io.BytesIO()
    book = xlsxwriter.Workbook(
        out,
        {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False},
    )
    sheet = book.add_worksheet("".join(c for c in title if c not in "[]:*?/\\'")[:31] or "List")
    strong = book.add_format({"bold": True, "bottom": 1})
    shapes = {name: book.add_format({"num_format": shape}) for name, shape in _SHAPES.items()}
    if look.texts.direction == "rtl":
        sheet.right_to_left()
    with showing(look):
        heads = cells.headings(columns)
        lines = [cells.line(columns, row) for row in rows]
    for at, head in enumerate(heads):
        sheet.write_string(0, at, head, strong)
        sheet.set_column(at, at, max(12, min(40, len(head) + 4)))
    for number, line in enumerate(lines, start=1):
        for at, value in enumerate(line):
            _write(sheet, number, at, value, shapes)
    sheet.freeze_panes(1, 0)
    if rows:
        sheet.autofilter(0, 0, len(rows), len(heads) - 1)
    book.close()
    return out.getvalue()


def _write(sheet: Any, line: int, at: int, value: Cell, shapes: Mapping[str, Any]) -> None:
    match value:
        case Money():
            sheet.write_number(line, at, float(value.amount), shapes["amount"])
        case Decimal():
            sheet.write_number(line, at, float(value), shapes["amount"])
        case int():
            sheet.write_number(line, at, value, shapes["count"])
        case datetime():
            utc = value.astimezone(UTC).replace(tzinfo=None)
            sheet.write_datetime(line, at, utc, shapes["moment"])
        case date():
            sheet.write_datetime(line, at, value, shapes["day"])
        case _:
            sheet.write_string(line, at, value)
