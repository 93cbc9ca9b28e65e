"""The small types of the API: pages, listings, amounts."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

import msgspec
from msgspec import Meta
from sqlalchemy import Select

from stoa.kernel.money import EXACT, Money
from stoa.tenancy.work import Work

T = TypeVar("T")
Amount = Annotated[
    str,
    Meta(
        description="Plain digits with a point, never an exponent.",
        pattern=r"^-?[0-9]+(\.[0-9]+)?$",
        examples=["1250.50"],
    ),
]
Currency = Annotated[str, Meta(description="ISO 4217 or a crypto code.", examples=["EUR"])]
Limit = Annotated[int, Meta(ge=1, le=200, description="How many at most.")]
After = Annotated[UUID, Meta(description="`next` of the page before: begins after it.")]


class Asked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What every request body and query is: unknown fields are refused."""


class Listing(Asked, frozen=True, kw_only=True):
    """A page of a list, newest first."""

    limit: Limit = 50
    after: After | None = None


class Page(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """Some of a list; `next` is absent on the last page."""

    items: list[T]
    next: UUID | None = None


def digits(amount: Decimal, currency: str) -> str:
    """An amount with its currency's decimals, and with more only where it has more."""
    return Money(amount, currency).text()


def plain(number: Decimal) -> str:
    """A rate, price or volume as short as it is exact."""
    return format(number.normalize(EXACT), "f")


async def page(
    work: Work, statement: Select[Any], column: Any, wanted: Listing, view: Callable[[Any], T]
) -> Page[T]:
    """One page by a time-ordered id, newest first. Rows are entities."""
    rows = await _rows(work, statement, column, wanted)
    shown = rows[: wanted.limit]
    more = len(rows) > wanted.limit
    return Page(
        items=[view(row) for row in shown],
        next=getattr(shown[-1], column.key) if more else None,
    )


async def _rows(work: Work, statement: Select[Any], column: Any, wanted: Listing) -> Sequence[Any]:
    if wanted.after is not None:
        statement = statement.where(column < wanted.after)
    return await work.rows(statement.order_by(column.desc()).limit(wanted.limit + 1))
