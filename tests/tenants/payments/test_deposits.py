"""Paying in: one credit however often and in whatever order the news comes."""

import asyncio
from decimal import Decimal

from support.standins import until


async def test_a_paid_deposit_is_in_the_wallet_once_after_a_hundred_copies(market, customer):
    made = await customer.start("500.00")
    assert made.url.startswith("http")
    await customer.pay(made.deposit)
    shop = market.alpha if (await customer.attempts(made.deposit))[0].psp == "alpha" else market.beta
    which = "alpha" if shop is market.alpha else "beta"
    await until(lambda: len(shop.hooks.got) >= 1)
    await asyncio.sleep(0.3)

    answers = await market.deliver(which, copies=100)
    await market.react(at_once=10)

    assert set(answers) == {202}
    row = await customer.deposit(made.deposit)
    assert row.state == "credited" and row.first
    assert await customer.available() == Decimal("500.00")
