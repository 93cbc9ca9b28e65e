"""The daily report as a workbook: one sheet a subject, typed cells, the cut-off on the first."""

import io
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import xlsxwriter

from brokerage.ledger import kinds
from brokerage.reporting.daily import Daily

Say = Callable[[str], str]


def make(report: Daily, brand: str, say: Say, *, rtl: bool = False) -> bytes:
    """The workbook in the reader's words, counts as whole numbers, amounts with two digits."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_formulas": False})
    strong = book.add_format({"bold": True, "bottom": 1})
    amount = book.add_format({"num_format": "#,##0.00"})
    count = book.add_format({"num_format": "#,##0"})

    def sheet(title: str, heads: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        page = book.add_worksheet(title[:31])
        if rtl:
            page.right_to_left()
        wide = [len(head) for head in heads]
        for at, head in enumerate(heads):
            page.write_string(0, at, head, strong)
        for line, cells in enumerate(rows, start=1):
            for at, value in enumerate(cells):
                wide[at] = max(wide[at], len(str(value)))
                if isinstance(value, Decimal | int):
                    shape = count if isinstance(value, int) else amount
                    page.write_number(line, at, float(value), shape)
                else:
                    page.write_string(line, at, str(value))
        for at, size in enumerate(wide):
            page.set_column(at, at, min(60, max(14, size + 3)))
        page.freeze_panes(1, 0)

    sheet(
        say("Day"),
        [say("Figure"), say("Value")],
        [
            [say("Broker"), brand],
            [say("Business day"), report.day.isoformat()],
            [say("From"), _moment(report.start)],
            [say("To"), _moment(report.end)],
            [say("Time zone"), report.zone],
            [say("Registered"), report.registered],
            [say("Verified"), report.verified],
            [say("First deposits"), report.first_deposits],
            [say("Clients"), report.clients],
            [say("Lots"), report.lots],
            [say("Deals"), report.deals],
            [say("Clients' result"), report.result],
        ],
    )
    sheet(
        say("Money"),
        [say("Kind"), say("Currency"), say("Entries"), say("Amount")],
        [
            [say(kinds.of(row.kind).label), row.currency, row.entries, row.amount]
            for row in report.money
        ],
    )
    sheet(
        say("Held"),
        [say("Currency"), say("Where"), say("Amount")],
        [[row.currency, say(kinds.account(row.kind)), row.amount] for row in report.held],
    )
    sheet(
        say("Symbols"),
        [say("Symbol"), say("Clients"), say("Deals"), say("Lots"), say("Clients' result")],
        [[row.symbol, row.clients, row.deals, row.lots, row.result] for row in report.symbols],
    )
    sheet(
        say("Partners"),
        [say("Currency"), say("Rewards"), say("Amount")],
        [[row.currency, row.count, row.amount] for row in report.rewards],
    )
    book.close()
    return out.getvalue()


def _moment(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
