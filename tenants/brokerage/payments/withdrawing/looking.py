"""Asking the provider what became of a payout: before anything is given a second time."""

from datetime import timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import select

from brokerage.payments.connector import CannotAsk, Paid
from brokerage.payments.model import AttemptState, PaymentAttempt
from brokerage.payments.psp import providers
from brokerage.payments.values import State, Status, sending
from brokerage.payments.withdrawing import concluding, courses, ordering, rows
from brokerage.payments.withdrawing.model import PayoutAttempt, PayoutState, Withdrawal
from brokerage.payments.withdrawing.ordering import Order
from stoa.connectors.outcomes import Accepted, Confirmed, Refused
from stoa.kernel.faultpoints import faultpoint
from stoa.kernel.refusals import NotFound
from stoa.tenancy.door import OpenWork
from stoa.tenancy.work import Work

_SURE_AFTER: Final = timedelta(minutes=5)
_MOST_SAME: Final = 10
"""So often the same order is asked about before it is no longer given again by itself."""


async def look(open_work: OpenWork, payout: UUID, *, told: Status | None = None) -> None:
    """Ask what became of a part, and write it down.

    `told` is what a proven callback said; it counts only where the provider cannot be asked.
    """
    async with open_work() as work:
        part = await work.get(PayoutAttempt, payout)
        if part.state not in {PayoutState.SENDING, PayoutState.ACCEPTED, PayoutState.PAID}:
            return
        if part.sent_at is None:
            return
        connector = await providers.connected(work, part.psp)
        their, since, way = part.reference or "", part.sent_at, part.way
        paid = await _paid_with(work, part) if way == "refund" else Paid("")
    try:
        if way == "refund":
            status = await connector.poll_refund(payout, their, paid)
        else:
            status = await connector.poll_payout(payout, their, since)
    except CannotAsk:
        if told is None:
            # Giving the same order again, with the same key, is the only way left to ask.
            await _nobody_has_it(open_work, payout)
            return
        status = told
    except NotFound:
        await _nobody_has_it(open_work, payout)
        return
    faultpoint("payout.looked")
    await _conclude_status(open_work, payout, status)


async def _conclude_status(open_work: OpenWork, payout: UUID, status: Status) -> None:
    async with open_work() as work:
        row, part = await concluding.both(work, payout)
        if status.our_id and status.our_id != str(part.id):
            return
        if status.reference and not part.reference:
            part.reference = status.reference[:160]
        if part.state in {PayoutState.SENDING, PayoutState.ACCEPTED}:
            await _follow(work, row, part, status)
        elif part.state == PayoutState.PAID and _undone(status):
            await concluding.came_back(work, row, part, status.code or status.raw)
        rows.announce(work, row)


async def _paid_with(work: Work, part: PayoutAttempt) -> Paid:
    """The payment a part gives back."""
    row = await work.first(
        select(PaymentAttempt).where(
            PaymentAttempt.deposit == part.source, PaymentAttempt.state == AttemptState.PAID
        )
    )
    return Paid(row.reference or "", row.payment or "") if row is not None else Paid("")


def _undone(status: Status) -> bool:
    """Some providers say failed of what they had paid before: then it came back."""
    return status.state in {State.RETURNED, State.FAILED, State.CANCELLED}


async def _follow(work: Work, row: Withdrawal, part: PayoutAttempt, status: Status) -> None:
    if status.state is State.RETURNED:
        await concluding.came_back(work, row, part, status.code or status.raw)
        return
    answer = sending(status)
    match answer:
        case Confirmed():
            await concluding.paid(work, row, part)
        case Refused():
            await concluding.refused(work, row, part, answer)
        case _:
            if part.state == PayoutState.SENDING and isinstance(answer, Accepted):
                part.move(PayoutState.ACCEPTED)
            rows.ask_later(work, part)
            await courses.unanswered(work, row, part)


async def _nobody_has_it(open_work: OpenWork, payout: UUID) -> None:
    """The provider says it never got the order. After a while that is certain: the same again."""
    order: Order | None = None
    async with open_work() as work:
        row, part = await concluding.both(work, payout)
        if part.state != PayoutState.SENDING or part.sent_at is None:
            if part.state == PayoutState.ACCEPTED:
                rows.ask_later(work, part)
            return
        sure = work.now - part.sent_at > _SURE_AFTER
        rows.ask_later(work, part)
        await courses.unanswered(work, row, part)
        if sure and part.tries < _MOST_SAME:
            order = await ordering.order(work, row, part)
            within = order.connector.capabilities.idempotent_s
            if (work.now - part.sent_at).total_seconds() > within:
                order = None
    if order is not None:
        await ordering.call(open_work, order)
