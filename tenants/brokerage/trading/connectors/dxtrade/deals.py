"""The journal: trades from completed orders, all else from cash transfers; many accounts at once."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import quote

import msgspec

from brokerage.trading.connector import Deal, DealBatch, DealCursor, Misread, Position
from brokerage.trading.connectors.dxtrade import ids, records
from brokerage.trading.connectors.dxtrade.accounts import Accounts
from brokerage.trading.connectors.dxtrade.link import Link
from brokerage.trading.connectors.dxtrade.markets import Markets
from stoa.connectors.trouble import Unreadable
from stoa.kernel.refusals import NotFound

_AHEAD: Final = timedelta(minutes=5)
_PAGES: Final = 10_000
_AT_ONCE: Final = 50
_FIRST: Final = datetime(2010, 1, 1, tzinfo=UTC)


class Deals:
    def __init__(self, link: Link, accounts: Accounts, markets: Markets) -> None:
        self._link = link
        self._accounts = accounts
        self._markets = markets

    async def since(
        self, logins: Sequence[int], cursor: DealCursor, until: datetime | None
    ) -> DealBatch:
        """From the cursor, with overlap, to now; the new cursor is the last deal told."""
        overlap = timedelta(seconds=self._link.settings.overlap_s)
        start = max(cursor.at - overlap, _FIRST)
        end = until or datetime.now(UTC) + _AHEAD
        asked, missing = await self._known(list(dict.fromkeys(logins)))
        aside: dict[str, Misread] = {}
        found: dict[int, Deal] = {}
        sizes = await self._markets.lot_sizes()
        for at in range(0, len(asked), _AT_ONCE):
            some = asked[at : at + _AT_ONCE]
            wanted = set(some)
            for row in await self._orders(some, start, end):
                one = lambda told: records.trades(told, sizes, self._link.settings.clearing)  # noqa: E731
                found |= self._read(row, one, wanted, aside)
            for row in await self._transfer_rows(some, start, end):
                two = lambda told: records.transfer(told, self._link.settings.clearing)  # noqa: E731
                found |= self._read(row, two, wanted, aside)
        deals = sorted(found.values(), key=lambda deal: (deal.at, deal.deal))
        reached = cursor
        if deals:
            reached = max(cursor, DealCursor(deals[-1].at, deals[-1].deal))
        return DealBatch(
            deals=tuple(deals), cursor=reached, misread=tuple(aside.values()), missing=missing
        )

    async def transfers(self, login: int, start: datetime, end: datetime) -> list[Deal]:
        """Money of one account. Raises Unreadable for a row without which nothing may be concluded."""
        rows = await self._transfer_rows([login], start, end)
        return [
            deal
            for row in rows
            for deal in records.transfer(records.row(row), self._link.settings.clearing)
        ]

    async def positions(self, login: int) -> tuple[Position, ...]:
        """Raises Unreadable for one that cannot be read: without it the others are not the truth."""
        code = quote(self._link.code(login), safe="")
        rows = await self._link.rows(f"/accounts/{code}/positions", "positions")
        if not rows:
            return ()
        told = await self._accounts.metrics(login)
        worth = {
            str(one.get("positionCode")): one
            for one in records.rows(told.get("positions"), "positions")
        }
        sizes = await self._markets.lot_sizes()
        found = [records.position(records.row(row), worth, sizes, login) for row in rows]
        return tuple({one.position: one for one in found}.values())

    async def _known(self, logins: list[int]) -> tuple[list[int], tuple[int, ...]]:
        """Which of them the server knows: one stranger would spoil a question about many."""
        if not logins:
            return [], ()
        try:
            await self._metrics(logins)
        except NotFound:
            there: list[int] = []
            for login in logins:
                try:
                    await self._metrics([login])
                except NotFound:
                    continue
                there.append(login)
            return there, tuple(sorted(set(logins) - set(there)))
        return logins, ()

    async def _metrics(self, logins: list[int]) -> None:
        for at in range(0, len(logins), _AT_ONCE):
            accounts = ",".join(self._link.code(one) for one in logins[at : at + _AT_ONCE])
            await self._link.rows("/accounts/metrics", "metrics", {"accounts": accounts})

    async def _orders(self, logins: list[int], start: datetime, end: datetime) -> list[Any]:
        query = {"transaction-from": _iso(start), "transaction-to": _iso(end)}
        size = self._link.settings.page

        def page(number: int) -> dict[str, str | int]:
            return {"page": number, "page-size": size}

        return await self._pages(
            "/accounts/orders/history", "orders", logins, query, page, "orderCode"
        )

    async def _transfer_rows(self, logins: list[int], start: datetime, end: datetime) -> list[Any]:
        query = {"time-from": _iso(start), "time-to": _iso(end)}
        size = self._link.settings.page

        def page(number: int) -> dict[str, str | int]:
            return {"start-from": number * size, "limit": size}

        return await self._pages(
            "/accounts/transfers", "cashTransfers", logins, query, page, "transferCode"
        )

    async def _pages(
        self,
        path: str,
        name: str,
        logins: list[int],
        query: dict[str, str],
        page: Callable[[int], dict[str, str | int]],
        key: str,
    ) -> list[Any]:
        """All pages, until one brings nothing new: a page may tell a row twice."""
        accounts = ",".join(self._link.code(one) for one in logins)
        found: dict[str, Any] = {}
        for number in range(_PAGES):
            rows = await self._link.rows(path, name, {"accounts": accounts} | query | page(number))
            before = len(found)
            for row in rows:
                told = row if isinstance(row, dict) else {}
                mark = f"{told.get('account')}|{told.get(key)}" if told.get(key) else repr(row)
                found.setdefault(mark, row)
            if len(rows) < self._link.settings.page or len(found) == before:
                return list(found.values())
        raise Unreadable("The trading server's journal does not end.", code="endless-journal")

    def _read(
        self,
        row: Any,
        into: Callable[[dict[str, Any]], list[Deal]],
        wanted: set[int],
        aside: dict[str, Misread],
    ) -> dict[int, Deal]:
        """The deals of one row, or the row put aside with its reason."""
        try:
            told = into(records.row(row))
        except (Unreadable, ArithmeticError) as why:
            text = msgspec.json.encode(row).decode()[:2_000]
            login = 0
            if isinstance(row, dict):
                try:
                    login = ids.login(row.get("account"), self._link.settings.clearing)
                except Unreadable:
                    login = 0
            code = why.code if isinstance(why, Unreadable) else "a number that cannot be"
            aside[text] = Misread(login, text, code[:200])
            return {}
        return {deal.deal: deal for deal in told if deal.login in wanted}


def _iso(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z"
