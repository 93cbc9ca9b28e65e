"""cTrader as the product's trading port.

What changes anything goes over the WebServices (REST); deals, balance operations, prices and push
come over the Manager API (length-prefixed protocol buffers) where that is configured. Without it
there are closing deals from the lists of closed positions, no prices, and no money is moved, because
no lost answer could be cleared up. Logins, positions and deals are the platform's own numbers; those
of balance and bonus operations have 10^15 and 2 * 10^15 added, since they are counted apart. A
commission counts with the closing deal, where the platform takes it.

The message numbers are those of a public client's interface description (see `messages`); what is
inferred or unclear (path names of the password calls, names of errors, units of lot sizes and of
money in lists) is a setting or is read so that a surprise is an unknown outcome or a row put aside.
"""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import ClassVar

import msgspec

from brokerage.trading.connector import (
    Access,
    Capabilities,
    MoneyKind,
    News,
    Verb,
)
from brokerage.trading.connectors.ctrader import messages, news
from brokerage.trading.connectors.ctrader.accounts import Accounts
from brokerage.trading.connectors.ctrader.directory import Directory
from brokerage.trading.connectors.ctrader.journal import Journal
from brokerage.trading.connectors.ctrader.link import Link
from brokerage.trading.connectors.ctrader.markets import Markets
from brokerage.trading.connectors.ctrader.messages import Kind
from brokerage.trading.connectors.ctrader.money import COMMENT_LENGTH, Operations
from brokerage.trading.connectors.ctrader.settings import Settings
from brokerage.trading.connectors.ctrader.web import Web
from brokerage.trading.connectors.ctrader.wire import BrokenMessage
from brokerage.trading.connectors.parted import Parted, Parts
from stoa.connectors.checks import Check, failed
from stoa.connectors.keyring import Keyring
from stoa.connectors.lines import Line
from stoa.kernel.refusals import Refusal

_DRIFT_S = 60


class CTrader(Parted):
    """One environment of one plant."""

    code: ClassVar[str] = "ctrader"
    label: ClassVar[str] = "cTrader"
    settings_type: ClassVar[type[msgspec.Struct]] = Settings
    capabilities: ClassVar[Capabilities] = Capabilities(
        verbs=frozenset(Verb),
        access=frozenset(Access),
        money=frozenset(MoneyKind),
        push=True,
        idempotent_money=False,
        comment_length=COMMENT_LENGTH,
    )

    def __init__(self, settings: Settings, secrets: Keyring, line: Line) -> None:
        self._settings = settings
        self._web = Web(settings, secrets, line)
        self._link = Link(settings, secrets, line)
        accounts = Accounts(self._web)
        self._directory = Directory(self._web, self._link, accounts)
        journal = Journal(self._web, self._link, accounts, self._directory)
        markets = Markets(self._web, self._link, accounts, self._directory)
        parts = Parts(
            accounts=accounts,
            money=Operations(self._web, self._link, journal, accounts.lock),
            deals=journal,
            positions=markets,
            markets=markets,
            prices=markets,
        )
        super().__init__(parts, settle_s=settings.settle_s)

    @property
    def identity(self) -> str:
        """A plant, its environment and its manager login."""
        settings = self._settings
        place = settings.base_url.rstrip("/").lower()
        return f"{self.code}|{place}|{settings.environment}|{settings.login}"

    def stream(self) -> AsyncIterator[News]:
        return news.stream(self._link, self._directory)

    async def test_connection(self) -> list[Check]:
        """Get a token, read the groups; then the link, and what time it is there."""
        try:
            groups = await self.list_groups()
        except Refusal as why:
            return [failed("Log in as manager", why)]
        checks = [
            Check("Log in as manager", fine=True, text=str(self._settings.login)),
            Check("See the groups", fine=bool(groups), text=str(len(groups))),
        ]
        if not self._link.configured:
            told = "no Manager link: no openings, no prices, no money moved"
            return [*checks, Check("Log in at the Manager API", fine=False, text=told)]
        try:
            payload = await self._link.read(Kind.TIME, b"", Kind.TIME_TOLD)
            told_ms = messages.time_told(payload)
        except Refusal as why:
            return [*checks, failed("Log in at the Manager API", why)]
        except BrokenMessage as why:
            return [*checks, Check("Log in at the Manager API", fine=False, text=str(why))]
        drift = told_ms / 1000 - datetime.now(UTC).timestamp()
        return [
            *checks,
            Check("Log in at the Manager API", fine=True, text=self._settings.plant),
            Check("Agree on the time", fine=abs(drift) <= _DRIFT_S, text=f"{drift:+.0f} s"),
        ]

    async def aclose(self) -> None:
        await self._link.aclose()
