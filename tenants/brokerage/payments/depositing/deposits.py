"""Paying in: claim, call, conclude. A row is committed before a provider hears of it.

    await start(open_work, client, Method.CARD, money, key=...) -> Started    with where to go
    await cascade(open_work, deposit, declined_attempt)     the next provider, amount kept
    await cancel(open_work, deposit)                        the client thinks again

Nothing here credits: money is credited by `settlement` alone, when the provider says it has it.
"""

from datetime import timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import func, select

from brokerage.clients.model import Client
from brokerage.fees.rules import must_leave_something
from brokerage.kyc import standing
from brokerage.kyc.jurisdictions.packs import Right
from brokerage.ledger import rates
from brokerage.payments import costs, rules
from brokerage.payments.depositing.asking import Claimed, Started, ask_all, claim, fail, following
from brokerage.payments.model import AttemptState, Deposit, DepositState, PaymentAttempt
from brokerage.payments.permissions import Payments
from brokerage.payments.psp import providers
from brokerage.payments.routing import watching
from brokerage.payments.routing.looking import NoRoute
from brokerage.payments.settings import DepositMethod, PaymentsSettings
from brokerage.payments.values import Method
from stoa.connectors.outcomes import Confirmed
from stoa.kernel.ids import reference
from stoa.kernel.money import Money
from stoa.kernel.refusals import Conflict, Denied, Invalid
from stoa.tenancy.door import OpenWork
from stoa.tenancy.work import Work

_MOST_OPEN: Final = 10


async def start(
    open_work: OpenWork, client: UUID, method: Method, money: Money, *, key: UUID | None = None
) -> Started:
    """Ask a provider for a place to pay. The same `key` again is the same deposit.

    Where nobody can take it the deposit is there, failed with the code `no-route`.
    Raises Denied, Invalid or Conflict; then no money has moved and nothing is asked of it.
    """
    async with open_work() as work:
        known = await _known(work, client, method, money, key)
        if known is not None:
            return known
        row, claimed = await _claim_first(work, client, method, money, key)
    if claimed is None:
        return Started(row, None)
    return await ask_all(open_work, claimed)


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
) -> tuple[UUID, Claimed | None]:
    offered = await allowed(work, client, method, money.currency)
    priced = await rates.table(work)
    rules.within(money, offered.least.money, offered.most.money, priced.convert)
    fee = await costs.of_deposit(work, client, offered, money)
    must_leave_something(fee.money, money)
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
        id=key or work.new_id(),
        reference=reference("D"),
        client=client,
        method=method,
        amount=money.amount,
        currency=money.currency,
        fee=fee.money.amount,
        fee_terms=fee.record(),
        state=DepositState.STARTING,
        started_at=work.now,
        expires_at=work.now + timedelta(minutes=minutes),
    )
    work.add(row)
    await work.flush()
    work.announce(f"client:{client}|payments", "desk|payments")
    try:
        return row.id, await claim(work, row, number=1, tried=frozenset())
    except NoRoute as why:
        # Kept as a deposit that failed: the client goes on from it with the amount, and the desk
        # sees what was turned away and why.
        row.decision = why.kept
        await fail(work, row, DepositState.FAILED, why.code)
        return row.id, None


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
        claimed: Claimed | None = None
        try:
            claimed = await following(work, row)
        except NoRoute as why:
            row.decision = why.kept
            await fail(work, row, DepositState.FAILED, attempt.code or why.code)
    await watching.heard(open_work, attempt.psp)
    return await ask_all(open_work, claimed) if claimed is not None else None


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
        if attempt is not None and "address" in attempt.decision:
            raise Conflict("The coins are on their way to your address; nothing can stop them.")
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
