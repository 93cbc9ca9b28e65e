"""Match-Trader as the product's trading port."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import ClassVar
from urllib.parse import urlsplit

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
from brokerage.trading.connectors.matchtrader.accounts import Accounts
from brokerage.trading.connectors.matchtrader.deals import Deals
from brokerage.trading.connectors.matchtrader.link import Link
from brokerage.trading.connectors.matchtrader.markets import Markets
from brokerage.trading.connectors.matchtrader.money import COMMENT_LENGTH, Money
from brokerage.trading.connectors.matchtrader.settings import Settings
from stoa.connectors.checks import Check, failed
from stoa.connectors.keyring import Keyring
from stoa.connectors.lines import Line
from stoa.connectors.outcomes import Outcome
from stoa.kernel.refusals import Refusal


class MatchTrader:
    """One broker, over the Broker API's version 2, on real or on demo accounts.

    The platform pushes over gRPC, and there is no gRPC in this product: it is asked instead, so `push` is
    False and `stream` tells nothing. Version 1, which ends with 2026, is not spoken; its keys and its
    way of changing a password are settings. There is no investor's password. Prices are not told here.

    Positions are told and not deals, so deals are made from them: see `ids` for their numbers and
    `deals` for how. An addition to a netted position would have no deal of its own: for hedging groups.
    """

    code: ClassVar[str] = "matchtrader"
    label: ClassVar[str] = "Match-Trader (Broker API 2)"
    settings_type: ClassVar[type[msgspec.Struct]] = Settings
    capabilities: ClassVar[Capabilities] = Capabilities(
        verbs=frozenset(Verb) - {Verb.SUBSCRIBE},
        access=frozenset(Access),
        money=frozenset(MoneyKind),
        push=False,
        idempotent_money=False,
        comment_length=COMMENT_LENGTH,
    )

    def __init__(self, settings: Settings, secrets: Keyring, line: Line) -> None:
        self._settings = settings
        self._link = Link(settings, secrets, line)
        self._markets = Markets(self._link)
        self._accounts = Accounts(self._link)
        self._money = Money(self._link)
        self._deals = Deals(self._link, self._markets)

    @property
    def identity(self) -> str:
        """A broker at a host: two tenants with one broker would see one another."""
        host = urlsplit(self._settings.base_url).netloc.lower()
        return f"{self.code}|{host}|{self._settings.kind}|{self._settings.broker.lower()}"

    @property
    def settle_after(self) -> timedelta:
        return timedelta(seconds=self._settings.settle_s)

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
        return await self._accounts.logins(groups)

    async def list_groups(self) -> tuple[Group, ...]:
        return await self._markets.groups()

    async def list_symbols(self) -> tuple[Symbol, ...]:
        return await self._markets.symbols()

    async def prices(self, symbols: Sequence[str], since: int = 0) -> Ticks:
        del symbols
        return Ticks((), since)

    def stream(self) -> AsyncIterator[News]:
        return silent()

    async def test_connection(self) -> list[Check]:
        """Be let in, read the groups and the instruments."""
        try:
            groups = await self._markets.groups()
            symbols = await self._markets.symbols()
        except Refusal as why:
            return [failed("Reach the API with our key", why)]
        return [
            Check("Reach the API with our key", fine=True, text="ok"),
            Check("See the groups", fine=bool(groups), text=str(len(groups))),
            Check("See the symbols", fine=bool(symbols), text=str(len(symbols))),
        ]

    async def aclose(self) -> None:
        """Nothing is held between calls."""
