"""Tables as files. Text cells never become formulas; numbers stay numbers."""

import csv
import io
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

import xlsxwriter

from stoa.kernel.money import Money
from stoa.web.tables.declare import Column

_DANGEROUS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def plain(value: Any) -> str:
    """The text of a cell as a person would read it, without markup."""
    match value:
        case None:
            return ""
        case Money():
            return value.text()
        case datetime():
            return value.isoformat(timespec="seconds")
        case date():
            return value.isoformat()
        case Decimal():
            return format(value.normalize(), "f")
        case dict():
            return str(value.get("name") or value.get("label") or "")
        case _:
            return str(value)


def safe(value: Any) -> str:
    """Text for CSV: a leading character that a spreadsheet would execute is quoted away."""
    text = plain(value)
    if isinstance(value, Decimal | int | Money) and not isinstance(value, bool):
        return text
    return f"'{text}" if text.startswith(_DANGEROUS) else text


def headings(columns: Sequence[Column], say: Any) -> list[str]:
    found: list[str] = []
    for column in columns:
        note = f" ({column.note})" if column.note else ""
        found.append(say(column.label) + note)
        if column.kind == "money" and not column.note:
            found.append(say("Currency"))
    return found


def to_csv(columns: Sequence[Column], rows: Sequence[Sequence[Any]], say: Any) -> bytes:
    """UTF-8 with a byte order mark, so that spreadsheets read accents."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(headings(columns, say))
    for cells in rows:
        line: list[str] = []
        for column, value in zip(columns, cells, strict=True):
            line.append(safe(value))
            if column.kind == "money" and not column.note:
                line.append(value.currency if isinstance(value, Money) else "")
        writer.writerow(line)
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def to_xlsx(
    title: str, columns: Sequence[Column], rows: Sequence[Sequence[Any]], say: Any
) -> bytes:
    """One sheet with a frozen, filterable heading and typed cells."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(
        out,
        {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False},
    )
    sheet = book.add_worksheet("".join(c for c in title if c not in "[]:*?/\\'")[:31] or "List")
    strong = book.add_format({"bold": True, "bottom": 1})
    moment = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
    amount = book.add_format({"num_format": "#,##0.00######"})
    heads = headings(columns, say)
    for at, head in enumerate(heads):
        sheet.write_string(0, at, head, strong)
        sheet.set_column(at, at, max(12, min(40, len(head) + 4)))
    for line, cells in enumerate(rows, start=1):
        at = 0
        for column, value in zip(columns, cells, strict=True):
            match value:
                case Money():
                    sheet.write_number(line, at, float(value.amount), amount)
                case Decimal() | int() if not isinstance(value, bool):
                    sheet.write_number(line, at, float(value), amount)
                case datetime():
                    sheet.write_datetime(line, at, value.replace(tzinfo=None), moment)
                case _:
                    sheet.write_string(line, at, plain(value))
            at += 1
            if column.kind == "money" and not column.note:
                sheet.write_string(line, at, value.currency if isinstance(value, Money) else "")
                at += 1
    sheet.freeze_panes(1, 0)
    if rows:
        sheet.autofilter(0, 0, len(rows), len(heads) - 1)
    book.close()
    return out.getvalue()
