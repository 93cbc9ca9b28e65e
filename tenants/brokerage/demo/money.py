"""Deposits and withdrawals of the story: through the providers, as anyone's."""

import fcntl
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Final
from uuid import UUID

from sqlalchemy import select

from brokerage.demo.played import Played
from brokerage.demo.story import Story
from brokerage.ledger import wallets
from brokerage.partners import payouts as partner_payouts
from brokerage.payments import settlement
from brokerage.payments.depositing import deposits
from brokerage.payments.model import PaymentAttempt, Withdrawal, WithdrawalState
from brokerage.payments.values import Method
from brokerage.payments.withdrawing import payouts, withdrawals
from brokerage.trading import transfers
from brokerage.trading.model import TradingAccount
from stoa.kernel.money import Money
from stoa.kernel.refusals import Refusal

_LATELY: Final = 12
"""So many of those who trade take money out on the last day; others did before."""
CARD: Final = "4242424242424242"
DECLINED: Final = "4000000000000002"
CLOSED_LATER: Final = "4000000000005126"
"""Takes a payment; what is given back to it fails, as the card is closed by then."""


@contextmanager
def alone(state: Path) -> Generator[None]:
    """The providers have one clock for both stories: one deposit at a time."""
    with (state / "demo.clock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


async def clocks(story: Story, at: datetime) -> None:
    """The card provider sees the story's time."""
    offset = (at - datetime.now(UTC)).total_seconds()
    for psp in ("alpha", "beta"):
        await story.world.lever(psp, "/_sandbox/clock", {"offset_s": int(offset)})


async def deposit(
    story: Story,
    row: Played,
    *,
    again: bool = False,
    how: str = "",
    amount: Money | None = None,
) -> UUID | None:
    """By card or crypto; some payers turn back, and one in eight pays too little in crypto.

    `how` decides it: card, declined, closed (the card is closed later), leave (the payer is at the
    provider's page still), under, over.
    """
    world, base = story.world, story.ref.base_currency
    crypto = base == "USD" and story.chance.random() < 0.35
    if how:
        crypto = how in {"under", "over"}
    method = Method.CRYPTO if crypto else Method.CARD
    usual = Decimal(story.chance.choice([150, 250, 500, 800, 1200, 2000, 3500]))
    amount = amount or Money(usual, base)
    opener = world.opener(story.ref, actor=world.client(row.id), purpose="demo.deposit")
    with alone(world.config.state):
        await clocks(story, world.clock.now)
        try:
            started = await deposits.start(opener, row.id, method, amount)
        except Refusal as why:
            world.tell(f"{story.wish.name}: a deposit was refused: {why}")
            return None
        async with world.work(story.ref, purpose="demo.deposit") as work:
            attempt = await work.first(
                select(PaymentAttempt)
                .where(PaymentAttempt.deposit == started.deposit)
                .order_by(PaymentAttempt.number.desc())
            )
        if attempt is None or attempt.reference is None:
            return None
        if how == "leave" or (not how and not again and story.chance.random() < 0.08):
            return started.deposit
        await _pay(story, attempt, crypto=crypto, how=how)
    await settlement.look(world.opener(story.ref, purpose="demo.settle"), attempt.id)
    await world.pump(story.ref)
    return started.deposit


async def _pay(story: Story, attempt: PaymentAttempt, *, crypto: bool, how: str) -> None:
    world = story.world
    reference = str(attempt.reference)
    card = {"declined": DECLINED, "closed": CLOSED_LATER}.get(how, CARD)
    if attempt.psp == "alpha":
        await world.lever("alpha", "/_sandbox/pay", {"session": reference, "card": card})
    elif crypto:
        paid = how or ("under" if story.chance.random() < 0.12 else "exact")
        await world.lever(
            "beta", "/_sandbox/pay", {"payment_id": reference, "coin": "usdt-tron", "paid": paid}
        )
    else:
        await world.lever("beta", "/_sandbox/pay", {"payment_id": reference, "card": card})
    await world.settle(attempt.psp)


async def later(story: Story) -> None:
    """The last days: money comes back from accounts and leaves in every state there is."""
    world = story.world
    now = world.real_now
    traders = [row for row in story.played if row.logins]
    story.chance.shuffle(traders)
    await world.to(now - timedelta(minutes=100))
    for row in traders[:_LATELY]:
        await _bring_back(story, row)
    asked: list[UUID] = []
    for number, row in enumerate(traders[:_LATELY]):
        await world.to(now - timedelta(minutes=95 - number))
        found = await ask(story, row, large=number % 2 == 0)
        if found is not None:
            asked.append(found)
    await world.pump(story.ref)
    await _decide(story, asked)
    for row in story.played:
        if row.fate == "depositor" and story.chance.random() < 0.4:
            await deposit(story, row, again=True)
    await _pay_partners(story)


async def _bring_back(story: Story, row: Played) -> None:
    world = story.world
    async with world.work(story.ref, world.client(row.id), "demo.bring-back") as work:
        account = await work.get(TradingAccount, row.live)
        spare = min(account.margin_free, account.balance)
        if spare < 60:
            return
        share = story.chance.choice([25, 40, 60, 90, 90])
        part = Money(spare * Decimal(share) / 100, account.currency)
        await transfers.to_wallet(work, account.id, part.floored())
    await world.pump(story.ref)


async def ask(story: Story, row: Played, *, large: bool) -> UUID | None:
    world, base = story.world, story.ref.base_currency
    async with world.work(story.ref, purpose="demo.look") as work:
        held = await wallets.available(work, row.id, base)
    share = Decimal(90 if large else story.chance.randint(15, 60)) / 100
    amount = Money(held.amount * share, base).floored()
    if amount.amount < 25:
        return None
    try:
        async with world.work(story.ref, world.client(row.id), "demo.withdraw") as work:
            made = await withdrawals.request(work, row.id, Method.CARD, amount)
            return made.id
    except Refusal as why:
        world.tell(f"{story.wish.name}: a withdrawal was refused: {why}")
        return None


async def _decide(story: Story, asked: list[UUID]) -> None:
    """Of those that people must agree to: some approved, some rejected, the rest wait."""
    world = story.world
    async with world.work(story.ref, purpose="demo.look") as work:
        waiting = list(
            await work.rows(
                select(Withdrawal)
                .where(Withdrawal.id.in_(asked), Withdrawal.state == WithdrawalState.REVIEW)
                .order_by(Withdrawal.id)
            )
        )
    for number, row in enumerate(waiting):
        if number % 2:
            continue
        hands = [story.hands["finance"], story.hands["head"]]
        try:
            if number % 6 == 4:
                async with world.work(story.ref, hands[0], "demo.reject") as work:
                    await withdrawals.reject(
                        work, row.id, "The card this should go back to has expired."
                    )
                continue
            if number % 6 == 2 and row.need > 1:
                hands = hands[:1]
            for hand in hands[: row.need]:
                async with world.work(story.ref, hand, "demo.approve") as work:
                    await withdrawals.approve(work, row.id, row.payload_hash)
        except Refusal as why:
            world.tell(f"{story.wish.name}: a decision was refused: {why}")
    with alone(world.config.state):
        await clocks(story, world.clock.now)
        await world.pump(story.ref)
        await world.settle("alpha", "beta")
    await world.to(world.clock.now + timedelta(minutes=10))
    await payouts.sweep(world.opener(story.ref, purpose="demo.payouts"))
    await world.pump(story.ref)


async def _pay_partners(story: Story) -> None:
    world = story.world
    for partner in story.partners[:3]:
        try:
            async with world.work(story.ref, story.hands["finance"], "demo.partner") as work:
                await partner_payouts.make(work, partner)
        except Refusal as why:
            world.tell(f"{story.wish.name}: a partner payout was refused: {why}")
    await world.pump(story.ref)
