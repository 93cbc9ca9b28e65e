"""A payment that comes undone step by step: the bank asks, takes it back, and does not accept the answer.

The payer came through a partner and has traded, so that with each step the rewards of it go back, or
stand, line by line; what the partner was paid of them is carried into their next payouts.
"""

from datetime import timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID

from sqlalchemy import text

from brokerage.demo.story import Story
from brokerage.payments.disputes import deciding
from brokerage.payments.disputes.deciding import Entered
from brokerage.payments.model import Deposit
from brokerage.payments.permissions import Payments
from brokerage.payments.values import DisputeStage
from stoa.kernel.money import Money
from stoa.kernel.refusals import Refusal

STEPS: Final = (
    (DisputeStage.CHARGEBACK, "The bank took half of it back; our answer is due in ten days."),
    (DisputeStage.REVERSED, "The bank gave it back after our first answer."),
    (DisputeStage.PRE_ARBITRATION, "The payer's bank does not accept our answer."),
)
_FOUND: Final = text(
    "select d.id from deposit d join reward r on r.client = d.client "
    "where d.state = 'credited' and d.method = 'card' "
    "and not exists (select from dispute x where x.client = d.client) "
    "group by d.id order by sum(r.amount) desc, d.id limit 1"
)


async def happen(story: Story) -> None:
    hand = next(
        (one for one in story.hands.values() if str(Payments.DISPUTES_EDIT) in one.permissions),
        None,
    )
    async with story.world.work(story.ref, purpose="demo.look") as work:
        found: UUID | None = await work.value(_FOUND)
    if found is None or hand is None:
        return
    world = story.world
    try:
        async with world.work(story.ref, hand, "demo.dispute") as work:
            paid = await work.get(Deposit, found)
            half = Money(paid.amount / Decimal(2), paid.currency).floored()
            asked = Entered(f"CB-{paid.reference[2:]}", DisputeStage.INQUIRY, half)
            row = await deciding.enter(
                work, found, asked, "The payer's bank asks what this payment was for."
            )
        await world.pump(story.ref)
        for stage, said in STEPS:
            # What came first is told by its time.
            await world.to(world.clock.now + timedelta(minutes=1))
            async with world.work(story.ref, hand, "demo.dispute") as work:
                await deciding.moved(work, row.id, stage, said)
            await world.pump(story.ref)
    except Refusal as why:
        world.tell(f"{story.wish.name}: nothing came undone: {why}")
