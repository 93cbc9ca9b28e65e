"""The port's verbs, each handed to the part of an adapter that knows it.

    class Platform(Parted):
        def __init__(self, settings, secrets, line):
            super().__init__(Parts(accounts=..., money=..., deals=..., positions=..., markets=...),
                             settle_s=settings.settle_s)

What differs from platform to platform stays with it: who it is, what it tells unasked, how its
connection is tried. A verb a platform lacks is refused by its part.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Protocol

from brokerage.trading.connector import (
    Access,
    Account,
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
    Which,
    silent,
)
from stoa.connectors.outcomes import Outcome


class AccountsPart(Protocol):
    """Makes, finds, reads and changes accounts."""

    async def create(self, new: NewAccount, /) -> Outcome: ...
    async def find(self, external_id: str, group: str, login: int, /) -> int | None: ...
    async def update_profile(self, login: int, profile: Profile, /) -> Outcome: ...
    async def set_group(self, login: int, group: str, /) -> Outcome: ...
    async def set_leverage(self, login: int, leverage: int, /) -> Outcome: ...
    async def set_access(self, login: int, access: Access, /) -> Outcome: ...
    async def reset_password(self, login: int, password: str, which: Which, /) -> Outcome: ...
    async def get(self, login: int, /) -> Account: ...
    async def logins(self, groups: Sequence[str], /) -> tuple[int, ...]: ...


class MoneyPart(Protocol):
    """Moves money once, and finds what became of it."""

    async def move(
        self, login: int, kind: MoneyKind, amount: Decimal, external_id: str, comment: str, /
    ) -> Outcome: ...
    async def find(self, login: int, external_id: str, since: datetime, /) -> Deal | None: ...


class DealsPart(Protocol):
    """Reads the journal."""

    async def since(
        self, logins: Sequence[int], since: DealCursor, until: datetime | None, /
    ) -> DealBatch: ...


class PositionsPart(Protocol):
    """Reads what is open."""

    async def positions(self, login: int, /) -> tuple[Position, ...]: ...


class MarketsPart(Protocol):
    """Lists groups and symbols."""

    async def groups(self) -> tuple[Group, ...]: ...
    async def symbols(self) -> tuple[Symbol, ...]: ...


class PricesPart(Protocol):
    """Tells the prices of the moment."""

    async def prices(self, symbols: Sequence[str], since: int, /) -> Ticks: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What an adapter is made of; without `prices` the platform tells none."""

    accounts: AccountsPart
    money: MoneyPart
    deals: DealsPart
    positions: PositionsPart
    markets: MarketsPart
    prices: PricesPart | None = None


class Parted:
    """An adapter of parts. No push and nothing held between calls, unless it says so itself."""

    def __init__(self, parts: Parts, *, settle_s: float) -> None:
        self._parts = parts
        self._settle_s = settle_s

    @property
    def settle_after(self) -> timedelta:
        return timedelta(seconds=self._settle_s)

    async def create_account(self, new: NewAccount) -> Outcome:
        return await self._parts.accounts.create(new)

    async def find_account(self, external_id: str, group: str, login: int = 0) -> int | None:
        return await self._parts.accounts.find(external_id, group, login)

    async def update_profile(self, login: int, profile: Profile) -> Outcome:
        return await self._parts.accounts.update_profile(login, profile)

    async def set_group(self, login: int, group: str) -> Outcome:
        return await self._parts.accounts.set_group(login, group)

    async def set_leverage(self, login: int, leverage: int) -> Outcome:
        return await self._parts.accounts.set_leverage(login, leverage)

    async def set_access(self, login: int, access: Access) -> Outcome:
        return await self._parts.accounts.set_access(login, access)

    async def reset_password(self, login: int, password: str, which: Which) -> Outcome:
        return await self._parts.accounts.reset_password(login, password, which)

    async def balance_op(
        self, login: int, kind: MoneyKind, amount: Decimal, external_id: str, comment: str = ""
    ) -> Outcome:
        return await self._parts.money.move(login, kind, amount, external_id, comment)

    async def find_balance_op(self, login: int, external_id: str, since: datetime) -> Deal | None:
        return await self._parts.money.find(login, external_id, since)

    async def get_account(self, login: int) -> Account:
        return await self._parts.accounts.get(login)

    async def get_positions(self, login: int) -> tuple[Position, ...]:
        return await self._parts.positions.positions(login)

    async def get_deals(
        self, logins: Sequence[int], since: DealCursor, until: datetime | None = None
    ) -> DealBatch:
        return await self._parts.deals.since(logins, since, until)

    async def list_logins(self, groups: Sequence[str]) -> tuple[int, ...]:
        return await self._parts.accounts.logins(groups)

    async def list_groups(self) -> tuple[Group, ...]:
        return await self._parts.markets.groups()

    async def list_symbols(self) -> tuple[Symbol, ...]:
        return await self._parts.markets.symbols()

    async def prices(self, symbols: Sequence[str], since: int = 0) -> Ticks:
        if self._parts.prices is None:
            return Ticks((), since)
        return await self._parts.prices.prices(symbols, since)

    async def moved(self) -> int | None:
        return None

    def stream(self) -> AsyncIterator[News]:
        return silent()

    async def aclose(self) -> None:
        """Nothing is held between calls."""
