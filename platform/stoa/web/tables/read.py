"""Reads one page of a table, or all of it in pages, by key and never by offset."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Select, tuple_

from stoa.kernel.refusals import Invalid
from stoa.tenancy.unit import Unit
from stoa.web.tables import cursor
from stoa.web.tables.declare import Column, Shown, Table

LARGEST_PAGE: Final = 200
LARGEST_EXPORT: Final = 50_000
_EXPORT_STEP: Final = 1000


@dataclass(frozen=True, slots=True)
class Asked:
    """What a reader asked of a table, cleaned."""

    filters: Mapping[str, str]
    search: str
    sort: str
    descending: bool
    after: str | None
    before: str | None

    @classmethod
    def of(cls, table: Table, query: Mapping[str, str]) -> "Asked":
        """Unknown words in the address are ignored; an unknown sort falls back to the usual."""
        known = {f.key for f in table.filters}
        told = {**table.usual, **query}
        filters = {k: v.strip()[:200] for k, v in told.items() if k in known and v.strip()}
        sort = query.get("sort", "")
        descending = table.descending
        named = sort.lstrip("-")
        if any(c.key == named and c.sort is not None for c in table.columns):
            descending = sort.startswith("-")
        else:
            named = table.order
        return cls(
            filters,
            query.get("q", "").strip()[:100],
            named,
            descending,
            query.get("after") or None,
            query.get("before") or None,
        )


@dataclass(frozen=True, slots=True)
class Page:
    rows: Sequence[Shown]
    after: str | None
    before: str | None
    total: int | None


def filtered(work: Unit, table: Table, asked: Asked) -> Any:
    statement = table.query(work)
    for one in table.filters:
        if one.key in asked.filters:
            statement = statement.where(one.where(work, asked.filters[one.key]))
    if asked.search and table.search is not None:
        statement = statement.where(table.search(work, asked.search))
    return statement


def _sorting(table: Table, asked: Asked) -> Column:
    for column in table.columns:
        if column.key == asked.sort:
            return column
    raise Invalid("This list cannot be sorted that way.")


async def page(work: Unit, table: Table, asked: Asked, size: int | None = None) -> Page:
    """One page and the words for the next and the previous."""
    size = min(size or table.page_size, LARGEST_PAGE)
    base = filtered(work, table, asked)
    total = await work.count(base) if table.count else None
    rows = await _rows(work, table, asked, base, size + 1)
    back = asked.before is not None
    more = len(rows) > size
    rows = rows[:size]
    if back:
        rows = rows[::-1]
    shown = await table.view(work, rows)
    first, last = (rows[0], rows[-1]) if rows else (None, None)
    has_next = more if not back else True
    has_previous = (asked.after is not None) if not back else more
    return Page(
        shown,
        _word(last) if last is not None and has_next else None,
        _word(first) if first is not None and has_previous else None,
        total,
    )


async def _rows(
    work: Unit, table: Table, asked: Asked, base: Select[Any], limit: int
) -> Sequence[Any]:
    sort = _sorting(table, asked).sort
    descending = asked.descending
    word = asked.after
    if asked.before is not None:
        descending, word = not descending, asked.before
    if word is not None:
        value, row_id = cursor.decode(word)
        here = tuple_(sort, table.id)
        there = tuple_(value, row_id)
        base = base.where(here < there if descending else here > there)
    ordered = (sort.desc(), table.id.desc()) if descending else (sort.asc(), table.id.asc())
    statement = base.add_columns(sort.label("_sort"), table.id.label("_id"))
    return await work.table(statement.order_by(*ordered).limit(limit))


def _word(row: Any) -> str:
    return cursor.encode(row._sort, row._id)  # noqa: SLF001 - our own labels


async def everything(work: Unit, table: Table, asked: Asked) -> AsyncIterator[Sequence[Shown]]:
    """All rows in steps, up to LARGEST_EXPORT, for files."""
    base = filtered(work, table, asked)
    at = Asked(asked.filters, asked.search, asked.sort, asked.descending, None, None)
    taken = 0
    while taken < LARGEST_EXPORT:
        rows = await _rows(work, table, at, base, _EXPORT_STEP)
        if not rows:
            return
        yield await table.view(work, rows)
        taken += len(rows)
        if len(rows) < _EXPORT_STEP:
            return
        at = Asked(at.filters, at.search, at.sort, at.descending, _word(rows[-1]), None)
