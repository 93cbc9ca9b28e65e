"""The MT5 Web API as the product's trading port."""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
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
    silent,
)
from brokerage.trading.connectors.mt5_webapi.accounts import Accounts
from brokerage.trading.connectors.mt5_webapi.deals import Deals
from brokerage.trading.connectors.mt5_webapi.link import Link
from brokerage.trading.connectors.mt5_webapi.markets import Markets
from brokerage.trading.connectors.mt5_webapi.money import COMMENT_LENGTH, Operations
from brokerage.trading.connectors.mt5_webapi.settings import Settings
from brokerage.trading.connectors.mt5_webapi.tcp import TcpLink
from stoa.connectors.checks import Check, failed
from stoa.connectors.keyring import Keyring
from stoa.connectors.lines import Line
from stoa.connectors.outcomes import Outcome
from stoa.kernel.refusals import Refusal

_DRIFT_S = 60


class Mt5Verbs(ABC):
    """The port's verbs over either wire of an MT5 server."""

    capabilities: ClassVar[Capabilities] = Capabilities(
        verbs=frozenset(Verb) - {Verb.SUBSCRIBE},
        access=frozenset({Access.FULL, Access.NO_TRADING, Access.NO_LOGIN}),
        money=frozenset(MoneyKind),
        push=False,
        idempotent_money=False,
        comment_length=COMMENT_LENGTH,
    )

    def __init__(self, link: Link, deals: Deals, manager: int) -> None:
        self._link = link
        self._manager = manager
        self._accounts = Accounts(link)
        self._deals = deals
        self._money = Operations(link, deals, self._accounts.lock)
        self._markets = Markets(link)

    @property
    @abstractmethod
    def settle_s(self) -> int: ...

    @property
    def settle_after(self) -> timedelta:
        return timedelta(seconds=self.settle_s)

    async def create_account(self, new: NewAccount) -> Outcome:
        return await self._accounts.create(new)

    async def find_account(self, external_id: str, group: str, login: int = 0) -> int | None:
        return await self._accounts.find(external_id, group, login)

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
        return await self._deals.positions(login)

    async def get_deals(
        self, logins: Sequence[int], since: DealCursor, until: datetime | None = None
    ) -> DealBatch:
        return await self._deals.since(logins, since, until)

    async def list_logins(self, groups: Sequence[str]) -> tuple[int, ...]:
        return await self._accounts.logins(tuple(groups))

    async def list_groups(self) -> tuple[Group, ...]:
        return await self._markets.groups()

    async def list_symbols(self) -> tuple[Symbol, ...]:
        return await self._markets.symbols()

    async def prices(self, symbols: Sequence[str], since: int = 0) -> Ticks:
        return await self._markets.prices(symbols, since)

    def stream(self) -> AsyncIterator[News]:
        return silent()

    async def test_connection(self) -> list[Check]:
        """Log in, read the groups, compare the clocks."""
        try:
            groups = await self._markets.groups()
        except Refusal as why:
            return [failed("Log in as manager", why)]
        drift = self._link.drift_s
        return [
            Check("Log in as manager", fine=True, text=str(self._manager)),
            Check("See the groups", fine=bool(groups), text=str(len(groups))),
            Check("Agree on the time", fine=abs(drift) <= _DRIFT_S, text=f"{drift:+.0f} s"),
        ]

    async def aclose(self) -> None:
        await self._link.aclose()


class Mt5WebApi(Mt5Verbs):
    """One MT5 server over TCP. There is no push: deals and prices are polled."""

    code: ClassVar[str] = "mt5-webapi"
    label: ClassVar[str] = "MetaTrader 5 (Web API)"
    settings_type: ClassVar[type[msgspec.Struct]] = Settings

    def __init__(self, settings: Settings, secrets: Keyring, line: Line) -> None:
        link = TcpLink(settings, secrets, line)
        super().__init__(link, Deals(link), settings.login)
        self._settings = settings

    @property
    def identity(self) -> str:
        """A server and its manager login: two tenants on one manager would see one another."""
        place = f"{self._settings.host.lower()}:{self._settings.port}"
        return f"{self.code}|{place}|{self._settings.login}"

    @property
    def settle_s(self) -> int:
        return self._settings.settle_s
