"""Groups, symbols and prices."""

from collections.abc import Sequence
from typing import Final

import msgspec

from brokerage.trading.connector import Group, Symbol, Ticks
from brokerage.trading.connectors.mt5_webapi import records
from brokerage.trading.connectors.mt5_webapi.link import Link
from stoa.connectors.trouble import Unreadable
from stoa.kernel.refusals import NotFound, Unavailable

_MOST: Final = 20_000
_WILL_NOT_SAY: Final = frozenset({"mt5-3", "mt5-8", "mt5-12000", "mt5-12002"})
"""The manager may not ask for it, or the server does not know the question."""


class _Common(msgspec.Struct, rename="pascal", frozen=True):
    """Of COMMON_GET, as far as it is of use; a server that leaves the count out says nothing."""

    total_deals: int | None = None


class Markets:
    """What the server offers. Lists are walked by index, as the protocol has it."""

    def __init__(self, link: Link) -> None:
        self._link = link

    async def groups(self) -> tuple[Group, ...]:
        texts = await self._walk("GROUP")
        return tuple(records.decode(text, records.RawGroup).value() for text in texts)

    async def symbols(self) -> tuple[Symbol, ...]:
        texts = await self._walk("SYMBOL")
        return tuple(records.decode(text, records.RawSymbol).value() for text in texts)

    async def prices(self, symbols: Sequence[str], since: int) -> Ticks:
        """What changed after `since`; nothing new is an empty answer."""
        asked: dict[str, str | int] = {"SYMBOL": ",".join(symbols), "TRANS_ID": since}
        answer = await self._link.read("TICK_LAST", asked)
        if answer is None:
            return Ticks((), since)
        raw = records.decode(answer.json, list[records.RawTick]) if answer.json else []
        clock = self._link.clock
        return Ticks(tuple(one.value(clock) for one in raw), answer.number("TRANS_ID") or since)

    async def deals_made(self) -> int | None:
        """The server's count of all its deals; None where it keeps that to itself."""
        try:
            answer = await self._link.read("COMMON_GET")
        except NotFound:
            return None
        except Unavailable as why:
            if why.code in _WILL_NOT_SAY:
                return None
            raise
        if answer is None or not answer.json:
            return None
        return records.decode(answer.json, _Common).total_deals

    async def _walk(self, kind: str) -> list[str]:
        answer = await self._link.read(f"{kind}_TOTAL")
        total = answer.number("TOTAL") if answer else 0
        if total is None or total > _MOST:
            raise Unreadable("The trading server's answer could not be read.")

        async def one(index: int) -> str | None:
            found = await self._link.read(f"{kind}_NEXT", {"INDEX": index})
            return found.json if found else None

        return await self._link.each(range(total), one)
