"""Deposits, withdrawals and credit of accounts, from the report of operations.

The report is of one account at a time. What an account's was is kept, and asked for anew only when its
balance or credit has changed since: otherwise every pass would be a call for every account. What does
not lead to the balance that is told (the report may lag) is kept for seconds only.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec

from brokerage.trading.connector import Misread
from brokerage.trading.connectors.tradelocker import ids, records
from brokerage.trading.connectors.tradelocker.link import Link
from brokerage.trading.connectors.tradelocker.records import Operation
from stoa.connectors.trouble import Unreadable

PATH: Final = "/v1/reports/account-operations-history-report"
EARLIEST: Final = datetime(2019, 11, 30, tzinfo=UTC)
"""The API takes no earlier time."""

_YEAR: Final = timedelta(days=364)
_FRESH_FOR: Final = timedelta(minutes=10)
_DOUBTED_FOR: Final = timedelta(seconds=20)
_AT_ONCE: Final = 4
_MOST: Final = 20_000


class Known(msgspec.Struct, frozen=True):
    """What was read of one account: from when, as of which balance and credit."""

    since: datetime
    until: datetime
    stood: tuple[Any, Any]
    rows: tuple[Operation, ...]
    bent: tuple[Misread, ...]


class Heard:
    """What a reading of one account came to: operations, bent rows, the last balance told."""

    def __init__(self, login: int) -> None:
        self._login = login
        self._last: tuple[str, str] = ("", "")
        self.balance = ""
        self.rows: dict[int, Operation] = {}
        self.bent: dict[str, Misread] = {}

    def take(self, row: Any) -> None:
        told: dict[str, Any] = row if isinstance(row, dict) else {}
        place = (str(told.get("dateTime")), str(told.get("id")))
        if place >= self._last:
            self._last, self.balance = place, str(told.get("resultingBalance"))
        if told.get("operationTypeName") in records.PARTS:
            return
        try:
            one = records.operation(told)
        except Unreadable as why:
            text = msgspec.json.encode(row).decode()
            self.bent[text] = Misread(self._login, text[:2000], why.code[:200])
        else:
            self.rows[one.deal] = one


class Operations:
    def __init__(self, link: Link) -> None:
        self._link = link
        self._known: OrderedDict[int, Known] = OrderedDict()
        self._turns = asyncio.Semaphore(_AT_ONCE)

    async def read(self, login: int, since: datetime, until: datetime) -> tuple[Operation, ...]:
        """All of one account between two instants, asked for now. Raises Unreadable for a bent row."""
        heard = await self._ask(login, since, until)
        for bent in heard.bent.values():
            raise Unreadable("The trading server's answer could not be read.", code=bent.why)
        return tuple(heard.rows.values())

    async def of_many(
        self, since: datetime, until: datetime, standing: Mapping[int, Mapping[str, Any]]
    ) -> dict[int, Known]:
        """Of each account in `standing` (its row of the statement), from the report or as kept."""
        found = await asyncio.gather(
            *(self._of(login, since, until, row) for login, row in standing.items())
        )
        return dict(zip(standing, found, strict=True))

    async def _of(
        self, login: int, since: datetime, until: datetime, row: Mapping[str, Any]
    ) -> Known:
        stood, now = (row.get("balance"), row.get("credit")), datetime.now(UTC)
        known = self._known.get(login)
        if (
            known is not None
            and known.stood == stood
            and known.since <= since
            and now < known.until
        ):
            return known
        heard = await self._ask(login, since, max(until, now + _FRESH_FOR))
        agreed = heard.balance == str(stood[0]) if heard.balance else _nothing(stood[0])
        known = self._known[login] = Known(
            since,
            now + (_FRESH_FOR if agreed else _DOUBTED_FOR),
            stood,
            tuple(heard.rows.values()),
            tuple(heard.bent.values()),
        )
        self._known.move_to_end(login)
        if len(self._known) > _MOST:
            self._known.popitem(last=False)
        return known

    async def _ask(self, login: int, since: datetime, until: datetime) -> Heard:
        """In pieces of a year, which is the most that may be asked for at once."""
        heard = Heard(login)
        start = max(since, EARLIEST)
        while start < until:
            end = min(start + _YEAR, until)
            body = {
                "accountId": ids.account_id(login, self._link.settings.kind),
                "type": self._link.settings.kind,
                "startDateTime": iso(start),
                "endDateTime": iso(end),
            }
            async with self._turns:
                rows = await self._link.rows(PATH, body)
            for row in rows:
                heard.take(row)
            start = end
        return heard


def _nothing(balance: Any) -> bool:
    return not str(balance).strip("0.")


def iso(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"
