"""The same news told many times: what settles one of them closes all that wait, in its transaction.

A provider may tell one payment under a new event id each time, so each is a callback of its own. Once
one is confirmed and credited, what the others say is known to be true: nothing is left to ask.
"""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import or_, select, text, update

from brokerage.payments.connector import EventKind, State
from brokerage.payments.model import AttemptState, Deposit, PaymentAttempt, ProviderEvent
from stoa.tenancy.work import Work

MOST: Final = 1000
"""How many are closed at once; the first of any others closes the next thousand."""
SAME: Final = "same as "
"""How the reason of a closed one begins; after it the id of the stored callback that settled it."""
WAITING: Final = text("provider_event.state in ('taken', 'parked')")
"""As the partial index of waiting callbacks says it, so that the plan can use that index."""


def says_the_same(event: ProviderEvent, attempt: PaymentAttempt, deposit: Deposit) -> bool:
    """Whether an event of this attempt tells what was confirmed and credited, and nothing beside.

    One that names another payment of the same amount may be a second payment: it is asked about.
    """
    return (
        attempt.state == AttemptState.PAID
        and event.kind == EventKind.DEPOSIT
        and event.told == State.SUCCEEDED
        and not event.technical
        and not event.code
        and event.reference == attempt.reference
        and event.payment in {"", attempt.payment}
        and (event.amount, event.currency) == (deposit.amount, deposit.currency)
    )


async def close(
    work: Work, event: ProviderEvent, attempt: PaymentAttempt, deposit: Deposit
) -> None:
    """Close what waits and says what this settled event said, except what another worker holds.

    Who holds one comes to the same conclusion by itself; whoever is told of a closed one later finds
    it done.
    """
    if not says_the_same(event, attempt, deposit):
        return
    alike = (
        select(ProviderEvent.id)
        .where(
            ProviderEvent.psp == attempt.psp,
            ProviderEvent.reference == attempt.reference,
            WAITING,
            ProviderEvent.id != event.id,
            ProviderEvent.kind == EventKind.DEPOSIT,
            ProviderEvent.told == State.SUCCEEDED,
            ProviderEvent.technical.isnot(True),
            ProviderEvent.code == "",
            ProviderEvent.our_id.in_(("", str(attempt.id))),
            or_(ProviderEvent.payment == "", ProviderEvent.payment == attempt.payment),
            ProviderEvent.amount == deposit.amount,
            ProviderEvent.currency == deposit.currency,
        )
        .order_by(ProviderEvent.id)
        .limit(MOST)
        .with_for_update(skip_locked=True)
        .cte("alike")
    )
    closed = await work.table(
        update(ProviderEvent)
        .where(ProviderEvent.id == alike.c.id)
        .values(state="done", done_at=work.now, deposit=deposit.id, because=f"{SAME}{event.id}")
        .returning(ProviderEvent.id)
        .execution_options(synchronize_session=False)
    )
    if closed:
        work.record(
            "callbacks closed as the same",
            psp=attempt.psp,
            event=str(event.id),
            deposit=str(deposit.id),
            count=len(closed),
        )


async def closed_by(work: Work, events: Sequence[ProviderEvent]) -> dict[UUID, str]:
    """By each of these that was closed as the same: the provider's own id of the one that settled."""
    named = {
        one.id: UUID(one.because.removeprefix(SAME))
        for one in events
        if one.because and one.because.startswith(SAME)
    }
    if not named:
        return {}
    rows = await work.table(
        select(ProviderEvent.id, ProviderEvent.event).where(
            ProviderEvent.id.in_(set(named.values()))
        )
    )
    told = {row.id: row.event for row in rows}
    return {one: told[other] for one, other in named.items()}
