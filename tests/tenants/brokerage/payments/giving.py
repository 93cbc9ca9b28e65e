"""A campaign, who takes it, and deals as a server booked them."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from brokerage.bonuses import campaigns, grants
from brokerage.bonuses.model import Grant
from brokerage.bonuses.permissions import Bonuses
from brokerage.bonuses.terms import Terms
from brokerage.trading.events import DealsImported
from brokerage.trading.model import Deal, TradingAccount
from stoa.kernel.ids import uuid7
from stoa.tenancy.actor import Actor, Kind

from .conftest import Customer, Market

STAFF = frozenset(str(one) for one in Bonuses if not one.endswith(":own"))


def marketing(*, more: frozenset[str] = frozenset()) -> Actor:
    may = STAFF | more | {"clients:client:view"}
    return Actor(Kind.STAFF, uuid7(), "Mar Keting", may)


def taker(customer: Customer) -> Actor:
    return Actor(Kind.CLIENT, customer.id, "A client", frozenset({str(Bonuses.OWN)}), scope="own")


@dataclass
class Giving:
    """What tests do around bonuses."""

    market: Market

    async def campaign(self, code: str = "welcome", **changes) -> UUID:
        terms = Terms(
            **{
                "percent": Decimal(30),
                "most": Decimal(500),
                "hold_s": 0,
                "lots_per_100": Decimal(1),
            }
            | changes
        )
        async with self.market.opener(marketing())() as work:
            row = await campaigns.make(work, code, "Welcome", terms)
            await campaigns.move(work, row.id, "live")
        return row.id

    async def take(self, customer: Customer, campaign: UUID, **more) -> Grant:
        async with self.market.opener(taker(customer))() as work:
            return await grants.take(work, customer.id, campaign=campaign, **more)

    async def brought(self, deposit: UUID) -> list[Grant]:
        async with self.market.opener()() as work:
            return await grants.by_deposit(work, deposit)

    async def grant(self, grant: UUID) -> Grant:
        async with self.market.opener()() as work:
            return await work.get(Grant, grant)

    async def traded(
        self,
        customer: Customer,
        lots: str,
        symbol: str = "EURUSD",
        held: timedelta = timedelta(minutes=5),
    ) -> DealsImported:
        async with self.market.opener()() as work:
            account = await self._account(work, customer.id)
            at: datetime = work.now
            number = int(at.timestamp() * 1_000_000)
            work.add(
                Deal(
                    server="mt5-live",
                    number=number,
                    id=uuid7(),
                    account=account,
                    client=customer.id,
                    login=number,
                    kind="sell",
                    entry="out",
                    at=at,
                    symbol=symbol,
                    lots=Decimal(lots),
                    lots_closed=Decimal(lots),
                    contract_size=Decimal(100_000),
                    price=Decimal("1.1"),
                    profit=Decimal(0),
                    swap=Decimal(0),
                    commission=Decimal(0),
                    currency="USD",
                    position=number,
                    opened_at=at - held,
                    comment="",
                    imported_at=at,
                )
            )
        return DealsImported(server="mt5-live", first=at, last=at, count=1)

    async def _account(self, work, client: UUID) -> UUID:
        row = TradingAccount(
            id=uuid7(),
            client=client,
            server="mt5-live",
            kind="live",
            product="standard",
            state="active",
            login=int(work.now.timestamp() * 1_000_000),
            server_group="real",
            currency="USD",
            leverage=100,
            opened_at=work.now,
        )
        work.add(row)
        await work.flush()
        return row.id

    async def closed(
        self,
        customer: Customer,
        kind: str,
        lots: str,
        *,
        opened_s_ago: float = 600,
        symbol: str = "EURUSD",
        account: UUID | None = None,
    ) -> UUID:
        """One position that was closed now; `kind` is of the closing deal. Gives its account."""
        async with self.market.opener()() as work:
            account = account or await self._account(work, customer.id)
            number = int(work.now.timestamp() * 1_000_000)
            work.add(
                Deal(
                    server="mt5-live", number=number, id=uuid7(), account=account,
                    client=customer.id, login=number, kind=kind, entry="out", at=work.now,
                    symbol=symbol, lots=Decimal(lots), lots_closed=Decimal(lots),
                    contract_size=Decimal(100_000), price=Decimal("1.1"), profit=Decimal(0),
                    swap=Decimal(0), commission=Decimal(0), currency="USD", position=number,
                    opened_at=work.now - timedelta(seconds=opened_s_ago), comment="",
                    imported_at=work.now,
                )
            )  # fmt: skip
        return account

    async def imported(self) -> DealsImported:
        async with self.market.opener()() as work:
            return DealsImported(
                server="mt5-live", first=work.now - timedelta(minutes=5), last=work.now, count=1
            )
