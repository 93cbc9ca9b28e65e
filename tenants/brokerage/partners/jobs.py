"""Reactions of this module: attribution at registration, rewards at import."""

from decimal import Decimal
from typing import Final

from sqlalchemy import select

from brokerage.ledger import rates
from brokerage.partners import accruals, reversing
from brokerage.trading.events import DealsImported
from brokerage.trading.model import TradingAccount
from stoa.tenancy.door import OpenWork

PLAN_CURRENCY: Final = "USD"


async def accrue_imported(open_work: OpenWork, fact: DealsImported) -> None:
    """Reward the deals of one import and take back those of deals taken back. Safe to repeat."""
    async with open_work() as work:
        currencies = await work.rows(
            select(TradingAccount.currency).where(TradingAccount.kind == "live").distinct()
        )
        into = {
            currency: Decimal(1)
            if currency == PLAN_CURRENCY
            else await rates.rate(work, currency, PLAN_CURRENCY)
            for currency in currencies
        }
        await accruals.accrue(
            work, since=fact.first, until=fact.last, rates=into, server=fact.server
        )
        await reversing.reverse(work, since=fact.first, until=fact.last, server=fact.server)
