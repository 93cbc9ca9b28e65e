"""DXtrade as the product's trading port."""

import asyncio
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
from brokerage.trading.connectors.dxtrade import accounts, records
from brokerage.trading.connectors.dxtrade.accounts import Accounts
from brokerage.trading.connectors.dxtrade.deals import Deals
from brokerage.trading.connectors.dxtrade.link import Link
from brokerage.trading.connectors.dxtrade.markets import Markets
from brokerage.trading.connectors.dxtrade.money import COMMENT_LENGTH, KINDS, Money
from brokerage.trading.connectors.dxtrade.settings import Settings
from stoa.connectors.checks import Check, failed
from stoa.connectors.keyring import Keyring
from stoa.connectors.lines import Line
from stoa.connectors.outcomes import Outcome, hard
from stoa.kernel.refusals import Refusal


class DxTrade:
    """One DXtrade server, one clearing code, one type of accounts.

    A group is an account's category in one domain. Lacking, and refused: changing a leverage (it follows
    the category), an investor's password, shutting a client out, and credit, which is set as a whole
    there and without an id of ours. Codes become numbers as `ids` says. There is no push here.
    """

    code: ClassVar[str] = "dxtrade"
    label: ClassVar[str] = "DXtrade (REST)"
    settings_type: ClassVar[type[msgspec.Struct]] = Settings
    capabilities: ClassVar[Capabilities] = Capabilities(
        verbs=frozenset(Verb) - {Verb.SET_LEVERAGE, Verb.SUBSCRIBE},
        access=frozenset(records.STATUSES),
        money=KINDS,
        push=False,
        idempotent_money=True,
        comment_length=COMMENT_LENGTH,
    )

    def __init__(self, settings: Settings, secrets: Keyring, line: Line) -> None:
        self._settings = settings
        self._link = Link(settings, secrets, line)
        self._markets = Markets(self._link)
        self._accounts = Accounts(self._link)
        self._deals = Deals(self._link, self._accounts, self._markets)
        self._money = Money(self._link, self._accounts, self._deals.transfers)

    @property
    def identity(self) -> str:
        """A server and its administrator: two tenants under one would see one another."""
        host = urlsplit(self._settings.base_url).netloc.lower()
        return f"{self.code}|{host}|{self._settings.domain}|{self._settings.username}"

    @property
    def settle_after(self) -> timedelta:
        return timedelta(seconds=self._settings.settle_s)

    async def create_account(self, new: NewAccount) -> Outcome:
        return await self._accounts.create(new)

    async def find_account(self, external_id: str, group: str, login: int = 0) -> int | None:
        del group  # The account's code follows from our id.
        return await self._accounts.find(external_id, login)

    async def update_profile(self, login: int, profile: Profile) -> Outcome:
        return await self._accounts.update_profile(login, profile)

    async def set_group(self, login: int, group: str) -> Outcome:
        return await self._accounts.set_group(login, group)

    async def set_leverage(self, login: int, leverage: int) -> Outcome:
        del login, leverage
        await asyncio.sleep(0)
        return hard("no-leverage", accounts.LEVERAGE)

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
        return await self._markets.prices(symbols, since)

    def stream(self) -> AsyncIterator[News]:
        return silent()

    async def test_connection(self) -> list[Check]:
        """Log in at both sides: the groups from the one, the instruments from the other."""
        try:
            groups = await self._markets.groups()
            symbols = await self._markets.symbols()
        except Refusal as why:
            return [failed("Log in as administrator", why)]
        return [
            Check("Log in as administrator", fine=True, text=self._settings.username),
            Check("See the groups", fine=bool(groups), text=str(len(groups))),
            Check("See the symbols", fine=bool(symbols), text=str(len(symbols))),
        ]

    async def aclose(self) -> None:
        """Nothing is held between calls."""
