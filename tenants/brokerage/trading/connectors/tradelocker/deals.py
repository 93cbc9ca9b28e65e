"""The journal: trades with what their closings brought, and operations; many accounts at once.

Two reports make a closing: one of trades (lots, price, fee, whether it opened or closed) and one of
closed trades (profit and swap). The second is read first, so that a closing whose other half is not
there yet is held back with everything after it, and comes whole with the next reading.
"""

from collections.abc import Callable, Container, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeVar

import msgspec

from brokerage.trading.connector import Deal, DealBatch, DealCursor, Entry, Misread, Position
from brokerage.trading.connectors.tradelocker import ids, records
from brokerage.trading.connectors.tradelocker.accounts import Accounts
from brokerage.trading.connectors.tradelocker.link import Link
from brokerage.trading.connectors.tradelocker.markets import Markets
from brokerage.trading.connectors.tradelocker.money import References
from brokerage.trading.connectors.tradelocker.operations import EARLIEST, Operations, iso
from brokerage.trading.connectors.tradelocker.records import Trade
from brokerage.trading.told import whole as whole_number
from stoa.connectors.trouble import Unreadable

TRADES: Final = "/v2/reports/trades-history-report"
CLOSED: Final = "/v2/reports/close-trades-history-report"
POSITIONS: Final = "/v2/positions/get-open-positions"
_AHEAD: Final = timedelta(minutes=5)
_SHORTEST: Final = timedelta(seconds=10)
_MOST_AT_ONCE: Final = 500
_PATIENCE: Final = timedelta(minutes=15)

T = TypeVar("T")


class Deals:
    def __init__(
        self,
        link: Link,
        accounts: Accounts,
        markets: Markets,
        operations: Operations,
        references: References,
    ) -> None:
        self._link = link
        self._accounts = accounts
        self._markets = markets
        self._operations = operations
        self._references = references
        self._kind = link.settings.kind

    async def since(
        self, logins: Sequence[int], cursor: DealCursor, until: datetime | None
    ) -> DealBatch:
        """From the cursor, with overlap, to now; the new cursor is the last deal told."""
        overlap = timedelta(seconds=self._link.settings.overlap_s)
        start = max(cursor.at - overlap, EARLIEST) if cursor.at > EARLIEST else EARLIEST
        end = until or datetime.now(UTC) + _AHEAD
        standing = await self._accounts.statement()
        asked = [login for login in dict.fromkeys(logins) if login in standing]
        aside: dict[str, Misread] = {}
        found: list[Deal] = []
        if asked and start < end:
            found = await self._traded(asked, start, end, aside)
            money = await self._operations.of_many(
                start, end, {login: standing[login] for login in asked}
            )
            for login, known in money.items():
                aside |= {one.raw: one for one in known.bent}
                found += [
                    records.deal_of_operation(one, login, self._references.of(one.deal))
                    for one in known.rows
                    if start <= one.at <= end
                ]
        found.sort(key=lambda deal: (deal.at, deal.deal))
        reached = cursor
        if found:
            reached = max(cursor, DealCursor(found[-1].at, found[-1].deal))
        return DealBatch(
            deals=tuple(found),
            cursor=reached,
            misread=tuple(aside.values()),
            missing=tuple(sorted(set(logins) - set(asked))),
        )

    async def positions(self, login: int) -> tuple[Position, ...]:
        """Raises Unreadable for one that cannot be read: without it the others are not the truth."""
        body = {"type": self._kind, "accountId": ids.account_id(login, self._kind)}
        rows = await self._link.rows(POSITIONS, body)
        found = [records.position(row if isinstance(row, dict) else {}, self._kind) for row in rows]
        return tuple({one.position: one for one in found if one.login == login}.values())

    async def _traded(
        self, logins: list[int], start: datetime, end: datetime, aside: dict[str, Misread]
    ) -> list[Deal]:
        sizes = await self._markets.lot_sizes()
        found: list[Deal] = []
        for at in range(0, len(logins), _MOST_AT_ONCE):
            some = logins[at : at + _MOST_AT_ONCE]
            closed = _read(
                await self._report(CLOSED, some, start, end),
                lambda row: records.closing(row, self._kind),
                aside,
                self._kind,
            )
            trades = _read(
                await self._report(TRADES, some, start, end),
                lambda row: records.trade(row, self._kind, sizes),
                aside,
                self._kind,
            )
            asked, results = set(some), {one.trade: one for one in closed}
            mine = {one.trade: one for one in trades if one.login in asked}
            told, lacking = whole(mine.values(), results, _bent(aside), datetime.now(UTC))
            found += [
                records.deal_of_trade(one, results.get(one.trade), sizes[one.symbol])
                for one in told
            ]
            for one in lacking:
                text = msgspec.json.encode(one).decode()
                aside[text] = Misread(one.login, text, "what this closing brought is not told")
        return found

    async def _report(
        self, path: str, logins: list[int], start: datetime, end: datetime
    ) -> list[Any]:
        """A report's rows; where it is too large for one answer, of each half of the time."""
        body = {
            "type": self._kind,
            "accountIds": [ids.account_id(login, self._kind) for login in logins],
            "startDateTime": iso(start),
            "endDateTime": iso(end),
        }
        try:
            return await self._link.rows(path, body)
        except Unreadable as why:
            if why.code != "unreadable-answer" or end - start < _SHORTEST:
                raise
        middle = start + (end - start) / 2
        first = await self._report(path, logins, start, middle)
        return first + await self._report(path, logins, middle, end)


def whole(
    trades: Iterable[Trade], closed: Container[int], bent: Container[int], now: datetime
) -> tuple[list[Trade], list[Trade]]:
    """Trades in order, and closings that have waited too long for their other half.

    A closing that lacks it holds back itself and what comes after it on its account. One whose other
    half is there and cannot be read is kept aside as that, and holds back nothing.
    """
    held: set[int] = set()
    told: list[Trade] = []
    lacking: list[Trade] = []
    for one in sorted(trades, key=lambda one: (one.at, one.trade)):
        if one.entry is Entry.OUT and one.trade not in closed:
            if one.trade in bent:
                continue
            if now - one.at > _PATIENCE:
                lacking.append(one)
                continue
            held.add(one.login)
        if one.login not in held:
            told.append(one)
    return told, lacking


def _bent(aside: Iterable[str]) -> set[int]:
    """The closing trades that are named in rows kept aside."""
    found: set[int] = set()
    for text in aside:
        try:
            found.add(whole_number(msgspec.json.decode(text).get("closeTradeId"), "id"))
        except (Unreadable, AttributeError):
            continue
    return found


def _read(
    rows: Sequence[Any],
    one: Callable[[dict[str, Any]], T],
    aside: dict[str, Misread],
    kind: str,
) -> list[T]:
    """What can be read; the rest is put aside with its reason."""
    found: list[T] = []
    for row in rows:
        try:
            found.append(one(row if isinstance(row, dict) else {}))
        except Unreadable as why:
            text = msgspec.json.encode(row).decode()
            aside[text] = Misread(_owner(row, kind), text[:2000], why.code[:200])
    return found


def _owner(row: Any, kind: str) -> int:
    try:
        return ids.login_of(row.get("accountId") if isinstance(row, dict) else None, kind)
    except Unreadable:
        return 0
