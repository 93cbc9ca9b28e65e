"""Withdrawals that did not arrive: a card that is closed, and a place that is too new."""

from datetime import timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID

from sqlalchemy import select

from brokerage.demo import money
from brokerage.demo.played import Played
from brokerage.demo.story import Story
from brokerage.ledger import wallets
from brokerage.payments.model import PayoutAttempt, PayoutState, Withdrawal, WithdrawalState
from brokerage.payments.payout_places import destinations, places
from brokerage.payments.values import Method
from brokerage.payments.withdrawing import payouts, withdrawals
from stoa.kernel.money import Money
from stoa.kernel.refusals import Refusal

_IBANS: Final = ("DE89370400440532013000", "ES9121000418450200051332")
_PAID_WITH_A_CLOSED_CARD: Final = 3
_WITH_A_NEW_PLACE: Final = 2


async def happen(story: Story) -> None:
    """Three pay with a second card that is closed by now; two want a bank account of this hour."""
    ready = [row for row in story.played if row.fate == "depositor" and row.live is not None]
    asked = [
        one
        for row in ready[:_PAID_WITH_A_CLOSED_CARD]
        if (one := await _to_a_closed_card(story, row)) is not None
    ]
    await story.world.pump(story.ref)
    await _approve(story, asked)
    await _come_back(story, asked)
    for row in ready[_PAID_WITH_A_CLOSED_CARD:][:_WITH_A_NEW_PLACE]:
        await _to_a_new_place(story, row)
    await story.world.pump(story.ref)


async def _to_a_closed_card(story: Story, row: Played) -> UUID | None:
    amount = Money(Decimal(400), story.ref.base_currency)
    if await money.deposit(story, row, again=True, how="closed", amount=amount) is None:
        return None
    await story.world.to(story.world.clock.now + timedelta(minutes=2))
    return await _ask(story, row, Method.CARD, None)


async def _ask(story: Story, row: Played, method: Method, destination: UUID | None) -> UUID | None:
    """Nearly all there is."""
    world, base = story.world, story.ref.base_currency
    try:
        async with world.work(story.ref, world.client(row.id), "demo.withdraw") as work:
            held = await wallets.available(work, row.id, base)
            part = Money(held.amount * Decimal("0.95"), base).floored()
            made = await withdrawals.request(work, row.id, method, part, destination=destination)
            return made.id
    except Refusal as why:
        world.tell(f"{story.wish.name}: a withdrawal was refused: {why}")
        return None


async def _approve(story: Story, asked: list[UUID]) -> None:
    world = story.world
    for one in asked:
        try:
            for hand in ("finance", "head"):
                async with world.work(story.ref, story.hands[hand], "demo.approve") as work:
                    row = await work.get(Withdrawal, one)
                    if row.state == WithdrawalState.REVIEW:
                        await withdrawals.approve(work, one, row.payload_hash)
        except Refusal as why:
            world.tell(f"{story.wish.name}: a decision was refused: {why}")
    await world.pump(story.ref)


async def _come_back(story: Story, asked: list[UUID]) -> None:
    """The provider finds the card closed. One of them takes back what could not be paid."""
    world = story.world
    opener = world.opener(story.ref, purpose="demo.payouts")
    with money.alone(world.config.state):
        await money.clocks(story, world.clock.now)
        await world.settle("alpha", "beta")
    async with world.work(story.ref, purpose="demo.look") as work:
        open_now = list(
            await work.rows(
                select(PayoutAttempt.id).where(
                    PayoutAttempt.withdrawal.in_(asked),
                    PayoutAttempt.state.in_((PayoutState.SENDING, PayoutState.ACCEPTED)),
                )
            )
        )
    for one in open_now:
        await payouts.look(opener, one)
    await world.pump(story.ref)
    async with world.work(story.ref, purpose="demo.look") as work:
        held = list(
            await work.rows(
                select(Withdrawal)
                .where(Withdrawal.id.in_(asked), Withdrawal.state == WithdrawalState.HELD)
                .order_by(Withdrawal.id)
            )
        )
    for row in held[:2]:
        async with world.work(story.ref, world.client(row.client), "demo.undo") as work:
            await withdrawals.cancel(work, row.id)


async def _to_a_new_place(story: Story, row: Played) -> None:
    world = story.world
    number = _IBANS[len(row.someone.first) % len(_IBANS)]
    name = f"{row.someone.first} {row.someone.last}"
    try:
        async with world.work(story.ref, world.client(row.id), "demo.place") as work:
            to = await destinations.add(work, row.id, places.bank(number), holder=name)
            place = to.id
    except Refusal as why:
        world.tell(f"{story.wish.name}: a place was refused: {why}")
        return
    await _ask(story, row, Method.BANK, place)
