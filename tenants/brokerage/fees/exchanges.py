"""What an exchange between a client's own wallets costs, and the exchanges that were made."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from brokerage.fees import quoting
from brokerage.fees.hooks import Operation
from brokerage.fees.rules import Fee
from brokerage.ledger.fx import FxQuote
from stoa.kernel.money import Money
from stoa.tenancy.work import Work


async def fee(work: Work, client: UUID, money: Money) -> Fee:
    """In the currency that is given, out of the amount."""
    return await quoting.quoted(work, client, "conversion", money)


async def used(work: Work, client: UUID, method: str, since: datetime) -> int:
    """Exchanges that were made since then."""
    del method
    return await work.count(
        select(FxQuote.id).where(FxQuote.client == client, FxQuote.used_at >= since)
    )


async def operations(work: Work, since: datetime, most: int) -> Sequence[Operation]:
    """The newest exchanges since then."""
    rows = await work.rows(
        select(FxQuote).where(FxQuote.used_at >= since).order_by(FxQuote.id.desc()).limit(most)
    )
    return [
        Operation(
            "conversion",
            row.client,
            Money(row.sell_amount + row.fee, row.sell_currency),
            Money(row.fee, row.sell_currency),
            row.used_at or row.quoted_at,
        )
        for row in rows
    ]
