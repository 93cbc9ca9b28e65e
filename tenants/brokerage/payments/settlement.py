"""What follows from a callback or a poll: the provider is asked what is true, then it is done once.

    await settle(open_work, CallbackTaken(event=...))    the reaction to a stored callback
    await look(open_work, attempt)                       asks about one attempt
    await sweep(open_work)                               asks about those nobody told us of

A callback is a hint; `concluding` says what the provider's own answer leads to.
"""

from datetime import timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import select

from brokerage.payments.connector import CannotAsk, EventKind, PaymentConnector, State, Status
from brokerage.payments.depositing import concluding, copies, crediting, deposits
from brokerage.payments.disputes import noticing
from brokerage.payments.events import CallbackTaken
from brokerage.payments.model import (
    AttemptState,
    Deposit,
    PaymentAttempt,
    PayoutAttempt,
    ProviderEvent,
)
from brokerage.payments.psp import providers
from brokerage.payments.receiving import arriving
from brokerage.payments.settings import PaymentsSettings
from brokerage.payments.source import examining
from brokerage.payments.values import Method
from brokerage.payments.withdrawing import payouts
from stoa.kernel.faultpoints import faultpoint
from stoa.kernel.money import Money
from stoa.kernel.refusals import NotFound, Refusal
from stoa.tenancy.door import OpenWork
from stoa.tenancy.work import Work

_BATCH: Final = 50


async def settle(open_work: OpenWork, fact: CallbackTaken) -> None:
    """Make of a stored callback what the provider confirms. Safe to repeat."""
    async with open_work() as work:
        event = await work.lock(ProviderEvent, fact.event)
        if event.state not in {"taken", "parked"}:
            return
        told = _status_of(event)
        payout: UUID | None = None
        attempt: UUID | None = None
        address: UUID | None = None
        if event.kind in {EventKind.PAYOUT, EventKind.REFUND}:
            payout = await _payout_of(work, event)
        elif (address := await arriving.address_of(work, event)) is None:
            attempt = await _paid_in(work, event)
        if event.state not in {"taken", "parked"}:
            return
        if payout is None and attempt is None and address is None:
            await _park(work, event)
    if payout is not None:
        await payouts.look(open_work, payout, told=told)
        await _done(open_work, fact.event, payout=payout)
    elif address is not None:
        await arriving.look(open_work, address, event=fact.event)
    elif attempt is not None:
        await look(open_work, attempt, event=fact.event)


def _status_of(event: ProviderEvent) -> Status | None:
    """What a proven callback says, for providers that cannot be asked."""
    if event.told is None:
        return None
    known = event.amount is not None and event.currency is not None
    return Status(
        reference=event.reference,
        state=State(event.told),
        raw=event.raw_kind,
        money=Money(event.amount, event.currency) if known else None,  # type: ignore[arg-type]
        our_id=event.our_id,
        code=event.code,
    )


async def _paid_in(work: Work, event: ProviderEvent) -> UUID | None:
    """The attempt to ask about; a dispute is taken up at once and asks nothing."""
    found = await _attempt_of(work, event)
    if event.kind == EventKind.DISPUTE:
        if not await noticing.heard(work, event, found):
            return None
        event.move("done")
        event.done_at, event.because = work.now, "dispute"
        return None
    if found is None:
        return None
    if found.state == AttemptState.PAID:
        deposit = await work.get(Deposit, found.deposit)
        if copies.says_the_same(event, found, deposit):
            event.move("done")
            event.deposit, event.done_at = found.deposit, work.now
            await copies.close(work, event, found, deposit)
    return found.id


async def _attempt_of(work: Work, event: ProviderEvent) -> PaymentAttempt | None:
    """The attempt an event is about, found by its reference; our id must not contradict it."""
    named = select(PaymentAttempt).where(PaymentAttempt.psp == event.psp)
    found: PaymentAttempt | None = None
    if event.reference:
        found = await work.first(named.where(PaymentAttempt.reference == event.reference))
    if found is None and event.payment:
        found = await work.first(named.where(PaymentAttempt.payment == event.payment))
    if found is None and event.payment and event.kind == EventKind.DISPUTE:
        found = await work.first(named.where(PaymentAttempt.reference == event.payment))
    ours = _uuid(event.our_id)
    if found is None and ours is not None:
        found = await work.first(named.where(PaymentAttempt.id == ours))
        foreign = found is not None and found.reference is not None and event.reference
        if foreign and event.kind == EventKind.DEPOSIT and found is not None:
            return None if found.reference != event.reference else found
    if found is not None and event.our_id and str(found.id) != event.our_id:
        return None
    return found


async def _payout_of(work: Work, event: ProviderEvent) -> UUID | None:
    """The payout an event is about, ours and of this provider."""
    ours = _uuid(event.our_id)
    found = select(PayoutAttempt.id).where(PayoutAttempt.psp == event.psp)
    if ours is not None:
        return await work.first(found.where(PayoutAttempt.id == ours))
    if not event.reference:
        return None
    return await work.first(found.where(PayoutAttempt.reference == event.reference))


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


async def _park(work: Work, event: ProviderEvent) -> None:
    """Nothing here is known by that name. It may come before our own commit; later it is told."""
    after = timedelta(minutes=work.settings(PaymentsSettings).unmatched_after_min)
    if work.now - event.received_at < after:
        if event.state == "taken":
            event.move("parked")
        return
    event.move("unmatched")
    event.because, event.done_at = "no payment of ours has this reference", work.now
    disputed = event.kind == EventKind.DISPUTE
    money = Money(event.amount, event.currency) if event.amount and event.currency else None
    await crediting.note(
        work,
        psp=event.psp,
        problem="chargeback" if disputed else "unknown-reference",
        reference=event.reference or event.event,
        proposed="answer" if disputed else "look",
        money=money,
        event=event.id,
    )


async def _done(
    open_work: OpenWork, event: UUID, *, payout: UUID | None = None, because: str = ""
) -> None:
    async with open_work() as work:
        row = await work.lock(ProviderEvent, event)
        if row.state in {"taken", "parked"}:
            row.move("done")
            row.done_at, row.payout = work.now, payout
            row.because = because or None


async def look(open_work: OpenWork, attempt: UUID, *, event: UUID | None = None) -> None:
    """Ask the provider where an attempt stands, and write down what follows."""
    async with open_work() as work:
        row = await work.get(PaymentAttempt, attempt)
        sent_to = row.decision.get(arriving.BY)
        told = await work.get(ProviderEvent, event) if event is not None else None
        their = row.reference or (told.reference if told is not None else None)
        heard = _status_of(told) if told is not None else None
        coins = (await work.get(Deposit, row.deposit)).method == Method.CRYPTO
        connector: PaymentConnector | None = None
        if sent_to is None and their and (row.state != AttemptState.PAID or told is not None):
            connector = await providers.connected(work, row.psp)
    if sent_to is not None:
        await arriving.look(open_work, UUID(sent_to), event=event)
        return
    status: Status | None = None
    if connector is not None and their:
        try:
            status = await connector.poll(their)
        except CannotAsk:
            if heard is None:
                raise
            status = heard
        except NotFound:
            status = None
        faultpoint("settle.asked")
        if status is not None and status.state.money_came and coins:
            await examining.of_order(open_work, connector, attempt, their)
    again: UUID | None = None
    async with open_work() as work:
        if await concluding.conclude(work, attempt, status, event):
            again = row.deposit
    if again is not None:
        await deposits.cascade(open_work, again, attempt)


async def sweep(open_work: OpenWork) -> None:
    """Every few seconds: ask about silent attempts, and look again at callbacks that came early."""
    async with open_work() as work:
        due = list(
            await work.rows(
                select(PaymentAttempt.id)
                .where(PaymentAttempt.next_poll_at <= work.now)
                .order_by(PaymentAttempt.next_poll_at)
                .limit(_BATCH)
            )
        )
        parked = list(
            await work.rows(
                select(ProviderEvent.id)
                .where(ProviderEvent.state == "parked")
                .order_by(ProviderEvent.id)
                .limit(_BATCH)
            )
        )
    for event in parked:
        try:
            await settle(open_work, CallbackTaken(event=event))
        except Refusal:
            continue
    for attempt in due:
        try:
            await look(open_work, attempt)
        except Refusal:
            await _postpone(open_work, attempt)


async def _postpone(open_work: OpenWork, attempt: UUID) -> None:
    async with open_work() as work:
        row = await work.lock(Deposit, (await work.get(PaymentAttempt, attempt)).deposit)
        concluding.later(work, row, await work.lock(PaymentAttempt, attempt))
