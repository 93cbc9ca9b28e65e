"""A FIX drop copy as the product's trading port: it tells, and can be told nothing.

There are no verbs. What it tells has to be kept before its number counts, so the session is run by
whoever has a memory for it (`converse`, from `brokerage.trading.dropcopy`); `stream` rings in that
process with the deals that were just kept, and never logs on by itself.

Accounts and executions have names that are text. An account's login is its name where that is a
number of at most 17 digits, else a number drawn from the name's hash and kept beside it
(`trading_account.server_account`). A deal's number is 1,000 times the row of the message that told the
execution, plus the place among the deals that execution came to: the message leads back to its ExecID.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from typing import ClassVar, Final

import msgspec

from brokerage.trading.connector import Capabilities, Deal, News, Told, Verb
from brokerage.trading.connectors.fix.lacking import Lacking
from brokerage.trading.connectors.fix.link import Memory, converse
from brokerage.trading.connectors.fix.settings import Settings
from stoa.connectors.checks import Check, failed
from stoa.connectors.keyring import Keyring
from stoa.connectors.lines import Line
from stoa.kernel.refusals import Refusal

_LISTENERS_MOST: Final = 1_000


class FixDropCopy(Lacking):
    """One drop-copy session of one tenant, in FIX 4.4 or FIXT.1.1 with FIX 5.0 SP2."""

    code: ClassVar[str] = "fix-drop-copy"
    label: ClassVar[str] = "FIX drop copy (4.4, 5.0 SP2)"
    settings_type: ClassVar[type[msgspec.Struct]] = Settings
    capabilities: ClassVar[Capabilities] = Capabilities(
        verbs=frozenset({Verb.SUBSCRIBE}),
        access=frozenset(),
        money=frozenset(),
        push=True,
        idempotent_money=False,
        comment_length=0,
    )

    def __init__(self, settings: Settings, secrets: Keyring, line: Line) -> None:
        self.settings = settings
        self._secrets = secrets
        self._line = line
        self._listeners: set[asyncio.Queue[News | None]] = set()

    @property
    def identity(self) -> str:
        """A session by its names: two that log on under one would cut one another off."""
        one = self.settings
        return f"{self.code}|{one.host.lower()}:{one.port}|{one.sender}|{one.target}"

    @property
    def settle_after(self) -> timedelta:
        return timedelta(0)

    async def converse(self, memory: Memory, leaving: asyncio.Event | None = None) -> str:
        """Run the session until it ends; why it did. Raises as `link.converse`."""
        return await converse(self.settings, self._password(), memory, self._open, leaving=leaving)

    def kept(self, deals: Sequence[Deal]) -> None:
        """Ring for deals that are stored: those who listen in this process hear them."""
        for queue in self._listeners:
            if queue.qsize() < _LISTENERS_MOST:
                queue.put_nowait(News(what=Told.DEAL, deals=tuple(deals)))

    async def stream(self) -> AsyncIterator[News]:
        """What the session run here has just kept; it does not log on by itself."""
        queue: asyncio.Queue[News | None] = asyncio.Queue()
        self._listeners.add(queue)
        try:
            while (news := await queue.get()) is not None:
                yield news
        finally:
            self._listeners.discard(queue)

    async def test_connection(self) -> list[Check]:
        """Reach the address. A logon would cut the running session off, so none is tried."""
        try:
            _, writer = await self._open()
        except Refusal as why:
            return [failed("Reach the address", why)]
        writer.close()
        return [Check("Reach the address", fine=True, text=f"{self.settings.host}")]

    async def aclose(self) -> None:
        for queue in self._listeners:
            queue.put_nowait(None)

    async def _open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        one = self.settings
        async with self._line.guard():
            return await self._line.egress.open_stream(one.host, one.port, tls=one.tls)

    def _password(self) -> str:
        name = self.settings.password
        return self._secrets.current(name) if name else ""
