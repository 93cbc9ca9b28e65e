"""What a cell says in a file: the words of the page, and beside them what a machine reads."""

import re
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from markupsafe import Markup

from stoa.kernel.money import Money
from stoa.theming import figures, masks, places, statuses, words
from stoa.theming.look import shown
from stoa.theming.texts import N_
from stoa.web.tables.declare import Column

# What keeps a figure in one direction on a page is noise in a file that is searched.
_ISOLATES: Final = dict.fromkeys(map(ord, "\u2066\u2067\u2068\u2069\u200e\u200f"))
_NUMBERS: Final = frozenset({"num", "percent"})
_NUMBER: Final = re.compile(r"-?\d+(\.\d+)?")
_AMOUNTS: Final = frozenset({"money", "pnl"})

Cell = Money | Decimal | int | datetime | date | str


def told(column: Column, value: Any) -> Cell:
    """A cell as a file keeps it, for the reader of `shown()`: amounts, numbers and times as they
    are, everything else in the words of the page, or as the value says by its own `filed()`. What
    the page draws as a dash is empty.
    """
    match value:
        case None:
            return ""
        case Money() | Decimal() | int() | datetime() | date():
            return value
        case str() if column.kind in _NUMBERS and _NUMBER.fullmatch(value):
            return Decimal(value)
        case _:
            text = _words(column.kind, value).translate(_ISOLATES).strip()
            return "" if text == figures.NONE else text


def _words(kind: str, value: Any) -> str:
    if hasattr(value, "filed"):
        return str(value.filed())
    if hasattr(value, "__html__"):
        return _text(value.__html__())
    match kind:
        case "status":
            return statuses.said(value)
        case "word":
            return words.word(value)
        case "flag":
            return places.country(value)
        case "said":
            return shown().texts.say(value.text, **value.places) if value else ""
        case "masked":
            return masks.mask(value)
        case "person":
            return str(value.get("name") or "")
        case _:
            return str(value)


def _text(html: str) -> str:
    return Markup(html).striptags()  # noqa: S704 - its tags are taken off, nothing is drawn


def code(value: Any) -> str:
    """The stored code of a cell of words: what it was made from, where it says so."""
    kept = getattr(value, "code", None)
    return str(value if kept is None else kept).strip() if value is not None else ""


def headings(columns: Sequence[Column]) -> list[str]:
    """The first line, in the reader's language: a column of words may bring its codes, an amount
    brings its currency, a person what they are known by.
    """
    say = shown().texts.say
    amounts = sum(_split(column) for column in columns)
    found: list[str] = []
    for column in columns:
        label = say(column.label)
        found.append(f"{label} ({column.note})" if column.note else label)
        if column.coded:
            found.append(say(N_("{column} (code)"), column=label))
        if column.beside:
            found.append(say(column.beside))
        if _split(column):
            several = say(N_("{column}: currency"), column=label)
            found.append(say(N_("Currency")) if amounts == 1 else several)
    return _apart(found)


def _apart(heads: Sequence[str]) -> list[str]:
    """Heads that a language says alike are numbered, so that each names one column."""
    seen: dict[str, int] = {}
    found: list[str] = []
    for head in heads:
        seen[head] = seen.get(head, 0) + 1
        found.append(head if seen[head] == 1 else f"{head} {seen[head]}")
    return found


def line(columns: Sequence[Column], cells: Sequence[Any]) -> list[Cell]:
    """A row under those headings."""
    found: list[Cell] = []
    for column, value in zip(columns, cells, strict=True):
        found.append(told(column, value))
        if column.coded:
            found.append("" if code(value) == figures.NONE else code(value))
        if column.beside:
            found.append(str(value.get("note") or "") if isinstance(value, dict) else "")
        if _split(column):
            found.append(value.currency if isinstance(value, Money) else "")
    return found


def _split(column: Column) -> bool:
    return column.kind in _AMOUNTS and not column.note
