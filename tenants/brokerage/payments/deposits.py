"""Paying in: claim, call, conclude. A row is committed before a provider hears of it.

    await start(open_work, client, Method.CARD, money, key=...) -> Started    with where to go
    await cascade(open_work, deposit, declined_attempt)     the next provider, amount kept
    await cancel(open_work, deposit)                        the client thinks again

Nothing here credits: money is credited by `settlement` alone, when the provider says it has it.
"""

import time
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, select

from brokerage.clients import queries as clients
from brokerage.clients.model import Client
from brokerage.kyc import standing
from brokerage.kyc.packs import Right
from brokerage.ledger import rates
from brokerage.payments import providers, rules
from brokerage.payments.connector import Hosted, Instructions, Order, Payer, PaymentConnector
from brokerage.payments.events import DepositFailed
from brokerage.payments.model import AttemptState, Deposit, DepositState, PaymentAttempt
from brokerage.payments.permissions import Payments
from brokerage.payments.routing import Ask
from brokerage.payments.settings import DepositMethod, PaymentsSettings
from brokerage.payments.values import Method
from stoa.connectors.outcomes import Confirmed, Refused, technical
from stoa.kernel import process
from stoa.kernel.ids import reference, uuid7
from stoa.kernel.money import Money
from stoa.kernel.refusals import Conflict, Denied, Invalid, Refusal, Unavailable
from stoa.tenancy.door import OpenWork
from stoa.tenancy.work import Work
from stoa.theming.texts import N_

FIRST_POLL_S: Final = 20
_MOST_OPEN: Final = 10


@dataclass(frozen=True, slots=True)
class Started:
    """A deposit under way. `url` is the provider's page; None while it is prepared or not to be."""

    deposit: UUID
    url: str | None


@dataclass(frozen=True, slots=True)
class _Claimed:
    """One attempt, committed, and what its call needs."""

    deposit: UUID
    attempt: UUID
    connector: PaymentConnector | None
    order: Order


async def start(
    open_work: OpenWork, client: UUID, method: Method, money: Money, *, key: UUID | None = None
) -> Started:
    """Ask a provider for a place to pay. The same `key` again is the same deposit.

    Raises Denied, Invalid or Unavailable; then no money has moved and nothing is asked of it.
    """
    async with open_work() as work:
        known = await _known(work, client, method, money, key)
        if known is not None:
            return known
        claimed = await _claim_first(work, client, method, money, key)
    return await _ask_all(open_work, claimed)


async def _known(
    work: Work, client: UUID, method: Method, money: Money, key: UUID | None
) -> Started | None:
    work.require(Payments.DEPOSIT_OWN)
    work.actor.own(client)
    await work.lock(Client, client)
    row = await work.session.get(Deposit, key) if key is not None else None
    if row is None:
        return None
    if (row.client, row.method, row.amount, row.currency) != (
        client,
        method,
        money.amount,
        money.currency,
    ):
        raise Conflict("This form was sent before with other values. No money has moved.")
    return Started(row.id, await page_of(work, row.id))


async def page_of(work: Work, deposit: UUID) -> str | None:
    """The page of the attempt that is open now."""
    return await work.first(
        select(PaymentAttempt.page)
        .where(PaymentAttempt.deposit == deposit, PaymentAttempt.state == AttemptState.OPEN)
        .order_by(PaymentAttempt.number.desc())
    )


async def allowed(work: Work, client: UUID, method: Method, currency: str) -> DepositMethod:
    """The method as it is offered to this person. Raises Denied or Invalid."""
    settings = work.settings(PaymentsSettings)
    found = settings.method(method)
    limits = await standing.limits(work, client)
    if found is None or not fits_person(found, limits.country, limits.level.code):
        raise Denied("This way to pay is not offered to you. No money has moved.", field="method")
    if found.currencies and currency not in found.currencies:
        raise Invalid(
            "This way to pay does not take {currency}.", field="currency", currency=currency
        )
    limits.must_allow(Right.DEPOSIT)
    return found


def fits_person(method: DepositMethod, country: str, level: str) -> bool:
    return (
        (not method.countries or country in method.countries)
        and country not in method.not_countries
        and (not method.levels or level in method.levels)
    )


async def _claim_first(
    work: Work, client: UUID, method: Method, money: Money, key: UUID | None
) -> _Claimed:
    offered = await allowed(work, client, method, money.currency)
    priced = await rates.table(work)
    rules.within(money, offered.least.money, offered.most.money, priced.convert)
    fee = rules.fee_of(offered.fee, money, priced.convert)
    still_open = await work.value(
        select(func.count()).where(
            Deposit.client == client,
            Deposit.state.in_((DepositState.STARTING, DepositState.WAITING)),
            Deposit.expires_at > work.now,
        )
    )
    if still_open >= _MOST_OPEN:
        raise Conflict("You have {n} open deposits. Finish or cancel one first.", n=still_open)
    minutes = work.settings(PaymentsSettings).deposit_open_min
    row = Deposit(
        id=key or uuid7(int(work.now.timestamp() * 1000)),
        reference=reference("D"),
        client=client,
        method=method,
        amount=money.amount,
        currency=money.currency,
        fee=fee.amount,
        state=DepositState.STARTING,
        started_at=work.now,
        expires_at=work.now + timedelta(minutes=minutes),
    )
    work.add(row)
    await work.flush()
    work.announce(f"client:{client}|payments", "desk|payments")
    return await _claim(work, row, number=1, tried=frozenset())


async def _claim(work: Work, row: Deposit, *, number: int, tried: frozenset[str]) -> _Claimed:
    """Decide who is asked and write it down. Raises Unavailable when nobody is left."""
    brief = await clients.brief(work, row.client)
    ask = Ask(
        row.id, Method(row.method), Money(row.amount, row.currency), brief.country, brief.level
    )
    decision = await providers.decide(work, ask, tried=tried)
    attempt = PaymentAttempt(
        id=uuid7(int(work.now.timestamp() * 1000)),
        deposit=row.id,
        number=number,
        psp=decision.order[0],
        state=AttemptState.ASKING,
        decision=decision.record(ask, work.settings_epoch),
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
    return _Claimed(row.id, attempt.id, await _connector(work, attempt.psp), order)


async def _connector(work: Work, psp: str) -> PaymentConnector | None:
    """None where it is misconfigured: that is the provider's trouble, so the next one is asked."""
    try:
        return await providers.connected(work, psp)
    except Refusal:
        return None


async def _ask_all(open_work: OpenWork, claimed: _Claimed) -> Started:
    """One provider after the other until one gives a page, or the answer is a hard no."""
    following: _Claimed | None = claimed
    while following is not None:
        began = time.monotonic()
        answer: Any = technical("not-connected")
        if following.connector is not None:
            try:
                answer = await following.connector.create_deposit(following.order)
            except Unavailable as why:
                answer = technical(why.code)
        took = int((time.monotonic() - began) * 1000)
        url, following = await _conclude(open_work, following, answer, took)
        if url is not None:
            return Started(claimed.deposit, url)
    return Started(claimed.deposit, None)


async def _conclude(
    open_work: OpenWork, claimed: _Claimed, answer: Any, took_ms: int
) -> tuple[str | None, _Claimed | None]:
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
                return None, await _next(work, row)
            except Unavailable:
                pass
        await fail(work, row, DepositState.FAILED, answer.code)
        return None, None


async def _next(work: Work, row: Deposit) -> _Claimed:
    tried = await work.rows(
        select(PaymentAttempt.psp).where(PaymentAttempt.deposit == row.id).distinct()
    )
    number = 1 + await work.value(
        select(func.max(PaymentAttempt.number)).where(PaymentAttempt.deposit == row.id)
    )
    return await _claim(work, row, number=number, tried=frozenset(tried))


async def fail(work: Work, row: Deposit, state: DepositState, code: str) -> None:
    """The deposit ends without money. A later payment still counts."""
    row.move(state)
    row.code, row.ended_at = code[:80], work.now
    work.tell(DepositFailed(deposit=row.id, client=row.client, state=str(state)))
    work.announce(f"client:{row.client}|payments", "desk|payments")


async def cascade(open_work: OpenWork, deposit: UUID, declined: UUID) -> Started | None:
    """After a technical decline on the provider's page: close it there, go on at the next.

    The page is closed first, so that nobody pays at both; where it cannot be closed, nothing
    changes and the client may still pay there.
    """
    async with open_work() as work:
        attempt = await work.get(PaymentAttempt, declined)
        if attempt.state != AttemptState.OPEN or attempt.reference is None:
            return None
        connector = await providers.connected(work, attempt.psp)
        their = attempt.reference
    outcome = await connector.cancel_deposit(their)
    if not isinstance(outcome, Confirmed):
        return None
    async with open_work() as work:
        row = await work.lock(Deposit, deposit)
        attempt = await work.lock(PaymentAttempt, declined)
        if attempt.state != AttemptState.OPEN or row.state != DepositState.WAITING:
            return None
        attempt.move(AttemptState.UNAVAILABLE)
        attempt.technical, attempt.ended_at, attempt.next_poll_at = True, work.now, None
        row.move(DepositState.STARTING)
        try:
            claimed = await _next(work, row)
        except Unavailable as why:
            await fail(work, row, DepositState.FAILED, attempt.code or why.code)
            return None
    return await _ask_all(open_work, claimed)


async def cancel(open_work: OpenWork, deposit: UUID) -> None:
    """The client does not want to pay any more. Raises Conflict when it is too late for that."""
    async with open_work() as work:
        row = await work.lock(Deposit, deposit)
        work.require(Payments.DEPOSIT_OWN)
        work.actor.own(row.client)
        if row.state != DepositState.WAITING:
            raise Conflict("This deposit is no longer open. Nothing was changed.")
        attempt = await work.first(
            select(PaymentAttempt).where(
                PaymentAttempt.deposit == deposit, PaymentAttempt.state == AttemptState.OPEN
            )
        )
        if attempt is None or attempt.reference is None:
            raise Conflict("This deposit is being prepared. Try again in a moment.")
        connector, their = await providers.connected(work, attempt.psp), attempt.reference
    outcome = await connector.cancel_deposit(their)
    if not isinstance(outcome, Confirmed):
        raise Conflict(
            "The provider did not cancel it: you may have paid already. We look at it now."
        )
    async with open_work() as work:
        row = await work.lock(Deposit, deposit)
        if row.state != DepositState.WAITING:
            return
        attempt = await work.lock(PaymentAttempt, attempt.id)
        if attempt.state == AttemptState.OPEN:
            attempt.move(AttemptState.LEFT)
            attempt.ended_at, attempt.next_poll_at = work.now, None
        await fail(work, row, DepositState.CANCELLED, "cancelled")
