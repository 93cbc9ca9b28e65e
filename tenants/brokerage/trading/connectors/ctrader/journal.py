"""One canonical journal out of the platform's three, and out of its lists of closed positions.

Deals, balance operations and bonus operations are numbered each by themselves. Here a deal keeps
its number, a balance operation has 10^15 added and a bonus operation 2 * 10^15, so that each has
one number for ever and can be told back. The Manager API tells all three. Without it the lists of
closed positions are all there is: closing deals with the same numbers and figures, and neither
openings nor money; both ways never make two deals of one.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from brokerage.trading.connector import Deal, DealBatch, DealCursor, Misread
from brokerage.trading.connectors.ctrader import lists, messages, reading
from brokerage.trading.connectors.ctrader.accounts import Accounts
from brokerage.trading.connectors.ctrader.directory import Directory, Instrument
from brokerage.trading.connectors.ctrader.link import Link
from brokerage.trading.connectors.ctrader.messages import Kind, Trader
from brokerage.trading.connectors.ctrader.web import Web
from stoa.kernel.refusals import NotFound

CLOSED: Final = "/v2/webserv/closedPositions"
_LIST_WINDOW: Final = timedelta(days=2)
_SHORT: Final = timedelta(days=1)
_FEW: Final = 4
_AHEAD: Final = timedelta(minutes=5)


class Journal:
    """Reads by windows of time, with overlap; the store drops what it has."""

    def __init__(self, web: Web, link: Link, accounts: Accounts, directory: Directory) -> None:
        self._web = web
        self._link = link
        self._accounts = accounts
        self._directory = directory

    async def since(
        self, logins: Sequence[int], cursor: DealCursor, until: datetime | None
    ) -> DealBatch:
        """From the cursor, with overlap, to now; the new cursor is the last deal seen."""
        start = cursor.at - timedelta(seconds=self._web.settings.overlap_s)
        return await self.read(logins, start, until or datetime.now(UTC) + _AHEAD, cursor)

    async def read(
        self,
        logins: Sequence[int],
        start: datetime,
        until: datetime,
        cursor: DealCursor | None = None,
    ) -> DealBatch:
        """All deals of `logins` between two instants; logins the server does not know are named."""
        take = self._over_link if self._link.configured else self._over_web
        deals, misread, missing = await take(tuple(dict.fromkeys(logins)), start, until)
        ordered = sorted(deals.values(), key=lambda deal: (deal.at, deal.deal))
        reached = cursor or DealCursor(start)
        if ordered:
            reached = max(reached, DealCursor(ordered[-1].at, ordered[-1].deal))
        return DealBatch(
            deals=tuple(ordered),
            cursor=reached,
            misread=tuple(dict.fromkeys(misread)),
            missing=missing,
        )

    async def _over_link(
        self, logins: tuple[int, ...], start: datetime, until: datetime
    ) -> tuple[dict[int, Deal], list[Misread], tuple[int, ...]]:
        traders = await self._directory.traders(logins)
        instruments = await self._directory.instruments()
        missing = tuple(login for login in logins if login not in traders)
        wanted = {trader.trader: login for login, trader in traders.items()}
        heard = _Heard(wanted, instruments)
        if wanted:
            first = min((one.registered for one in traders.values() if one.registered), default=0)
            begin = max(_ms(start), first - 1) if first else _ms(start)
            together = len(wanted) > _FEW and until - start <= _SHORT
            for since, last in self._windows(begin, _ms(until)):
                await self._window(heard, traders, since, last, together=together)
        return heard.deals, heard.misread, missing

    async def _window(
        self, heard: "_Heard", traders: dict[int, Trader], since: int, last: int, *, together: bool
    ) -> None:
        """Deals of all asked for at once; operations of each, or of everybody when that is less."""
        numbers = tuple(one.trader for one in traders.values())

        def deals(first: int, until: int) -> bytes:
            return messages.window(first, until, () if together else numbers)

        heard.take_deals(await self._link.rows(Kind.DEALS, Kind.DEALS_TOLD, deals, since, last))
        whose: list[int | None] = [None] if together else list(numbers)

        async def operations(trader: int | None) -> None:
            def window(first: int, until: int) -> bytes:
                return messages.window_of_one(first, until, trader)

            heard.take_operations(
                await self._link.rows(Kind.OPERATIONS, Kind.OPERATIONS_TOLD, window, since, last)
            )
            heard.take_bonuses(
                await self._link.rows(Kind.BONUSES, Kind.BONUSES_TOLD, window, since, last)
            )

        await self._link.each(whose, operations)

    def _windows(self, begin: int, end: int) -> Iterable[tuple[int, int]]:
        step = self._link.settings.window_days * 86_400_000
        at = begin
        while at < end:
            yield at, min(at + step, end)
            at += step

    async def _over_web(
        self, logins: tuple[int, ...], start: datetime, until: datetime
    ) -> tuple[dict[int, Deal], list[Misread], tuple[int, ...]]:
        instruments = await self._directory.by_name()
        deals: dict[int, Deal] = {}
        misread: list[Misread] = []
        missing: list[int] = []
        digits: dict[int, int] = {}
        begin = until
        for login in logins:
            try:
                account = await self._accounts.get(login)
            except NotFound:
                missing.append(login)
                continue
            digits[login] = reading.digits_of(account)
            begin = min(begin, max(start, account.registered or start))
        for first, last in _two_days(begin, until) if digits else ():
            rows: list[lists.Closed | lists.Bent] = []
            for login in [0] if len(digits) > _FEW else list(digits):
                rows += await self._closed(first, last, login)
            for row in rows:
                if row.login not in digits:
                    continue
                told = reading.of_list(row, instruments, digits[row.login], minor=self._minor)
                if isinstance(told, Misread):
                    misread.append(told)
                else:
                    deals[told.deal] = told
        return deals, misread, tuple(missing)

    async def _closed(
        self, first: datetime, last: datetime, login: int
    ) -> list[lists.Closed | lists.Bent]:
        asked: dict[str, str | int] = {"from": lists.written(first), "to": lists.written(last)}
        if login:
            asked["login"] = login
        return lists.closed_positions(await self._web.text(CLOSED, asked))

    @property
    def _minor(self) -> bool:
        return self._web.settings.csv_money == "minor"


class _Heard:
    """What was read over the link: each deal once, of the traders asked for alone."""

    def __init__(self, wanted: dict[int, int], instruments: dict[int, Instrument]) -> None:
        self._wanted = wanted
        self._instruments = instruments
        self.deals: dict[int, Deal] = {}
        self.misread: list[Misread] = []

    def take_deals(self, rows: Iterable[bytes]) -> None:
        for row in rows:
            self._keep(reading.of_deal(row, self._wanted.get, self._instruments))

    def take_operations(self, rows: Iterable[bytes]) -> None:
        for row in rows:
            self._keep(reading.of_operation(row, self._wanted.get))

    def take_bonuses(self, rows: Iterable[bytes]) -> None:
        for row in rows:
            self._keep(reading.of_bonus(row, self._wanted.get))

    def _keep(self, told: Deal | Misread | None) -> None:
        if isinstance(told, Misread):
            self.misread.append(told)
        elif told is not None:
            self.deals[told.deal] = told


def _two_days(begin: datetime, until: datetime) -> Iterable[tuple[datetime, datetime]]:
    at = begin
    while at < until:
        # A hair over the end, so that nothing lies between two windows.
        yield at, min(at + _LIST_WINDOW, until)
        at += _LIST_WINDOW - timedelta(milliseconds=1)


def _ms(at: datetime) -> int:
    return max(0, int(at.timestamp() * 1000))
