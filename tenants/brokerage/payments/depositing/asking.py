"""Asking providers to take a deposit: claim, call, conclude, and the next one when it must be.

claimed = await claim(work, row, number=1, tried=frozenset())
started = await ask_all(open_work, claimed)
"""

import time
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, select

from brokerage.clients import queries as clients
from brokerage.payments.connector import Hosted, Instructions, Order, Payer, PaymentConnector
from brokerage.payments.events import DepositFailed
from brokerage.payments.model import AttemptState, Deposit, DepositState, PaymentAttempt
from brokerage.payments.psp import providers
from brokerage.payments.routing import looking, watching
from brokerage.payments.routing.looking import NoRoute
from brokerage.payments.values import Method
from stoa.connectors.outcomes import Refused, technical
from stoa.kernel import process
from stoa.kernel.faultpoints import faultpoint
from stoa.kernel.money import Money
from stoa.kernel.refusals import Refusal, Unavailable
from stoa.tenancy.door import OpenWork
from stoa.tenancy.work import Work
from stoa.theming.texts import N_

FIRST_POLL_S: Final = 20


@dataclass(frozen=True, slots=True)
class Started:
    """A deposit under way. `url` is the provider's page; None while it is prepared or not to be."""

    deposit: UUID
    url: str | None


@dataclass(frozen=True, slots=True)
class Claimed:
    """One attempt, committed, and what its call needs."""

    deposit: UUID
    attempt: UUID
    psp: str
    connector: PaymentConnector | None
    order: Order


async def claim(work: Work, row: Deposit, *, number: int, tried: frozenset[str]) -> Claimed:
    """Decide who is asked and write it down. Raises NoRoute when nobody is left."""
    brief = await clients.brief(work, row.client)
    money = Money(row.amount, row.currency)
    ask = await looking.asked(work, brief, row.id, Method(row.method), money)
    routed = await looking.decide(work, ask, tried=tried)
    attempt = PaymentAttempt(
        id=work.new_id(),
        deposit=row.id,
        number=number,
        psp=routed.psp,
        state=AttemptState.ASKING,
        decision=routed.kept,
        asked_at=work.now,
        next_poll_at=work.now + timedelta(seconds=FIRST_POLL_S * 3),
    )
    work.add(attempt)
    row.psp = attempt.psp
    await work.flush()
    back = process.config().url(work.tenant.host, f"/deposit/{row.id}")
    order = Order(
        id=attempt.id,
        reference=row.reference,
        money=ask.money,
        method=ask.method,
        payer=Payer(
            reference=brief.reference,
            name=brief.name,
            email=brief.email,
            country=brief.country,
            language=brief.language,
            phone=brief.phone or "",
        ),
        description=f"{work.tenant.name} {row.reference}",
        return_url=f"{back}?back=1",
        cancel_url=f"{back}?left=1",
        created=work.now,
        expires=row.expires_at,
    )
    return Claimed(row.id, attempt.id, attempt.psp, await _connector(work, attempt.psp), order)


async def _connector(work: Work, psp: str) -> PaymentConnector | None:
    """None where it is misconfigured: that is the provider's trouble, so the next one is asked."""
    try:
        return await providers.connected(work, psp)
    except Refusal:
        return None


async def ask_all(open_work: OpenWork, claimed: Claimed) -> Started:
    """One provider after the other until one gives a page, or the answer is a hard no."""
    asking: Claimed | None = claimed
    while asking is not None:
        faultpoint("deposit.claimed")
        psp, began = asking.psp, time.monotonic()
        answer: Any = technical("not-connected")
        if asking.connector is not None:
            try:
                answer = await asking.connector.create_deposit(asking.order)
            except Unavailable as why:
                answer = technical(why.code)
        took = int((time.monotonic() - began) * 1000)
        faultpoint("deposit.answered")
        url, asking = await _conclude(open_work, asking, answer, took)
        if isinstance(answer, Refused) and answer.technical:
            await watching.heard(open_work, psp)
        if url is not None:
            return Started(claimed.deposit, url)
    return Started(claimed.deposit, None)


async def _conclude(
    open_work: OpenWork, claimed: Claimed, answer: Any, took_ms: int
) -> tuple[str | None, Claimed | None]:
    """Write down what was answered; the page to go to, or who is asked next."""
    async with open_work() as work:
        row = await work.lock(Deposit, claimed.deposit)
        attempt = await work.lock(PaymentAttempt, claimed.attempt)
        attempt.answered_at, attempt.took_ms = work.now, took_ms
        work.announce(f"client:{row.client}|payments", "desk|payments")
        if isinstance(answer, Hosted | Instructions):
            attempt.reference = answer.reference
            if attempt.state != AttemptState.ASKING:
                return None, None
            attempt.move(AttemptState.OPEN)
            attempt.technical = False
            attempt.next_poll_at = work.now + timedelta(seconds=FIRST_POLL_S)
            if isinstance(answer, Hosted):
                attempt.page = answer.url
            else:
                drawn = [[N_("QR code"), answer.qr, "qr"]] if answer.qr else []
                attempt.lines = [*(list(one) for one in answer.lines), *drawn]
            if row.state == DepositState.STARTING:
                row.move(DepositState.WAITING)
            return attempt.page, None
        assert isinstance(answer, Refused)  # noqa: S101 - the port has these three answers
        if attempt.state != AttemptState.ASKING:
            return None, None
        attempt.move(AttemptState.UNAVAILABLE if answer.technical else AttemptState.DECLINED)
        attempt.technical, attempt.code = answer.technical, answer.code[:80]
        attempt.ended_at, attempt.next_poll_at = work.now, None
        if row.state != DepositState.STARTING:
            return None, None
        if answer.technical:
            try:
                return None, await following(work, row)
            except NoRoute as why:
                row.decision = why.kept
        await fail(work, row, DepositState.FAILED, answer.code)
        return None, None


async def following(work: Work, row: Deposit) -> Claimed:
    tried = await work.rows(
        select(PaymentAttempt.psp).where(PaymentAttempt.deposit == row.id).distinct()
    )
    number = 1 + await work.value(
        select(func.max(PaymentAttempt.number)).where(PaymentAttempt.deposit == row.id)
    )
    return await claim(work, row, number=number, tried=frozenset(tried))


async def fail(work: Work, row: Deposit, state: DepositState, code: str) -> None:
    """The deposit ends without money. A later payment still counts."""
    row.move(state)
    row.code, row.ended_at = code[:80], work.now
    work.tell(DepositFailed(deposit=row.id, client=row.client, state=str(state)))
    work.announce(f"client:{row.client}|payments", "desk|payments")
