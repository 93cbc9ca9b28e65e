"""What a platform's push told during a run: listened to in the background, opened again after a break."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from brokerage.trading.connector import Deal, News, Told, TradingConnector
from stoa.kernel.refusals import Refusal

_AGAIN_S: Final = 0.3
_MOST: Final = 100_000


class Hearing:
    """Keeps the news in the order they came."""

    def __init__(self, connector: TradingConnector) -> None:
        self._connector = connector
        self._task: asyncio.Task[None] | None = None
        self.news: list[News] = []
        self.openings = 0
        self.breaks: list[str] = []
        self.error: Exception | None = None

    def start(self) -> None:
        """Listen from now on; does nothing when it does already, or when there is no push."""
        if self._task is None and self._connector.capabilities.push:
            self._task = asyncio.ensure_future(self._listen())

    async def aclose(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    def deals(self, logins: Sequence[int]) -> tuple[Deal, ...]:
        """Every deal the stream carried whole, each once, in order."""
        found = {
            deal.deal: deal for news in self.news for deal in news.deals if deal.login in logins
        }
        return tuple(sorted(found.values(), key=lambda deal: (deal.at, deal.deal)))

    def of(self, login: int, since: int) -> list[News]:
        """News that concern a login, from the `since`th on."""
        return [one for one in self.news[since:] if one.login in {0, login}]

    def told(self, what: Told, login: int, since: int) -> bool:
        return any(one.what in {what, Told.GAP} for one in self.of(login, since))

    async def _listen(self) -> None:
        while True:
            self.openings += 1
            try:
                async for news in self._connector.stream():
                    if len(self.news) < _MOST:
                        self.news.append(news)
                self.breaks.append("ended")
            except Refusal as why:
                self.breaks.append(why.code)
            except Exception as why:
                # Anything but a refusal is the adapter's mistake; the case that looks tells it.
                self.error = why
                return
            await asyncio.sleep(_AGAIN_S)
