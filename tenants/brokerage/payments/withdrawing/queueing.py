"""Parts that wait for their provider: no call was made, so no try is counted and nothing is lost.

await wait(work, row, part, held)         before a call: paused, or a circuit is open
await uncalled(work, row, part, code)     claimed, and then held back at the last moment
await queued(work)                        how many wait at each provider, for finance
"""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Final

from sqlalchemy import func, select

from brokerage.clients import queries as clients
from brokerage.payments.withdrawing import rows
from brokerage.payments.withdrawing.model import QUEUED, PayoutAttempt, PayoutState, Withdrawal
from brokerage.payments.withdrawing.placing import Held
from brokerage.payments.withdrawing.story import tell
from stoa.kernel.money import Money
from stoa.tenancy.work import Work
from stoa.theming.texts import N_

WHY: Final = {
    "circuit-open": N_("It fails at the moment and is tried again by itself."),
    "breaker-open": N_("It does not answer at the moment and is tried again by itself."),
    "line-full": N_("It answers too slowly; all our places are taken."),
    "paused-tenant": N_("Your company paused it."),
    "paused-operator": N_("The platform paused it."),
    "no-route": N_("No provider can take it now."),
    "hot-low": N_("Too little lies there; it goes on once more was sent there."),
}
_AGAIN: Final = timedelta(seconds=20)
_NO_ROUTE: Final = timedelta(minutes=1)
_MOST: Final = 20


async def wait(work: Work, row: Withdrawal, part: PayoutAttempt, held: Held) -> None:
    """Leave it waiting until then; the timeline says so once, however often it is looked at."""
    fresh = part.code not in QUEUED
    part.code, part.technical, part.next_ask_at = held.code, True, held.until
    if fresh:
        places = {"label": rows.label_of(row, part)}
        tell(work, row, "queued", held.code, places=places)


async def nobody(work: Work, row: Withdrawal, part: PayoutAttempt, code: str) -> None:
    """Nobody can take it, or what the order needs is not known: looked at again in a minute."""
    if code in QUEUED:
        await wait(work, row, part, Held(code, work.now + _NO_ROUTE))
        return
    part.code, part.technical, part.next_ask_at = code[:80], True, work.now + _NO_ROUTE


async def uncalled(work: Work, row: Withdrawal, part: PayoutAttempt, code: str) -> None:
    """The call was held back after the claim. A first call goes back to waiting, as if not claimed.

    One that repeats an earlier, unanswered call stays what it was: somebody may have that one.
    """
    if part.state != PayoutState.SENDING or part.tries > 1:
        rows.ask_later(work, part)
        return
    part.move(PayoutState.WAITING)
    part.sent_at, part.tries = None, 0
    await wait(work, row, part, Held(code, work.now + _AGAIN))


@dataclass(frozen=True, slots=True)
class Queue:
    """What waits at one provider in one currency."""

    psp: str
    count: int
    money: Money
    why: str


async def queued(work: Work) -> list[Queue]:
    """By provider and currency, for those whose clients the reader may see."""
    rows = await work.table(
        select(
            PayoutAttempt.psp,
            PayoutAttempt.currency,
            func.count().label("n"),
            func.sum(PayoutAttempt.amount).label("amount"),
            func.min(PayoutAttempt.code).label("code"),
        )
        .join(Withdrawal, Withdrawal.id == PayoutAttempt.withdrawal)
        .where(
            PayoutAttempt.state == PayoutState.WAITING,
            PayoutAttempt.next_ask_at.is_not(None),
            PayoutAttempt.code.in_(QUEUED),
            clients.within(work, Withdrawal.client),
        )
        .group_by(PayoutAttempt.psp, PayoutAttempt.currency)
        .order_by(PayoutAttempt.psp, PayoutAttempt.currency)
        .limit(_MOST)
    )
    return [
        Queue(row.psp, int(row.n), Money(Decimal(row.amount), row.currency), WHY[row.code])
        for row in rows
    ]
