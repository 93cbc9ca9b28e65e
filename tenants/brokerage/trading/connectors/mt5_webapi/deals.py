"""The journal of deals and the open positions, page by page, many logins at once."""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from brokerage.trading.connector import Deal, DealBatch, DealCursor, Misread, Position
from brokerage.trading.connectors.mt5_webapi import records, zones
from brokerage.trading.connectors.mt5_webapi.link import Link
from brokerage.trading.connectors.mt5_webapi.zones import Clock
from stoa.connectors.trouble import Unreadable
from stoa.kernel.refusals import NotFound

_MOST: Final = 1_000_000
_MEASURED_SLACK: Final = timedelta(hours=1)


class Journal:
    """What was read of some logins' deals, each once."""

    def __init__(self, logins: Collection[int], clock: Clock) -> None:
        self._logins = frozenset(logins)
        self._clock = clock
        self.deals: dict[int, Deal] = {}
        self.misread: dict[str, Misread] = {}

    @property
    def read(self) -> int:
        return len(self.deals) + len(self.misread)

    def take(self, page: str) -> None:
        """Raises Unreadable where the page is no list."""
        try:
            whole = [one.value(self._clock) for one in records.decode(page, list[records.RawDeal])]
        except (Unreadable, OverflowError):
            # One of them is bent: take them singly.
            for raw in records.decode(page, list[msgspec.Raw]):
                self._take_one(bytes(raw).decode("utf-8", "replace"))
            return
        for deal in whole:
            self._keep(deal, "")

    def _take_one(self, text: str) -> None:
        try:
            deal = records.decode(text, records.RawDeal).value(self._clock)
        except (Unreadable, OverflowError) as why:
            self._put_aside(text, str(why.__cause__ or why))
            return
        self._keep(deal, text)

    def _keep(self, deal: Deal, text: str) -> None:
        if deal.login in self._logins:
            self.deals[deal.deal] = deal
        else:
            self._put_aside(text or str(deal.deal), "a deal of another login")

    def _put_aside(self, text: str, why: str) -> None:
        alone = next(iter(self._logins)) if len(self._logins) == 1 else 0
        self.misread[text] = Misread(alone, text[:2000], why[:200])


class Deals:
    """Reads the journal by time windows in the server's own seconds."""

    def __init__(self, link: Link) -> None:
        self.link = link

    async def since(
        self, logins: Sequence[int], cursor: DealCursor, until: datetime | None
    ) -> DealBatch:
        """From the cursor, with overlap, to now; the new cursor is the last deal seen."""
        overlap = timedelta(seconds=self.link.settings.overlap_s)
        return await self.read(
            logins, DealCursor(cursor.at - overlap, cursor.deal), until or datetime.now(UTC), cursor
        )

    async def read(
        self,
        logins: Sequence[int],
        start: DealCursor,
        until: datetime,
        cursor: DealCursor | None = None,
    ) -> DealBatch:
        """All deals of `logins` between two instants; logins the server does not know are named."""
        clock = await self.link.server_clock()
        slack = _MEASURED_SLACK if self.link.settings.clock == "auto" else timedelta()
        first, last = zones.window(clock, start.at - slack, until)
        missing: list[int] = []
        journals = await self.journals(logins, max(first, 0), last, missing)
        found = [deal for journal in journals for deal in journal.deals.values()]
        misread = [bent for journal in journals for bent in journal.misread.values()]
        found.sort(key=lambda deal: (deal.at, deal.deal))
        reached = cursor or start
        if found:
            reached = max(reached, DealCursor(found[-1].at, found[-1].deal))
        return DealBatch(
            deals=tuple(found),
            cursor=reached,
            misread=tuple(misread),
            missing=tuple(sorted(missing)),
        )

    async def journals(
        self, logins: Sequence[int], first: int, last: int, missing: list[int]
    ) -> list[Journal]:
        """Each login's deals, page by page; those the server does not know go to `missing`."""

        async def one(login: int) -> Journal | None:
            try:
                return await self._of(login, first, last)
            except NotFound:
                missing.append(login)
                return None

        return await self.link.each(logins, one)

    async def positions(self, login: int) -> tuple[Position, ...]:
        total = await self._total("POSITION_GET_TOTAL", {"LOGIN": login})
        found: list[Position] = []
        while len(found) < total:
            page = await self._page("POSITION_GET_PAGE", {"LOGIN": login}, len(found))
            if not page:
                break  # closed while we were reading
            raw = records.decode(page, list[records.RawPosition])
            if not raw:
                break
            found += [one.value(self.link.clock) for one in raw]
        unique = {one.position: one for one in found}
        return tuple(unique.values())

    async def _of(self, login: int, first: int, last: int) -> Journal:
        """One login's deals. The offset counts what is new: a page may tell a deal twice."""
        asked: dict[str, str | int] = {"LOGIN": login, "FROM": first, "TO": last}
        total = await self._total("DEAL_GET_TOTAL", asked)
        journal = Journal((login,), self.link.clock)
        while journal.read < total:
            before = journal.read
            page = await self._page("DEAL_GET_PAGE", asked, before)
            if page:
                journal.take(page)
            if journal.read == before:
                # Taking this for the end would lose deals for ever: the cursor would pass them.
                raise Unreadable("The trading server's journal ends too early.", code="short-page")
        return journal

    async def _total(self, command: str, asked: dict[str, str | int]) -> int:
        answer = await self.link.read(command, asked)
        if answer is None:
            return 0
        total = answer.number("TOTAL")
        if total is None or total > _MOST:
            raise Unreadable("The trading server's answer could not be read.")
        return total

    async def _page(self, command: str, asked: dict[str, str | int], offset: int) -> str:
        page = {"OFFSET": offset, "TOTAL": self.link.settings.page}
        answer = await self.link.read(command, asked | page)
        return answer.json if answer is not None else ""
