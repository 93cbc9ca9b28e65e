"""The daily report as a workbook: one sheet a subject, typed cells, the cut-off on the first."""

import io
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import xlsxwriter

from brokerage.ledger import kinds
from brokerage.reporting.daily import Daily
from stoa.kernel import currencies
from stoa.kernel.money import Money

Say = Callable[[str], str]


def make(report: Daily, brand: str, say: Say, *, rtl: bool = False) -> bytes:
    """The workbook in the reader's words: counts, amounts by their currency's digits, dates."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_formulas": False})
    cells = _Cells(book)

    def sheet(title: str, heads: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        page = book.add_worksheet(title[:31])
        if rtl:
            page.right_to_left()
        wide = [len(head) for head in heads]
        for at, head in enumerate(heads):
            page.write_string(0, at, head, cells.strong)
        for line, values in enumerate(rows, start=1):
            for at, value in enumerate(values):
                wide[at] = max(wide[at], cells.write(page, line, at, value))
        for at, size in enumerate(wide):
            page.set_column(at, at, min(60, max(14, size + 3)))
        page.freeze_panes(1, 0)

    result = ", ".join((say("Clients' result"), report.currency))
    sheet(
        say("Day"),
        [say("Figure"), say("Value")],
        [
            [say("Broker"), brand],
            [say("Business day"), report.day],
            [say("From"), report.start],
            [say("To"), report.end],
            [say("Time zone"), report.zone],
            [say("Registered"), report.registered],
            [say("Verified"), report.verified],
            [say("First deposits"), report.first_deposits],
            [say("Clients"), report.clients],
            [say("Lots"), report.lots],
            [say("Deals"), report.deals],
            [result, Money(report.result, report.currency)],
        ],
    )
    sheet(
        say("Money"),
        [say("Kind"), say("Currency"), say("Entries"), say("Amount")],
        [
            [
                say(kinds.of(row.kind).label),
                row.currency,
                row.entries,
                Money(row.amount, row.currency),
            ]
            for row in report.money
        ],
    )
    sheet(
        say("Held"),
        [say("Currency"), say("Where"), say("Amount")],
        [
            [row.currency, say(kinds.account(row.kind)), Money(row.amount, row.currency)]
            for row in report.held
        ],
    )
    sheet(
        say("Symbols"),
        [say("Symbol"), say("Clients"), say("Deals"), say("Lots"), result],
        [
            [row.symbol, row.clients, row.deals, row.lots, Money(row.result, report.currency)]
            for row in report.symbols
        ],
    )
    sheet(
        say("Partners"),
        [say("Currency"), say("Rewards"), say("Amount")],
        [[row.currency, row.count, Money(row.amount, row.currency)] for row in report.rewards],
    )
    book.close()
    return out.getvalue()


class _Cells:
    """Values as cells of their kind: a spreadsheet adds up amounts and sorts days."""

    def __init__(self, book: Any) -> None:
        self._book = book
        self._shapes: dict[str, Any] = {}
        self.strong = book.add_format({"bold": True, "bottom": 1})

    def write(self, page: Any, line: int, at: int, value: Any) -> int:
        """Returns about how many characters it takes."""
        match value:
            case Money():
                places = currencies.exponent(value.currency)
                shape = self._shape("#,##0." + "0" * places if places else "#,##0")
                page.write_number(line, at, float(value.rounded().amount), shape)
            case int():
                page.write_number(line, at, value, self._shape("#,##0"))
            case Decimal():
                page.write_number(line, at, float(value), self._shape("#,##0.00"))
            case datetime():
                utc = value.astimezone(UTC).replace(tzinfo=None)
                page.write_datetime(line, at, utc, self._shape('yyyy-mm-dd hh:mm" UTC"'))
            case date():
                page.write_datetime(line, at, value, self._shape("yyyy-mm-dd"))
            case _:
                page.write_string(line, at, str(value))
        return len(str(value))

    def _shape(self, pattern: str) -> Any:
        if pattern not in self._shapes:
            kind: dict[str, Any] = {"num_format": pattern}
            if pattern.startswith("yyyy"):
                kind["align"] = "left"
            self._shapes[pattern] = self._book.add_format(kind)
        return self._shapes[pattern]
