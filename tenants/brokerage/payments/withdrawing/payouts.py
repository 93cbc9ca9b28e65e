"""Sending an approved withdrawal's parts: claimed once, called, concluded; never sent on a guess.

    await send(open_work, PayoutDue(payout=...))     the reaction to an approval
    await look(open_work, payout)                    ask the provider what became of it
    await sweep(open_work)                           parts that wait, and parts nobody answered for

A part the provider did not answer for stays as it is until the provider tells. Only when it says
that it has no such payment is the same order, with the same key, given again.
"""

from datetime import timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import select

from brokerage.payments import hooks, rules
from brokerage.payments.events import PayoutDue
from brokerage.payments.withdrawing import (
    concluding,
    courses,
    deciding,
    looking,
    ordering,
    placing,
    queueing,
    rows,
)
from brokerage.payments.withdrawing import withdrawals as verbs
from brokerage.payments.withdrawing.concluding import conclude
from brokerage.payments.withdrawing.looking import look
from brokerage.payments.withdrawing.model import (
    PayoutAttempt,
    PayoutState,
    Withdrawal,
    WithdrawalState,
)
from brokerage.payments.withdrawing.ordering import Order
from brokerage.payments.withdrawing.story import tell
from stoa.kernel.money import Money
from stoa.kernel.refusals import Refusal, Unavailable
from stoa.tenancy.door import OpenWork
from stoa.tenancy.work import Work

_BATCH: Final = 50
_WAIT: Final = timedelta(minutes=5)


async def send(open_work: OpenWork, fact: PayoutDue) -> None:
    """Claim the part, tell the provider, conclude. Safe to repeat and to run twice at once."""
    known = False
    order: Order | None = None
    async with open_work() as work:
        part = await work.get(PayoutAttempt, fact.payout)
        row = await verbs.locked(work, part.withdrawal)
        part = await work.lock(PayoutAttempt, fact.payout)
        known = part.state == PayoutState.SENDING
        if part.state == PayoutState.WAITING and work.tenant.state == "active":
            order = await _claim(work, row, part)
    if known:
        # Somebody claimed it and did not conclude: the provider may know. Ask, never send.
        await looking.look(open_work, fact.payout)
    elif order is not None:
        await ordering.call(open_work, order)


async def _claim(work: Work, row: Withdrawal, part: PayoutAttempt) -> Order | None:
    """Mark it as being sent; None while it may not be, or nobody can take it."""
    if not await _may_go(work, row, part):
        return None
    try:
        order = await ordering.order(work, row, part)
    except Unavailable as why:
        await queueing.nobody(work, row, part, why.code)
        return None
    held = await placing.held_back(work, part.psp, Money(part.amount, part.currency))
    if held is not None:
        await queueing.wait(work, row, part, held)
        verbs.announce(work, row)
        return None
    part.move(PayoutState.SENDING)
    part.code, part.technical = None, None
    part.sent_at, part.tries = work.now, part.tries + 1
    part.next_ask_at = work.now + timedelta(seconds=rows.ASK_S)
    if row.state == WithdrawalState.APPROVED:
        row.move(WithdrawalState.SENDING)
        row.sent_at = row.sent_at or work.now
        for hook in hooks.leaving:
            await hook(work, row.client, row.id, row.loses)
    tell(work, row, "sent", places={"label": rows.label_of(row, part)})
    verbs.announce(work, row)
    return order


async def _may_go(work: Work, row: Withdrawal, part: PayoutAttempt) -> bool:
    """The checks once more, as money leaves: also for the second part, when the first has gone."""
    if row.state == WithdrawalState.APPROVED:
        await verbs.again(work, row.id)
        return row.state == WithdrawalState.APPROVED
    if row.state != WithdrawalState.SENDING:
        return False
    stop = rules.stopped((await deciding.checked(work, row)).checks)
    if stop is None:
        return True
    if part.code != stop.code:
        tell(work, row, "part-held", stop.code, stop.text, stop.places)
    part.code = stop.code
    part.next_ask_at = work.now + _WAIT
    return False


async def sweep(open_work: OpenWork) -> None:
    """Every few seconds: send what waits, ask for what is open, look again at what was held."""
    async with open_work() as work:
        due = await work.table(
            select(PayoutAttempt.id, PayoutAttempt.state)
            .where(PayoutAttempt.next_ask_at <= work.now)
            .order_by(PayoutAttempt.next_ask_at)
            .limit(_BATCH)
        )
        held = list(
            await work.rows(
                select(Withdrawal.id)
                .where(Withdrawal.look_again_at <= work.now)
                .order_by(Withdrawal.look_again_at)
                .limit(_BATCH)
            )
        )
    for one in held:
        async with open_work() as work:
            await verbs.again(work, one)
    for one in due:
        try:
            if one.state == PayoutState.WAITING:
                await send(open_work, PayoutDue(payout=one.id))
            else:
                await looking.look(open_work, one.id)
        except Refusal:
            await _postpone(open_work, one.id)


async def _postpone(open_work: OpenWork, payout: UUID) -> None:
    async with open_work() as work:
        row, part = await concluding.both(work, payout)
        rows.ask_later(work, part)
        await courses.unanswered(work, row, part)


__all__ = ["conclude", "look", "send", "sweep"]
