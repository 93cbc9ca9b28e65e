"""Ledgers of accounts, of many in one call; where an answer is full, of each half of the time."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from brokerage.trading.connectors.matchtrader import ids
from brokerage.trading.connectors.matchtrader.link import Link
from brokerage.trading.connectors.matchtrader.reading import Row, listed
from stoa.connectors.trouble import Unreadable

DATA: Final = "/v1/trading-accounts/trading-data"
_SHORTEST: Final = timedelta(seconds=2)


async def of(
    link: Link, logins: Sequence[int], types: Sequence[str], start: datetime, end: datetime
) -> dict[int, list[Row]]:
    """Entries of each login, an entry once. Raises Unreadable for an answer of another shape."""
    body: Row = {
        "types": list(types),
        "logins": [str(login) for login in logins],
        "from": iso(start),
        "to": iso(end),
        "limit": link.settings.rows,
    }
    found: dict[int, list[Row]] = {}
    for row in listed(await link.ask(f"{DATA}/ledgers", body)):
        found.setdefault(ids.login_of(row.get("login")), []).extend(listed(row.get("operations")))
    if sum(map(len, found.values())) >= link.settings.rows:
        middle = halved(start, end)
        first = await of(link, logins, types, start, middle)
        second = await of(link, logins, types, middle, end)
        found = {login: first.get(login, []) + second.get(login, []) for login in first | second}
    return {login: once(rows, "id") for login, rows in found.items() if login in logins}


async def closed(link: Link, login: int, start: datetime, end: datetime) -> list[Row]:
    """Closings of one account: of several together it would not be told whose they are."""
    body: Row = {
        "logins": [str(login)],
        "from": iso(start),
        "to": iso(end),
        "limit": link.settings.rows,
    }
    rows = listed(await link.ask(f"{DATA}/closed-positions", body), "closedPositions")
    if len(rows) >= link.settings.rows:
        middle = halved(start, end)
        rows = await closed(link, login, start, middle) + await closed(link, login, middle, end)
    return rows


async def open_now(link: Link, logins: Sequence[int]) -> dict[int, list[Row]]:
    """Open positions of each login."""
    body: Row = {"logins": [str(login) for login in logins]}
    found: dict[int, list[Row]] = {}
    for row in listed(await link.ask(f"{DATA}/open-positions", body)):
        found.setdefault(ids.login_of(row.get("login")), []).extend(listed(row.get("positions")))
    return {login: rows for login, rows in found.items() if login in logins}


def halved(start: datetime, end: datetime) -> datetime:
    """Raises Unreadable for a time that is too short to be halved."""
    if end - start < _SHORTEST:
        raise Unreadable("The trading server's answer could not be read.", code="too-many-rows")
    return start + (end - start) / 2


def once(rows: list[Row], name: str) -> list[Row]:
    """Without rows that are there twice, letter for letter."""
    found: dict[str, Any] = {}
    for row in rows:
        found.setdefault(f"{row.get(name)}|{row}", row)
    return list(found.values())


def iso(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"
