"""TradeLocker as the product's trading port."""

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
)
from brokerage.trading.connectors.tradelocker import accounts, stream
from brokerage.trading.connectors.tradelocker.accounts import Accounts
from brokerage.trading.connectors.tradelocker.deals import Deals
from brokerage.trading.connectors.tradelocker.link import Link
from brokerage.trading.connectors.tradelocker.markets import Markets
from brokerage.trading.connectors.tradelocker.money import NOTE_LENGTH, Money, References
from brokerage.trading.connectors.tradelocker.operations import Operations
from brokerage.trading.connectors.tradelocker.settings import Settings
from stoa.connectors.checks import Check, failed
from stoa.connectors.keyring import Keyring
from stoa.connectors.lines import Line
from stoa.connectors.outcomes import Outcome, hard
from stoa.kernel.refusals import Refusal

_LACKING = frozenset({Verb.UPDATE_PROFILE, Verb.SET_LEVERAGE})


class TradeLocker:
    """One brand, on one cluster (live or demo).

    Lacking there, and refused: changing a leverage (it follows the group) or a profile, an investor's
    password, the right to look without trading. A user has one password for all accounts. Prices of
    the moment are not told to a brand over this API, so `prices` answers none.
    """

    code: ClassVar[str] = "tradelocker"
    label: ClassVar[str] = "TradeLocker (Brand API)"
    settings_type: ClassVar[type[msgspec.Struct]] = Settings
    capabilities: ClassVar[Capabilities] = Capabilities(
        verbs=frozenset(Verb) - _LACKING,
        access=frozenset({Access.FULL, Access.CLOSE_ONLY, Access.NO_LOGIN}),
        money=frozenset(MoneyKind),
        push=True,
        idempotent_money=True,
        comment_length=NOTE_LENGTH,
    )

    def __init__(self, settings: Settings, secrets: Keyring, line: Line) -> None:
        self._settings = settings
        self._link = Link(settings, secrets, line)
        self._markets = Markets(self._link)
        self._accounts = Accounts(self._link, self._markets)
        references, operations = References(), Operations(self._link)
        self._money = Money(self._link, operations, references)
        self._deals = Deals(self._link, self._accounts, self._markets, operations, references)

    @property
    def identity(self) -> str:
        """A brand's server name on a cluster: two tenants with one brand would see one another."""
        host = urlsplit(self._settings.base_url).netloc.lower()
        return f"{self.code}|{host}|{self._settings.kind}|{self._settings.server.lower()}"

    @property
    def settle_after(self) -> timedelta:
        return timedelta(seconds=self._settings.settle_s)

    async def create_account(self, new: NewAccount) -> Outcome:
        return await self._accounts.create(new)

    async def find_account(self, external_id: str, group: str, login: int = 0) -> int | None:
        del group  # The list of a brand's accounts does not tell their groups.
        return await self._accounts.find(external_id, login)

    async def update_profile(self, login: int, profile: Profile) -> Outcome:
        del login, profile
        return await _lacking("no-profile", accounts.PROFILE)

    async def set_group(self, login: int, group: str) -> Outcome:
        return await self._accounts.set_group(login, group)

    async def set_leverage(self, login: int, leverage: int) -> Outcome:
        del login, leverage
        return await _lacking("no-leverage", accounts.LEVERAGE)

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
        return stream.listen(self._link)

    async def test_connection(self) -> list[Check]:
        """Be let in, read the groups and the instruments."""
        try:
            ready = await self._link.alive()
            groups = await self._markets.groups()
            symbols = await self._markets.symbols()
        except Refusal as why:
            return [failed("Reach the API with our key", why)]
        return [
            Check("Reach the API with our key", fine=True, text=ready),
            Check("See the groups", fine=bool(groups), text=str(len(groups))),
            Check("See the symbols", fine=bool(symbols), text=str(len(symbols))),
        ]

    async def aclose(self) -> None:
        """Nothing is held between calls; a stream is closed by whoever listens."""


async def _lacking(code: str, why: str) -> Outcome:
    await asyncio.sleep(0)
    return hard(code, why)
