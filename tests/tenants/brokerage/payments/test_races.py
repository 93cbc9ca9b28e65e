"""Two hundred at once over HTTP: what there is is given out once, and to the last cent."""

import asyncio
from decimal import Decimal

from sqlalchemy import func, select

from brokerage.ledger import check, wallets
from brokerage.payments.withdrawing.model import Withdrawal
from stoa.kernel.ids import uuid7

from .test_withdrawals import a_place, funded

PATIENCE = 600
"""So often one asks again, a fifth of a second apart; a busy machine needs a few dozen."""


async def test_two_hundred_withdrawals_of_a_hundred_on_a_thousand_are_exactly_ten(market, customer):
    """T48, as browsers send it; whoever finds no free connection asks again with the same key."""
    await funded(customer, "1000.00")
    place = await a_place(customer)
    browser = await customer.browser()

    async def ask() -> int:
        key = str(uuid7())
        for _ in range(PATIENCE):
            answer = await browser.post(
                "/withdraw",
                {
                    "method": "bank",
                    "currency": "USD",
                    "amount": "100.00",
                    "destination": str(place),
                    "key": key,
                },
                headers={"accept": "application/problem+json"},
            )
            if answer.status_code != 503:
                return answer.status_code
            await asyncio.sleep(0.2)
        return 503

    statuses = await asyncio.gather(*(ask() for _ in range(200)))

    taken = sum(status < 400 for status in statuses)
    assert taken == 10
    assert {status for status in statuses if status >= 400} <= {409, 422}
    assert await customer.available() == 0
    async with market.opener()() as work:
        rows = await work.value(select(func.count()).select_from(Withdrawal))
        held = await wallets.holds(work, customer.id)
        assert (await check.examine(work)).violations == []
    assert rows == 10
    assert sum(one.money.amount for one in held) == Decimal(1000)
    await browser.http.aclose()
