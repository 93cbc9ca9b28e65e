"""Reactions of trading."""

from sqlalchemy import select

from brokerage.kyc.events import KycApproved
from brokerage.trading import accounts
from brokerage.trading.model import TradingAccount
from brokerage.trading.settings import TradingSettings
from brokerage.trading.terms import terms
from stoa.tenancy.door import OpenWork


async def open_live(open_work: OpenWork, fact: KycApproved) -> None:
    """On approval the live accounts that open by themselves do; safe to repeat."""
    async with open_work() as work:
        have = set(
            await work.rows(
                select(TradingAccount.product).where(TradingAccount.client == fact.client)
            )
        )
        base = work.tenant.base_currency
        for product in work.settings(TradingSettings).products:
            if not product.opens_itself or product.code in have or product.kind != "live":
                continue
            pack, cap = await terms(work, fact.client, product)
            if product.availability == "disabled" or (product.packs and pack not in product.packs):
                continue
            currency = base if base in product.currencies else product.currencies[0]
            await accounts.open_account(
                work,
                fact.client,
                product=product.code,
                currency=currency,
                pack=pack,
                cap=cap,
                verified=True,
            )
