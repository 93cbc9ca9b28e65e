"""The journal of deals and the open positions, page by page, many logins at once."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from brokerage.trading.connector import Deal, DealBatch, DealCursor, Misread, Position
from brokerage.trading.connectors.mt5_webapi import records, zones
from brokerage.trading.connectors.mt5_webapi.link import Link
from stoa.connectors.trouble import Unreadable
from stoa.kernel.refusals import NotFound

_MOST: Final = 1_000_000
_MEASURED_SLACK: Final = timedelta(hours=1)


class Deals:
    """Reads the journal by time windows in the server's own seconds."""

    def __init__(self, link: Link) -> None:
        self._link = link

    async def since(
        self, logins: Sequence[int], cursor: DealCursor, until: datetime | None
    ) -> DealBatch:
        """From the cursor, with overlap, to now; the new cursor is the last deal seen."""
        overlap = timedelta(seconds=self._link.settings.overlap_s)
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
        clock = await self._link.server_clock()
        slack = _MEASURED_SLACK if self._link.settings.clock == "auto" else timedelta()
        first, last = zones.window(clock, start.at - slack, until)
        found: list[Deal] = []
        misread: list[Misread] = []
        missing: list[int] = []

        async def one(login: int) -> None:
            try:
                await self._of(login, max(first, 0), last, found, misread)
            except NotFound:
                missing.append(login)

        await self._link.each(logins, one)
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
            found += [one.value(self._link.clock) for one in raw]
        unique = {one.position: one for one in found}
        return tuple(unique.values())

    async def _of(
        self, login: int, first: int, last: int, found: list[Deal], misread: list[Misread]
    ) -> None:
        asked: dict[str, str | int] = {"LOGIN": login, "FROM": first, "TO": last}
        total = await self._total("DEAL_GET_TOTAL", asked)
        read = 0
        while read < total:
            page = await self._page("DEAL_GET_PAGE", asked, read)
            raws = records.decode(page, list[msgspec.Raw]) if page else []
            if not raws:
                # Taking this for the end would lose deals for ever: the cursor would pass them.
                raise Unreadable("The trading server's journal ends too early.", code="short-page")
            self._convert(login, page, raws, found, misread)
            read += len(raws)

    def _convert(
        self,
        login: int,
        page: str,
        raws: list[msgspec.Raw],
        found: list[Deal],
        misread: list[Misread],
    ) -> None:
        try:
            whole = records.decode(page, list[records.RawDeal])
            found += [one.value(self._link.clock) for one in whole]
        except (Unreadable, OverflowError):
            # One of them is bent: take them singly.
            self._convert_singly(login, raws, found, misread)

    def _convert_singly(
        self, login: int, raws: list[msgspec.Raw], found: list[Deal], misread: list[Misread]
    ) -> None:
        for raw in raws:
            text = bytes(raw).decode("utf-8", "replace")
            try:
                found.append(records.decode(text, records.RawDeal).value(self._link.clock))
            except (Unreadable, OverflowError) as why:
                misread.append(Misread(login, text[:2000], str(why.__cause__ or why)[:200]))

    async def _total(self, command: str, asked: dict[str, str | int]) -> int:
        answer = await self._link.read(command, asked)
        if answer is None:
            return 0
        total = answer.number("TOTAL")
        if total is None or total > _MOST:
            raise Unreadable("The trading server's answer could not be read.")
        return total

    async def _page(self, command: str, asked: dict[str, str | int], offset: int) -> str:
        page = {"OFFSET": offset, "TOTAL": self._link.settings.page}
        answer = await self._link.read(command, asked | page)
        return answer.json if answer is not None else ""
