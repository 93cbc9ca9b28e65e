"""The journal, made from what there is: ledgers, open positions and closed ones.

A position's opening is told by its parts: what is open of it and what was closed. The parts are of one
moment only if nothing was closed between the readings; the ledger is read before and after to know.
Where something was, that account's trades wait for the next reading.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any, Final, TypeVar

import msgspec

from brokerage.trading.connector import Deal, DealBatch, DealCursor, Misread, Position, Symbol
from brokerage.trading.connectors.matchtrader import ids, ledgers, records
from brokerage.trading.connectors.matchtrader.link import Link
from brokerage.trading.connectors.matchtrader.markets import Markets
from brokerage.trading.connectors.matchtrader.reading import Row
from brokerage.trading.connectors.matchtrader.records import CLOSED, MONEY_TYPES, Part
from stoa.connectors.trouble import Unreadable

EARLIEST: Final = datetime(2010, 1, 1, tzinfo=UTC)
_AHEAD: Final = timedelta(minutes=5)
_MOST_AT_ONCE: Final = 200
_TYPES: Final = (*MONEY_TYPES, CLOSED)

T = TypeVar("T")
Ledgers = Mapping[int, list[Row]]


class Deals:
    def __init__(self, link: Link, markets: Markets) -> None:
        self._link = link
        self._markets = markets

    async def since(
        self, logins: Sequence[int], cursor: DealCursor, until: datetime | None
    ) -> DealBatch:
        """From the cursor, with overlap, to now; the new cursor is the last deal told."""
        overlap = timedelta(seconds=self._link.settings.overlap_s)
        start = max(cursor.at - overlap, EARLIEST) if cursor.at > EARLIEST else EARLIEST
        asked = list(dict.fromkeys(logins))
        aside: dict[str, Misread] = {}
        found: dict[int, Deal] = {}
        for at in range(0, len(asked), _MOST_AT_ONCE):
            for deal in await self._of(asked[at : at + _MOST_AT_ONCE], start, aside):
                found.setdefault(deal.deal, deal)
        told = sorted(
            (one for one in found.values() if start <= one.at and (not until or one.at <= until)),
            key=lambda one: (one.at, one.deal),
        )
        reached = max(cursor, DealCursor(told[-1].at, told[-1].deal)) if told else cursor
        return DealBatch(deals=tuple(told), cursor=reached, misread=tuple(aside.values()))

    async def positions(self, login: int) -> tuple[Position, ...]:
        """Raises Unreadable for one that cannot be read: without it the others are not the truth."""
        sizes = await self._markets.sizes()
        rows = (await ledgers.open_now(self._link, [login])).get(login, [])
        found = [records.position(row, login, sizes) for row in rows]
        return tuple({one.position: one for one in found}.values())

    async def _of(
        self, logins: list[int], start: datetime, aside: dict[str, Misread]
    ) -> list[Deal]:
        sizes, end = await self._markets.sizes(), datetime.now(UTC) + _AHEAD
        before = await ledgers.of(self._link, logins, _TYPES, start, end)
        closed = {
            login: await ledgers.closed(self._link, login, start, end)
            for login, rows in before.items()
            if _closings(rows)
        }
        opened = await ledgers.open_now(self._link, logins)
        after = await ledgers.of(self._link, logins, (CLOSED,), start, end)
        found: list[Deal] = []
        for login in logins:
            money = [row for row in before.get(login, []) if row.get("type") != CLOSED]
            found += read(money, login, partial(records.entry, login=login), aside)
            if _closings(before.get(login, [])) == _closings(after.get(login, [])):
                found += traded(
                    login, closed.get(login, []), opened.get(login, []), start, sizes, aside
                )
        return found


def traded(
    login: int,
    closed: Sequence[Row],
    opened: Sequence[Row],
    start: datetime,
    sizes: Mapping[str, Symbol],
    aside: dict[str, Misread],
) -> list[Deal]:
    """Openings since `start` and closings, of rows that are of one moment."""
    known = len(aside)
    closings = read(closed, login, lambda row: records.closing(row, login, sizes), aside)
    held = {
        one.position: one
        for one in read(opened, login, lambda row: records.part(row, sizes), aside)
    }
    lots: dict[int, Decimal] = defaultdict(Decimal)
    parts: dict[int, Part] = {}
    for of, deal in {deal.deal: (of, deal) for of, deal in closings}.values():
        lots[of.position] += deal.lots
        parts[of.position] = of
    for position, of in held.items():
        lots[position] += of.lots
        parts[position] = of
    torn = _torn(list(aside)[known:])
    return [
        *{deal.deal: deal for _, deal in closings}.values(),
        *(
            records.opening(of, lots[position], login, sizes)
            for position, of in parts.items()
            if of.opened >= start and position not in torn
        ),
    ]


def read(
    rows: Sequence[Row], login: int, one: Callable[[Row], T], aside: dict[str, Misread]
) -> list[T]:
    """What can be read; the rest is put aside with its reason."""
    found: list[T] = []
    for row in rows:
        try:
            found.append(one(row))
        except Unreadable as why:
            text = _text(row)
            aside[text] = Misread(login, text[:2000], why.code[:200])
    return found


def _text(row: Any) -> str:
    return msgspec.json.encode(row).decode()


def _torn(aside: Sequence[str]) -> set[int]:
    """Positions of which a part cannot be read: how large they were is not known."""
    found: set[int] = set()
    for text in aside:
        try:
            found.add(ids.number(msgspec.json.decode(text).get("id"), "id"))
        except Unreadable:
            continue
    return found


def _closings(rows: Sequence[Row]) -> set[str]:
    return {str(row.get("id")) for row in rows if row.get("type") == CLOSED}
