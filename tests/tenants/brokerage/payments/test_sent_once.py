"""T60: many payouts, a provider that answers wrong or not at all, workers that die in the middle."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta
from decimal import Decimal
from functools import partial

import pytest
from sqlalchemy import func, select, update

from brokerage.ledger import check, wallets
from brokerage.payments.events import PayoutDue
from brokerage.payments.model import PayoutAttempt, Withdrawal
from brokerage.payments.routing import watching
from brokerage.payments.routing.model import ProviderState
from brokerage.payments.settings import Amount, AutoApprove
from brokerage.payments.withdrawing import payouts
from stoa.connectors.breaker import Limits
from stoa.kernel.refusals import Refusal
from stoa.tenancy.door import OpenWork
from stoa.tenancy.work import Work

from .test_routing import changed
from .test_withdrawals import a_place, asked, funded
from .test_withdrawing import ruled

pytestmark = pytest.mark.long

MANY = 200
WORKERS = 4
LOST = 0.2
DEATHS = ("before-claim", "claimed", "answered", "unwritten", "calling", "")
"""Where a worker dies: at a boundary, which any machine reaches, or somewhere in its call."""
ROUNDS = 400


class Mortal:
    """An opener for one worker, who dies at a boundary of its own."""

    def __init__(self, opener: OpenWork, death: str) -> None:
        self.opener, self.death, self.opened = opener, death, 0

    @asynccontextmanager
    async def __call__(self) -> AsyncGenerator[Work]:
        self.opened += 1
        self._dies(self.death in {"before-claim", "answered"} and self.opened == self._place)
        async with self.opener() as work:
            yield work
            self._dies(self.death == "unwritten" and self.opened == 2)
        self._dies(self.death == "claimed" and self.opened == 1)

    @property
    def _place(self) -> int:
        return 1 if self.death == "before-claim" else 2

    def _dies(self, now: bool) -> None:
        if now:
            raise asyncio.CancelledError


async def test_every_payout_is_sent_once_whatever_the_provider_and_the_workers_do(
    market, customer, monkeypatch
):
    chance = random.Random(60)
    # A circuit that opens early leaves no calls to die in; `test_payout_courses` is about that.
    patient = partial(Limits, in_a_row=10 * MANY, least_calls=10 * MANY)
    monkeypatch.setattr("stoa.connectors.breaker.Limits", patient)
    await changed(market, breaker={"in_a_row": 50, "least_calls": 100, "error_percent": 100})
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
    await market.beta.fault("error_500_after_apply", on="payouts", count=LOST)
    async with market.opener()() as work:
        parts = list(await work.rows(select(PayoutAttempt.id)))
    jobs = [(part, chance.choice(DEATHS)) for part in parts for _ in range(2)]
    chance.shuffle(jobs)
    died: Counter[str] = Counter()

    async def worker() -> None:
        while jobs:
            part, death = jobs.pop()
            opener = Mortal(market.opener(), death)
            sending = asyncio.ensure_future(payouts.send(opener, PayoutDue(payout=part)))
            if death == "calling":
                await asyncio.wait({sending}, timeout=chance.random() * 0.2)
                sending.cancel()
            (ended,) = await asyncio.gather(sending, return_exceptions=True)
            died[death] += sending.cancelled()
            if isinstance(ended, Exception) and not isinstance(ended, Refusal):
                raise ended

    await asyncio.gather(*(worker() for _ in range(WORKERS)))
    struck = (await market.beta.at.http.get("/_sandbox/faults")).json()["faults"]
    await market.beta.fault("error_500_after_apply", on="payouts", count=0)
    await _settled(market)

    truth = (await market.beta.truth())["payouts"]
    told = Counter(str(one.get("metadata", {}).get("id", one)) for one in truth)
    assert min(died[one] for one in ("before-claim", "claimed", "answered")) > MANY // 20, died
    assert struck["error_500_after_apply"]["struck"] > MANY * LOST / 8
    assert len(truth) == MANY and max(told.values()) == 1
    async with market.opener()() as work:
        states = dict(
            await work.table(select(Withdrawal.state, func.count()).group_by(Withdrawal.state))
        )
        numbers = await work.rows(select(PayoutAttempt.number).distinct())
        assert states == {"paid": MANY}
        assert numbers == [1], "an answer that was lost, or a call that was not made, is no new try"
        assert await wallets.holds(work, customer.id) == []
        assert (await check.examine(work)).violations == []


async def _settled(market) -> None:
    """Ask until nothing is open, as the sweeps do over minutes; waiting times of ours are told, not
    waited for. A circuit that opened meanwhile is tried again and comes back: that takes seconds.
    """
    left = MANY
    for _ in range(ROUNDS):
        async with market.opener()() as work:
            waits = PayoutAttempt.ended_at.is_(None)
            left = await work.value(select(func.count()).select_from(PayoutAttempt).where(waits))
            await work.run(
                update(PayoutAttempt)
                .where(waits)
                .values(next_ask_at=work.now, sent_at=PayoutAttempt.sent_at - timedelta(minutes=6))
            )
            await work.run(
                update(ProviderState)
                .where(ProviderState.next_at.is_not(None))
                .values(next_at=work.now)
            )
        if not left:
            return
        await watching.sweep(market.opener())
        for _ in range(left // 50 + 1):
            await payouts.sweep(market.opener())
        await asyncio.sleep(0.2)
    raise AssertionError(f"{left} payouts are open still")
