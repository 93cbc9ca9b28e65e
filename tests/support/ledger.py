"""Money for ledger tests."""

from decimal import Decimal
from uuid import UUID

from brokerage.ledger import accounts, wallets
from brokerage.ledger.permissions import Ledger
from stoa.kernel.ids import uuid7
from stoa.kernel.money import Money
from stoa.tenancy.actor import Actor, Kind
from stoa.tenancy.work import Work


def eur(amount: str) -> Money:
    return Money(Decimal(amount), "EUR")


def usd(amount: str) -> Money:
    return Money(Decimal(amount), "USD")


async def funded(
    work: Work, amount: str = "1000.00", currency: str = "EUR", client: UUID | None = None
) -> UUID:
    """A client with money in one wallet."""
    client = client or uuid7()
    await wallets.credit(
        work,
        client,
        Money(Decimal(amount), currency),
        operation=f"fund:{client}:{currency}:{uuid7()}",
        kind="deposit",
        against=accounts.house(work, "bank", currency),
    )
    return client


def as_client(client: UUID) -> Actor:
    own = frozenset(str(p) for p in Ledger if p.endswith(":own"))
    return Actor(Kind.CLIENT, client, "A client", own, scope="own")
