"""Withdrawals all along the two months, each with the end that people gave it."""

from datetime import timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID

from sqlalchemy import select

from brokerage.demo import money
from brokerage.demo.played import Played
from brokerage.demo.story import Story
from brokerage.demo.trying import pumped
from brokerage.ledger import wallets
from brokerage.payments.model import Deposit, DepositState, Withdrawal, WithdrawalState
from brokerage.payments.values import Method
from brokerage.payments.withdrawing import payouts, withdrawals
from stoa.kernel.money import Money

ENDS: Final = ("paid", "paid", "rejected", "paid", "taken-back", "paid", "closed-card", "paid")
_BY_PEOPLE: Final = frozenset({"rejected", "taken-back"})
_RESTED: Final = timedelta(days=2)
_LEAST: Final = Decimal(20)
_REASONS: Final = (
    "The card this should go back to belongs to someone else. Add one in your own name.",
    "Please send a newer proof of address first; then ask again.",
)


async def along(story: Story, turn: int) -> None:
    """Who came some days ago and has something left asks for a part of it."""
    wired = {one.client for one in story.wires}
    ready = [
        row
        for row in story.played
        if row.id not in wired
        and row.fate in {"trader", "depositor"}
        and row.id not in story.asked
        and row.joined < story.world.clock.now - _RESTED
    ]
    end = ENDS[turn % len(ENDS)]
    if end in _BY_PEOPLE:
        # Whoever never traded has enough for people to look at it.
        ready.sort(key=lambda row: row.fate != "depositor")
    for row in ready:
        held = await _held(story, row)
        if held >= _LEAST:
            story.asked.add(row.id)
            await _one(story, row, held, end, turn)
            return


async def _held(story: Story, row: Played) -> Decimal:
    """What is in the wallet of somebody who paid by card; nothing of others."""
    by_card = select(Deposit.id).where(
        Deposit.client == row.id,
        Deposit.method == Method.CARD,
        Deposit.state == DepositState.CREDITED,
    )
    async with story.world.work(story.ref, purpose="demo.look") as work:
        if await work.first(by_card) is None:
            return Decimal(0)
        return (await wallets.available(work, row.id, story.ref.base_currency)).amount


async def _one(story: Story, row: Played, held: Decimal, end: str, turn: int) -> None:
    world, base = story.world, story.ref.base_currency
    await world.to(world.clock.now + timedelta(minutes=11))
    if end == "closed-card":
        sum_ = Money(Decimal(280), base)
        if await money.deposit(story, row, again=True, how="closed", amount=sum_) is None:
            return
        held += Decimal(280)
    share = Decimal(1) if end in {"rejected", "closed-card"} else Decimal("0.8")
    asked = Money(held * share, base).floored()
    made = await pumped(
        story,
        world.client(row.id),
        "withdraw",
        withdrawals.request,
        row.id,
        Method.CARD,
        asked,
    )
    if made is None:
        return
    await _decided(story, made.id, row, end, turn)
    await _sent(story)


async def _decided(story: Story, asked: UUID, row: Played, end: str, turn: int) -> None:
    """What a rule did not let go by itself, people decide some hours later."""
    world = story.world
    await world.to(world.clock.now + timedelta(hours=2 + turn % 5))
    async with world.work(story.ref, purpose="demo.look") as work:
        now = await work.get(Withdrawal, asked)
    if now.state != WithdrawalState.REVIEW:
        return
    if end == "taken-back":
        await pumped(story, world.client(row.id), "undo", withdrawals.cancel, asked)
        return
    if end == "rejected":
        told = _REASONS[turn % len(_REASONS)]
        await pumped(
            story,
            story.hands["finance"],
            "reject",
            withdrawals.reject,
            asked,
            told,
        )
        return
    await approved(story, now)


async def approved(story: Story, row: Withdrawal) -> None:
    """As many different people as it needs agree to it."""
    for hand in ("finance", "head")[: row.need]:
        await pumped(
            story,
            story.hands[hand],
            "approve",
            withdrawals.approve,
            row.id,
            row.payload_hash,
        )


async def _sent(story: Story) -> None:
    """The provider pays, or finds the card closed; we hear of it."""
    world = story.world
    with money.alone(world.config.state):
        await money.clocks(story, world.clock.now)
        await world.settle("alpha", "beta")
    await world.to(world.clock.now + timedelta(minutes=10))
    await payouts.sweep(world.opener(story.ref, purpose="demo.payouts"))
    await world.pump(story.ref)
