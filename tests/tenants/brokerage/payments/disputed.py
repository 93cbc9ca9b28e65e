"""Disputes as providers tell them, and where a client's money lies afterwards."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from brokerage.ledger import accounts, check, wallets
from brokerage.ledger.model import LedgerAccount, LedgerBalance, Leg
from brokerage.payments.disputes import noticing
from brokerage.payments.disputes.model import Dispute
from brokerage.payments.disputes.noticing import Told
from brokerage.payments.values import DisputeStage
from stoa.kernel.ids import uuid7
from stoa.kernel.money import Money

from .conftest import Customer, Market

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def usd(amount: str) -> Money:
    return Money(Decimal(amount), "USD")


@dataclass(frozen=True)
class Where:
    """Of one client in one currency: to spend, set aside, owed; and the house's two accounts."""

    wallet: Decimal
    held: Decimal
    owed: Decimal
    chargebacks: Decimal
    given_up: Decimal


@dataclass
class Disputing:
    """What tests do around disputes."""

    market: Market

    async def told(self, deposit: UUID, stage: str, **more: Any) -> Dispute:
        """A notice, `day` days after the first possible one."""
        day = more.pop("day", 0)
        said = {
            "psp": "alpha",
            "stage": DisputeStage(stage),
            "key": str(uuid7()),
            "case": "du_1",
            "at": START + timedelta(days=day),
        } | more
        async with self.market.opener()() as work:
            return await noticing.take(work, deposit, Told(**said))

    async def all_of(self, deposit: UUID) -> list[Dispute]:
        async with self.market.opener()() as work:
            rows = select(Dispute).where(Dispute.deposit == deposit).order_by(Dispute.id)
            return list(await work.rows(rows))

    async def one(self, deposit: UUID) -> Dispute:
        rows = await self.all_of(deposit)
        assert len(rows) == 1
        return rows[0]

    async def where(self, customer: Customer, currency: str = "USD") -> Where:
        async with self.market.opener()() as work:
            wallet = (await wallets.available(work, customer.id, currency)).amount
            held, owed = [
                await work.value(
                    select(func.coalesce(func.sum(LedgerBalance.balance), 0))
                    .join(LedgerAccount, LedgerAccount.id == LedgerBalance.account)
                    .where(
                        LedgerAccount.owner == customer.id,
                        LedgerAccount.kind == kind,
                        LedgerAccount.currency == currency,
                    )
                )
                for kind in ("hold", "receivable")
            ]
            house = [
                await work.value(
                    select(func.coalesce(func.sum(Leg.amount), 0)).where(
                        Leg.account == accounts.house(work, code, currency).id
                    )
                )
                for code in ("chargebacks", "write-offs")
            ]
        return Where(wallet, Decimal(held), -Decimal(owed), *(Decimal(one) for one in house))

    async def at_provider(self, currency: str = "USD", psp: str = "alpha") -> Decimal:
        """What the books say lies at a provider."""
        async with self.market.opener()() as work:
            found = await work.value(
                select(func.coalesce(func.sum(Leg.amount), 0)).where(
                    Leg.account == accounts.house(work, f"psp:{psp}", currency).id
                )
            )
        return -Decimal(found)

    async def spend(self, customer: Customer, amount: str) -> None:
        """Money that left the wallet for good."""
        async with self.market.opener()() as work:
            await wallets.debit(
                work,
                customer.id,
                usd(amount),
                operation=f"test:{uuid7()}",
                kind="transfer",
                against=accounts.house(work, "trading", "USD"),
            )

    async def laws(self) -> list[Any]:
        async with self.market.opener()() as work:
            return (await check.examine(work)).violations


def stands(where: Where) -> tuple[str, ...]:
    return tuple(
        format(one.normalize(), "f")
        for one in (where.wallet, where.held, where.owed, where.chargebacks)
    )
