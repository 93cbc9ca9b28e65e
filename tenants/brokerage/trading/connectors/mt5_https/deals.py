"""Deals of many logins in one question, where the server answers so."""

from collections.abc import Sequence
from typing import Final

from brokerage.trading.connectors.mt5_webapi.deals import Deals, Journal
from brokerage.trading.connectors.mt5_webapi.link import Link
from stoa.connectors.trouble import NoAnswer
from stoa.kernel.refusals import NotFound

_MOST: Final = 2_000
"""An answer this long may have been cut off by the server: it is read again by pages."""


class BatchedDeals(Deals):
    """Asks for many logins at once; by pages, with their totals, where an answer may be short."""

    def __init__(self, link: Link, batch: int) -> None:
        super().__init__(link)
        self._batch = batch

    async def journals(
        self, logins: Sequence[int], first: int, last: int, missing: list[int]
    ) -> list[Journal]:
        if self._batch == 1 or len(logins) == 1:
            return await super().journals(logins, first, last, missing)
        found: list[Journal] = []
        for start in range(0, len(logins), self._batch):
            some = logins[start : start + self._batch]
            whole = await self._together(some, first, last)
            found += [whole] if whole else await super().journals(some, first, last, missing)
        return found

    async def _together(self, logins: Sequence[int], first: int, last: int) -> Journal | None:
        """All deals of some logins, or None where that cannot be told from one answer."""
        asked: dict[str, str | int] = {
            "LOGIN": ",".join(map(str, logins)),
            "FROM": first,
            "TO": last,
        }
        try:
            answer = await self.link.read("DEAL_GET_BATCH", asked)
        except (NotFound, NoAnswer):
            return None
        journal = Journal(logins, self.link.clock)
        if answer is not None and answer.json:
            journal.take(answer.json)
        return journal if journal.read < _MOST else None
