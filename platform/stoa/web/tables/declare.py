"""How a list is declared."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Final, Self

from sqlalchemy import ColumnElement

from stoa.kernel.clock import day_bounds
from stoa.tenancy.facts import TenantFacts
from stoa.tenancy.unit import Unit
from stoa.tenancy.work import Work
from stoa.theming.texts import fill

Options = Sequence[tuple[str, str]] | Callable[[Any], Awaitable[Sequence[tuple[str, str]]]]


@dataclass(frozen=True, slots=True)
class Column:
    """A column. `sort` is the SQL expression it sorts by (never NULL: coalesce it). `kind` is one
    of the kinds of parts/table.html; `note` the one currency of a money column.

    In files a column of words says what the page says; `coded` puts the stored code in a column of
    its own beside it, for systems that read the file. `beside` names what a person is known by.
    """

    key: str
    label: str
    kind: str = "text"
    sort: Any = None
    hidden: bool = False
    fixed: bool = False
    note: str | None = None
    coded: bool = False
    beside: str = ""


@dataclass(frozen=True, slots=True)
class Filter:
    """A filter. `where` gets the unit of work and the text chosen, and answers a condition."""

    key: str
    label: str
    where: Callable[[Any, str], ColumnElement[bool]]
    kind: str = "select"
    options: Options = ()


@dataclass(frozen=True, slots=True)
class Bulk:
    """An action over selected rows: posts `keys` to the address, which shows a preview first."""

    label: str
    url: str
    icon: str = ""
    danger: bool = False


class Coded(str):
    """A cell drawn by one word and stored by another: `alert open` of an alert that is `open`."""

    __slots__ = ("code",)
    code: str

    def __new__(cls, drawn: str, code: str) -> Self:
        made = super().__new__(cls, drawn)
        made.code = code
        return made


class Said(str):
    """A sentence in a cell of kind `said`, drawn and exported in the reader's language."""

    __slots__ = ("places", "text")
    text: str
    places: Mapping[str, str]

    def __new__(cls, text: str, places: Mapping[str, str]) -> Self:
        made = super().__new__(cls, fill(text, dict(places)))
        made.text, made.places = text, places
        return made


@dataclass(frozen=True, slots=True)
class Shown:
    """A row as it is shown: `cells` follow the columns."""

    key: str
    cells: Sequence[Any]
    href: str = ""
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """A list. `query` answers the select within the reader's scope, without order or limit;
    `view` turns a page of its rows into what is shown, in one go so that it can look things up
    set-based. `id` is the unique column that breaks ties. `order` names a sortable column. `usual`
    are filters that hold until the reader says otherwise: an empty one in the address takes it off.
    """

    name: str
    title: str
    columns: Sequence[Column]
    query: Callable[[Any], Any]
    view: Callable[[Any, Sequence[Any]], Awaitable[Sequence[Shown]]]
    id: Any
    order: str
    descending: bool = True
    filters: Sequence[Filter] = ()
    usual: Mapping[str, str] = field(default_factory=dict[str, str])
    search: Callable[[Any, str], ColumnElement[bool]] | None = None
    search_label: str = ""
    export_permission: str | None = None
    bulk: Sequence[Bulk] = ()
    live: str = ""
    page_size: int = 40
    empty_title: str = ""
    empty_text: str = ""
    empty_action: str = ""
    empty_href: str = ""
    empty_icon: str = ""
    count: bool = False
    extra: dict[str, Any] = field(default_factory=dict)


_EARLIEST: Final = date(1900, 1, 1)
_LATEST: Final = date(9000, 1, 1)
"""A calendar's ends have no day before or after them to count from."""


def choice(key: str, label: str, column: Any, options: Options) -> Filter:
    """One of some values of a text column."""
    return Filter(key, label, lambda _work, value: column == value, "select", options)


def dates(key: str, label_from: str, label_to: str, column: Any) -> tuple[Filter, Filter]:
    """From and to, in the tenant's own days."""

    def bounds(work: Unit, value: str) -> tuple[Any, Any]:
        zone = work.settings(TenantFacts).time_zone if isinstance(work, Work) else "UTC"
        try:
            return day_bounds(min(max(date.fromisoformat(value), _EARLIEST), _LATEST), zone)
        except ValueError:
            return day_bounds(date(1970, 1, 1), zone)

    return (
        Filter(f"{key}_from", label_from, lambda work, v: column >= bounds(work, v)[0], "date"),
        Filter(f"{key}_to", label_to, lambda work, v: column < bounds(work, v)[1], "date"),
    )


def amounts(key: str, label_least: str, label_most: str, column: Any) -> tuple[Filter, Filter]:
    """At least and at most; text that is no number filters nothing away."""

    def number(value: str) -> Decimal | None:
        plain = value.strip()
        return Decimal(plain) if plain.replace(".", "", 1).isdecimal() and plain.isascii() else None

    def at_least(_work: Any, value: str) -> Any:
        found = number(value)
        return column.is_not(None) if found is None else column >= found

    def at_most(_work: Any, value: str) -> Any:
        found = number(value)
        return column.is_not(None) if found is None else column <= found

    return (
        Filter(f"{key}_min", label_least, at_least, "amount"),
        Filter(f"{key}_max", label_most, at_most, "amount"),
    )
