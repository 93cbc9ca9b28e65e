"""Who sends a part: the provider it is bound to, or whom the rules choose; and whether it may now."""

import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from brokerage.clients import queries as clients
from brokerage.clients.queries import Brief
from brokerage.payments import connectors
from brokerage.payments.hot import watching as hot
from brokerage.payments.psp import providers
from brokerage.payments.routing import looking, watching
from brokerage.payments.routing.looking import Routed
from brokerage.payments.settings import PaymentsSettings
from brokerage.payments.troubles import Trouble, sort
from brokerage.payments.values import Method
from brokerage.payments.withdrawing import rows
from brokerage.payments.withdrawing.model import PayoutAttempt, PayoutState, Withdrawal
from stoa.connectors.breaker import Circuit
from stoa.connectors.outcomes import Refusing
from stoa.kernel.money import Money
from stoa.kernel.refusals import NotFound, Unavailable
from stoa.tenancy.work import Work

_PAUSED_S: Final = 60
_LEAST_S: Final = 5


@dataclass(frozen=True, slots=True)
class Held:
    """Why no payout goes to a provider now, and when that is looked at again."""

    code: str
    until: datetime


def bound(part: PayoutAttempt) -> bool:
    """Whether only one provider can send it: money goes back to the card or deposit it came from."""
    return part.way == "refund" or part.method == Method.CARD


async def routed(work: Work, row: Withdrawal, part: PayoutAttempt, brief: Brief) -> Routed:
    """Whom the rules choose, others before those who did not take it. Raises NoRoute."""
    tried = frozenset(
        one.psp
        for one in await rows.parts_of(work, row.id)
        if one.part == part.part and one.state == PayoutState.REFUSED
    )
    money = Money(part.amount, part.currency)
    ask = await looking.asked(work, brief, part.id, Method(part.method), money, payout=True)
    try:
        return await looking.decide(work, ask, tried=tried, payout=True)
    except Unavailable:
        return await looking.decide(work, ask, payout=True)


async def another(work: Work, row: Withdrawal, part: PayoutAttempt) -> bool:
    """Whether a provider that has not refused this part yet could be asked for it."""
    if bound(part):
        return False
    brief = await clients.brief(work, row.client)
    refused = {
        one.psp
        for one in await rows.parts_of(work, row.id)
        if one.part == part.part and one.state == PayoutState.REFUSED
    }
    try:
        return (await routed(work, row, part, brief)).psp not in refused
    except Unavailable:
        return False


async def held_back(work: Work, psp: str, money: Money) -> Held | None:
    """Paused by a person, a circuit is open, or too little lies there: then no call is made, and no
    try is counted.
    """
    known = (await watching.states(work)).get(psp)
    if known is not None and known.paused:
        return Held(f"paused-{known.paused}", work.now + timedelta(seconds=_PAUSED_S))
    least = work.now + timedelta(seconds=_LEAST_S)
    if known is not None and known.circuit == "open":
        return Held("circuit-open", max(known.next_at or least, least))
    own = providers.line(work, psp).breaker.view(time.monotonic())
    if own.circuit is Circuit.OPEN:
        opens = work.now + timedelta(seconds=own.opens_again_s)
        return Held("breaker-open", max(opens, least))
    if await hot.short(work, psp, money):
        return Held("hot-low", work.now + timedelta(seconds=_PAUSED_S))
    return None


def trouble(work: Work, part: PayoutAttempt, code: str, why: Refusing) -> Trouble:
    """The kind of a refusal, by what the part's provider means with its codes."""
    psp = work.settings(PaymentsSettings).psp(part.psp)
    try:
        kind = connectors.named(psp.connector) if psp is not None else None
    except NotFound:
        kind = None
    return sort(code, why, getattr(kind, "payout_troubles", {}))
