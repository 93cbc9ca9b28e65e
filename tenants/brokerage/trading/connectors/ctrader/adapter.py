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

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import ClassVar

import msgspec

from brokerage.trading.connector import (
    Access,
    Account,
    Capabilities,
    Deal,
    DealBatch,
    DealCursor,
    Group,
    MoneyKind,
    NewAccount,
    News,
    Position,
    Profile,
    Symbol,
    Ticks,
    Verb,
    Which,
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
from stoa.connectors.checks import Check, failed
from stoa.connectors.keyring import Keyring
from stoa.connectors.lines import Line
from stoa.connectors.outcomes import Outcome
from stoa.kernel.refusals import Refusal

_DRIFT_S = 60


class CTrader:
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
        self._accounts = Accounts(self._web)
        self._directory = Directory(self._web, self._link, self._accounts)
        self._journal = Journal(self._web, self._link, self._accounts, self._directory)
        self._money = Operations(self._web, self._link, self._journal, self._accounts.lock)
        self._markets = Markets(self._web, self._link, self._accounts, self._directory)

    @property
    def identity(self) -> str:
        """A plant, its environment and its manager login."""
        settings = self._settings
        place = settings.base_url.rstrip("/").lower()
        return f"{self.code}|{place}|{settings.environment}|{settings.login}"

    @property
    def settle_after(self) -> timedelta:
        return timedelta(seconds=self._settings.settle_s)

    async def create_account(self, new: NewAccount) -> Outcome:
        return await self._accounts.create(new)

    async def find_account(self, external_id: str, group: str, login: int = 0) -> int | None:
        return await self._accounts.find(external_id, login)

    async def update_profile(self, login: int, profile: Profile) -> Outcome:
        return await self._accounts.update_profile(login, profile)

    async def set_group(self, login: int, group: str) -> Outcome:
        return await self._accounts.set_group(login, group)

    async def set_leverage(self, login: int, leverage: int) -> Outcome:
        return await self._accounts.set_leverage(login, leverage)

    async def set_access(self, login: int, access: Access) -> Outcome:
        return await self._accounts.set_access(login, access)

    async def reset_password(self, login: int, password: str, which: Which) -> Outcome:
        return await self._accounts.reset_password(login, password, which)

    async def balance_op(
        self, login: int, kind: MoneyKind, amount: Decimal, external_id: str, comment: str = ""
    ) -> Outcome:
        return await self._money.move(login, kind, amount, external_id, comment)

    async def find_balance_op(self, login: int, external_id: str, since: datetime) -> Deal | None:
        return await self._money.find(login, external_id, since)

    async def get_account(self, login: int) -> Account:
        return await self._accounts.get(login)

    async def get_positions(self, login: int) -> tuple[Position, ...]:
        return await self._markets.positions(login)

    async def get_deals(
        self, logins: Sequence[int], since: DealCursor, until: datetime | None = None
    ) -> DealBatch:
        return await self._journal.since(logins, since, until)

    async def list_logins(self, groups: Sequence[str]) -> tuple[int, ...]:
        return await self._accounts.logins(groups)

    async def list_groups(self) -> tuple[Group, ...]:
        return await self._markets.groups()

    async def list_symbols(self) -> tuple[Symbol, ...]:
        return await self._markets.symbols()

    async def prices(self, symbols: Sequence[str], since: int = 0) -> Ticks:
        return await self._markets.prices(symbols, since)

    def stream(self) -> AsyncIterator[News]:
        return news.stream(self._link, self._directory)

    async def test_connection(self) -> list[Check]:
        """Get a token, read the groups; then the link, and what time it is there."""
        try:
            groups = await self._markets.groups()
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
