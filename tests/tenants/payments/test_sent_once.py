"""T60: many payouts, a provider that answers wrong or not at all, workers that die in the middle."""

import asyncio
import random
from collections import Counter
from contextlib import suppress
from datetime import timedelta
from decimal import Decimal

from sqlalchemy import func, select, update

from brokerage.ledger import check, wallets
from brokerage.payments import payouts
from brokerage.payments.events import PayoutDue
from brokerage.payments.model import PayoutAttempt, Withdrawal
from brokerage.payments.settings import Amount, AutoApprove
from stoa.kernel.refusals import Refusal

from .test_withdrawals import a_place, asked, funded
from .test_withdrawing import ruled

MANY = 60
"""A run of 200 ends the same way; it takes minutes."""
WORKERS = 3


async def test_every_payout_is_sent_once_whatever_the_provider_and_the_workers_do(market, customer):
    chance = random.Random(60)
    plenty = Amount(amount=Decimal(1_000_000), currency="USD")
    await ruled(
        market,
        auto_approve=AutoApprove(
            max=plenty, max_week=plenty, max_month=plenty, returned_to_source=False
        ),
    )
    await funded(customer, str(50 * MANY))
    place = await a_place(customer)
    for _ in range(MANY):
        row = await asked(customer, "50.00", destination=place)
        assert row.state == "approved", (row.code, row.auto)
    await market.beta.fault("error_500_after_apply", on="payouts", count=0.2)
    async with market.opener()() as work:
        parts = list(await work.rows(select(PayoutAttempt.id)))
    jobs = [part for part in parts for _ in range(2)]
    chance.shuffle(jobs)
    killed = 0

    async def worker() -> None:
        nonlocal killed
        while jobs:
            sending = asyncio.create_task(
                payouts.send(market.opener(), PayoutDue(payout=jobs.pop()))
            )
            if chance.random() < 0.2:
                await asyncio.sleep(chance.random() * 0.1)
                killed += not sending.done()
                sending.cancel()
            with suppress(asyncio.CancelledError, Refusal):
                await sending

    await asyncio.gather(*(worker() for _ in range(WORKERS)))
    await _settled(market)

    truth = (await market.beta.truth())["payouts"]
    told = Counter(str(one.get("metadata", {}).get("id", one)) for one in truth)
    assert killed > 5
    assert len(truth) == MANY and max(told.values()) == 1
    async with market.opener()() as work:
        states = dict(
            await work.table(select(Withdrawal.state, func.count()).group_by(Withdrawal.state))
        )
        assert states == {"paid": MANY}
        assert await wallets.holds(work, customer.id) == []
        assert (await check.examine(work)).violations == []


async def _settled(market) -> None:
    """Ask until nothing is open, as the sweep does over minutes; time is told, not waited for."""
    for _ in range(12):
        async with market.opener()() as work:
            open_now = list(
                await work.rows(select(PayoutAttempt.id).where(PayoutAttempt.ended_at.is_(None)))
            )
            await work.run(
                update(PayoutAttempt)
                .where(PayoutAttempt.ended_at.is_(None))
                .values(next_ask_at=work.now, sent_at=PayoutAttempt.sent_at - timedelta(minutes=6))
            )
        if not open_now:
            return
        for _ in range(len(open_now) // 50 + 1):
            await payouts.sweep(market.opener())
    raise AssertionError(f"{len(open_now)} payouts are open still")
