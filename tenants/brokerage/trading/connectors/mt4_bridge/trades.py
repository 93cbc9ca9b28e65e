"""The journal of tickets by both their times, the open positions, and operations by our reference."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from brokerage.trading.connector import Deal, DealBatch, DealCursor, Doubled, Position
from brokerage.trading.connectors.mt4_bridge.records import Journal, RawTrade, convert, rows
from brokerage.trading.connectors.mt4_bridge.settings import Settings
from stoa.connectors.rest import Rest
from stoa.connectors.trouble import Unreadable

_TOGETHER: Final = 50
_MOST_PAGES: Final = 5_000
_AROUND: Final = timedelta(hours=26)


class Trades:
    def __init__(self, api: Rest, settings: Settings) -> None:
        self._api = api
        self._settings = settings

    async def since(
        self, logins: Sequence[int], cursor: DealCursor, until: datetime | None
    ) -> DealBatch:
        """From the cursor, with overlap, to now; the new cursor is the last deal seen."""
        start = cursor.at - timedelta(seconds=self._settings.overlap_s)
        last = until or datetime.now(UTC) + _AROUND
        journal, missing = Journal(), set[int]()
        for at in range(0, len(logins), _TOGETHER):
            await self._read(logins[at : at + _TOGETHER], start, last, journal, missing)
        # A ticket is told whole when it ends; its opening may be long before what was asked for.
        within = [deal for deal in journal.deals.values() if start <= deal.at <= last]
        within.sort(key=lambda deal: (deal.at, deal.deal))
        reached = cursor
        if within:
            reached = max(reached, DealCursor(within[-1].at, within[-1].deal))
        return DealBatch(
            deals=tuple(within),
            cursor=reached,
            misread=tuple(journal.misread.values()),
            missing=tuple(sorted(missing)),
        )

    async def positions(self, login: int) -> tuple[Position, ...]:
        said = await self._api.get(f"/v1/accounts/{login}/positions")
        found = [convert(row, RawTrade).position() for row in rows(said, "trades")]
        if any(one.login != login for one in found):
            raise Unreadable("The trading server's answer could not be read.")
        return tuple({one.position: one for one in found}.values())

    async def operation(self, login: int, external_id: str, since: datetime) -> Deal | None:
        """Looks a day further back: a clock that is set wrong must not hide money."""
        asked = {"external_id": external_id, "since": (since - _AROUND).isoformat()}
        said = await self._api.get(f"/v1/accounts/{login}/operations", asked)
        journal = Journal()
        journal.take(rows(said, "trades"), frozenset({login}))
        if journal.misread:
            raise Unreadable("The trading server's answer could not be read.")
        found = [deal for deal in journal.deals.values() if deal.external_id == external_id]
        if len(found) > 1:
            raise Doubled(
                "Operation {operation} is in the trading server's journal {times} times.",
                operation=external_id,
                times=len(found),
            )
        return found[0] if found else None

    async def _read(
        self,
        logins: Sequence[int],
        start: datetime,
        last: datetime,
        journal: Journal,
        missing: set[int],
    ) -> None:
        asked: dict[str, str | int] = {
            "logins": ",".join(map(str, logins)),
            "from": start.isoformat(),
            "to": last.isoformat(),
            "limit": self._settings.page,
        }
        mine, after = frozenset(logins), 0
        for _ in range(_MOST_PAGES):
            said = await self._api.get("/v1/trades", asked | {"since_ticket": after})
            journal.take(rows(said, "trades"), mine)
            missing.update(one for one in rows(said, "missing") if one in mine)
            following = _next(said, after)
            if following is None:
                return
            after = following
        raise Unreadable("The trading server's journal has no end.", code="no-end")


def _next(said: dict[str, Any], after: int) -> int | None:
    """The page after this one; one that does not go on would be asked for ever."""
    told = said.get("next")
    if told is None:
        return None
    if not isinstance(told, int) or told <= after:
        raise Unreadable("The trading server's answer could not be read.", code="short-page")
    return told
