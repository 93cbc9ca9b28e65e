"""What was heard of a server and not yet asked about."""

import asyncio
from datetime import UTC, datetime
from typing import Final

from brokerage.trading.connector import News, Told

_TURN: Final = 50
_WAITING_MOST: Final = 10_000


class Ear:
    """Some logins, so many deals of whoever made them, or everything."""

    def __init__(self) -> None:
        self.logins: set[int] = set()
        self.everything = False
        self.moved: int | None = None
        self.counting = False
        self.looked_further: datetime | None = None
        self.heard_at: datetime | None = None
        self.rung = asyncio.Event()

    def hear(self, news: News) -> None:
        self.heard_at = datetime.now(UTC)
        if news.what is Told.GAP or not news.login:
            self.ask_everything()
            return
        self.logins.add(news.login)
        if len(self.logins) > _WAITING_MOST:
            self.logins.clear()
            self.ask_everything()
        self.rung.set()

    def ask_everything(self) -> None:
        self.everything = True
        self.rung.set()

    def move(self, by: int) -> None:
        """Somebody made so many deals, or may have; who is not known."""
        if by:
            self.heard_at = datetime.now(UTC)
        self.moved = (self.moved or 0) + by
        self.rung.set()

    def again(self) -> None:
        """What was heard could not be asked about. Where deals are counted, the turns see to it."""
        self.everything = not self.counting

    def some(self) -> list[int]:
        """The next few logins, which are no longer waiting."""
        return [self.logins.pop() for _ in range(min(_TURN, len(self.logins)))]
