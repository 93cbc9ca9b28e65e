"""What lies on the desks when somebody signs in: the day's payments, and things that went wrong."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID

import httpx2
from sqlalchemy import select

from brokerage.demo import money
from brokerage.demo.story import Story
from brokerage.ledger import adjustments
from brokerage.ledger.permissions import Ledger
from brokerage.payments.model import (
    Deposit,
    DepositState,
    PaymentAttempt,
    Withdrawal,
    WithdrawalState,
)
from brokerage.payments.withdrawing import withdrawals
from stoa.kernel.money import Money
from stoa.kernel.refusals import Refusal

_ASKED: Final = 9


async def leave(story: Story) -> None:
    """A morning's deposits, then what a person has to look at."""
    now = story.world.real_now
    await story.world.to(now - timedelta(minutes=50))
    await _deposits(story)
    await _asked(story)
    await _unasked(story)
    await _disputed(story)
    await _corrections(story)
    await story.world.to(now)
    await money.clocks(story, datetime.now(UTC))


async def _deposits(story: Story) -> None:
    """By card and, where the provider takes it, crypto: paid, declined, too little, still paying."""
    ready = [row for row in story.played if row.fate in {"trader", "depositor"} and row.live]
    story.chance.shuffle(ready)
    ways = ["card", "card", "declined", "card", "leave", "card", "declined", "leave"]
    if story.ref.base_currency == "USD":
        ways += ["under", "over", "under"]
    for row, how in zip(ready, ways, strict=False):
        await story.world.to(story.world.clock.now + timedelta(minutes=3))
        await money.deposit(story, row, again=True, how=how)


async def _asked(story: Story) -> None:
    """Those who never traded want most of it back: too much for a rule alone, so people decide."""
    asked: list[UUID] = []
    for row in story.played:
        if row.fate == "depositor" and len(asked) < _ASKED:
            found = await money.ask(story, row, large=True)
            asked += [found] if found else []
    await story.world.pump(story.ref)
    async with story.world.work(story.ref, purpose="demo.look") as work:
        waiting = list(
            await work.rows(
                select(Withdrawal.id)
                .where(Withdrawal.id.in_(asked), Withdrawal.state == WithdrawalState.REVIEW)
                .order_by(Withdrawal.id)
            )
        )
    told = "The card this should go back to has expired. Add another and ask again."
    for one in waiting[:1]:
        try:
            async with story.world.work(story.ref, story.hands["finance"], "demo.reject") as work:
                await withdrawals.reject(work, one, told)
        except Refusal as why:
            story.world.tell(f"{story.wish.name}: a rejection was refused: {why}")
    await story.world.pump(story.ref)


async def _unasked(story: Story) -> None:
    """Two clients think better of what they asked for."""
    async with story.world.work(story.ref, purpose="demo.look") as work:
        rows = await work.rows(
            select(Withdrawal)
            .where(Withdrawal.state == WithdrawalState.REVIEW)
            .order_by(Withdrawal.id.desc())
        )
    for row in rows[2:8:4]:
        async with story.world.work(story.ref, story.world.client(row.client), "demo.undo") as work:
            await withdrawals.cancel(work, row.id)


async def _disputed(story: Story) -> None:
    """Two payers dispute a card payment; the provider tells us once the product answers."""
    async with story.world.work(story.ref, purpose="demo.look") as work:
        rows = await work.rows(
            select(PaymentAttempt)
            .join(Deposit, Deposit.id == PaymentAttempt.deposit)
            .where(
                Deposit.state == DepositState.CREDITED,
                PaymentAttempt.psp == "alpha",
                PaymentAttempt.reference.is_not(None),
            )
            .order_by(PaymentAttempt.id.desc())
            .limit(20)
        )
    for attempt in rows[3:20:9]:
        try:
            await story.world.lever("alpha", "/_sandbox/dispute", {"session": attempt.reference})
        except httpx2.HTTPStatusError as why:
            story.world.tell(f"{story.wish.name}: nothing was disputed: {why}")


async def _corrections(story: Story) -> None:
    """Finance asks for two corrections and the head of finance has to agree."""
    hand = story.hands["finance"]
    if str(Ledger.ADJUST) not in hand.permissions:
        hand = story.hands["owner"]
    rows = [row for row in story.played if row.logins][:2]
    told = (
        ("credit", "25", "goodwill", "Paid twice for a transfer our provider delayed."),
        ("debit", "12.50", "correction", "The bank's fee of a returned payout."),
    )
    for row, (direction, amount, category, reason) in zip(rows, told, strict=False):
        sum_ = Money(Decimal(amount), story.ref.base_currency)
        try:
            async with story.world.work(story.ref, hand, "demo.correct") as work:
                await adjustments.ask(
                    work, row.id, sum_, direction=direction, category=category, reason=reason,
                    evidence="ticket 4417",
                )  # fmt: skip
        except Refusal as why:
            story.world.tell(f"{story.wish.name}: a correction was refused: {why}")
