"""One engine for every list: filters, search, sort, keyset pages, saved views, CSV and XLSX.

A module declares a `Table`; `answer` serves it as a page, a fragment or a file. What is exported
is what is shown: the same query, the same filters, the same cells.
"""

from stoa.web.tables.answer import answer, shell
from stoa.web.tables.declare import (
    Bulk,
    Coded,
    Column,
    Filter,
    Said,
    Shown,
    Table,
    amounts,
    choice,
    dates,
)

__all__ = [
    "Bulk",
    "Coded",
    "Column",
    "Filter",
    "Said",
    "Shown",
    "Table",
    "amounts",
    "answer",
    "choice",
    "dates",
    "shell",
]
