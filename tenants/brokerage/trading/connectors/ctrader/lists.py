"""Lists of open and closed positions: comma separated rows under a line of names, read by name.

A row that cannot be understood is told with the reason and stops no other; a list that is none
raises. Times are UTC with milliseconds; volumes are units of the base asset.
"""

import csv
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, Final, TypeVar

import msgspec

from stoa.connectors.trouble import Unreadable

OPEN: Final = (
    "login",
    "positionId",
    "openTimestamp",
    "entryPrice",
    "direction",
    "volume",
    "symbol",
)
CLOSED: Final = (*OPEN, "closeTimestamp", "closePrice", "pnl", "dealId")
_MOST_FIELDS: Final = 200
_MOST_ROWS: Final = 1_000_000
_LONGEST_NUMBER: Final = 40
_LARGEST: Final = 1 << 62
_EARLIEST: Final = datetime(2000, 1, 1, tzinfo=UTC)
_AHEAD: Final = timedelta(hours=26)


class Row(msgspec.Struct, frozen=True):
    """What both lists have. `buys` is the direction of the position."""

    login: int
    position: int
    opened: datetime
    entry_price: Decimal
    buys: bool
    units: Decimal
    symbol: str
    commission: Decimal
    swap: Decimal


class Open(Row, frozen=True):
    margin: Decimal


class Closed(Row, frozen=True):
    deal: int
    closed: datetime
    close_price: Decimal
    profit: Decimal
    rate: Decimal


class Bent(msgspec.Struct, frozen=True):
    """A row that is none: whose it seems to be, its text, and why."""

    login: int
    raw: str
    why: str


Kept = TypeVar("Kept", bound=Row)


def open_positions(text: str) -> list[Open | Bent]:
    """Raises Unreadable where there is no line of names, or one is missing."""
    return [_kept(told, line, _open) for told, line in _rows(text, OPEN)]


def closed_positions(text: str) -> list[Closed | Bent]:
    """Raises Unreadable where there is no line of names, or one is missing."""
    return [_kept(told, line, _closed) for told, line in _rows(text, CLOSED)]


def _rows(text: str, needed: tuple[str, ...]) -> Iterator[tuple[Mapping[str, str], str]]:
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    if lines[-1].strip():
        # Every line of a whole list ends; without that, the last may have been cut.
        raise Unreadable("The trading server's list ends too early.", code="short-list")
    if len(lines) > _MOST_ROWS:
        raise Unreadable("The trading server's list has no end.", code="no-end")
    names = [name.strip() for name in lines[0].split(",")]
    if len(names) > _MOST_FIELDS or any(name not in names for name in needed):
        raise Unreadable("The trading server's list has other columns.", code="columns")
    for line in lines[1:]:
        if not line.strip():
            continue
        try:
            (cells,) = csv.reader([line], strict=True)
        except (csv.Error, ValueError):
            cells = []
        if len(cells) == len(names):
            yield dict(zip(names, (cell.strip() for cell in cells), strict=True)), line
        else:
            yield {"login": cells[0].strip() if cells else ""}, line


def _kept(
    told: Mapping[str, str], line: str, read: Callable[[Mapping[str, str]], Kept]
) -> Kept | Bent:
    try:
        return read(told)
    except (KeyError, ValueError, ArithmeticError) as why:
        missing = isinstance(why, KeyError)
        reason = "the row has too few or too many fields" if missing else str(why)
        return Bent(_login(told.get("login", "")), line[:2000], reason[:200])


def _login(word: str) -> int:
    try:
        return _whole(word)
    except ValueError:
        return 0


def _open(told: Mapping[str, str]) -> Open:
    return Open(**_common(told), margin=_number(told.get("usedMargin") or "0"))


def _closed(told: Mapping[str, str]) -> Closed:
    common = _common(told)
    closed = _time(told["closeTimestamp"])
    if closed < common["opened"]:
        raise ValueError("it was closed before it was opened")
    return Closed(
        **common,
        deal=_whole(told["dealId"]),
        closed=closed,
        close_price=_price(told["closePrice"]),
        profit=_number(told["pnl"]),
        rate=_number(told.get("depositConversionRate") or "0"),
    )


def _common(told: Mapping[str, str]) -> dict[str, Any]:
    if told["direction"] not in {"BUY", "SELL"}:
        raise ValueError(f"there is no direction {told['direction'][:20]!r}")
    units = _number(told["volume"])
    if units <= 0:
        raise ValueError("the volume is not above zero")
    if not told["symbol"]:
        raise ValueError("there is no symbol")
    return {
        "login": _whole(told["login"]),
        "position": _whole(told["positionId"]),
        "opened": _time(told["openTimestamp"]),
        "entry_price": _price(told["entryPrice"]),
        "buys": told["direction"] == "BUY",
        "units": units,
        "symbol": told["symbol"],
        "commission": _number(told.get("commission") or "0"),
        "swap": _number(told.get("swap") or "0"),
    }


def _whole(word: str) -> int:
    if not word.isascii() or not word.isdigit() or len(word) > 19 or int(word) >= _LARGEST:
        raise ValueError(f"{word[:20]!r} is no number of an account, position or deal")
    return int(word)


def _number(word: str) -> Decimal:
    try:
        value = Decimal(word) if len(word) <= _LONGEST_NUMBER and "_" not in word else None
    except InvalidOperation:
        value = None
    if value is None or not value.is_finite() or abs(value) >= _LARGEST:
        raise ValueError(f"{word[:20]!r} is no number")
    return value


def _price(word: str) -> Decimal:
    price = _number(word)
    if price <= 0:
        raise ValueError("the price is not above zero")
    return price


def _time(word: str) -> datetime:
    """UTC, and within the years in which it can have been."""
    try:
        at = datetime.fromisoformat(word)
    except ValueError:
        raise ValueError(f"{word[:30]!r} is no time") from None
    at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    if not _EARLIEST <= at <= datetime.now(UTC) + _AHEAD:
        raise ValueError(f"{word[:30]!r} lies beyond all that can have happened")
    return at


def written(at: datetime) -> str:
    """A time as the platform wants it asked: UTC, milliseconds, no zone."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}"
