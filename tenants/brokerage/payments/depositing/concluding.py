"""What a provider's word on a payment leads to: credited once, put aside, ended, or asked again.

Amount and currency that the provider confirms must be the ordered ones; all else waits in suspense
for a person. A state only moves up, whatever order the news comes in.
"""

from datetime import timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import select

from brokerage.ledger import accounts
from brokerage.payments.connector import EventKind, State, Status
from brokerage.payments.depositing import asking, copies, crediting
from brokerage.payments.model import (
    AttemptState,
    Deposit,
    DepositState,
    PaymentAttempt,
    ProviderEvent,
)
from brokerage.payments.routing import looking
from brokerage.payments.source import examining
from brokerage.payments.values import Method
from stoa.kernel.money import Money
from stoa.tenancy.work import Work

_LONGEST_POLL_S: Final = 900
_LONGEST_OPEN_POLL_S: Final = 90
_GRACE: Final = timedelta(minutes=30)
_GIVE_UP: Final = timedelta(hours=48)
_SILENT: Final = timedelta(seconds=90)


async def conclude(work: Work, attempt: UUID, status: Status | None, event: UUID | None) -> bool:
    """Whether the next provider should be asked: this one declined technically."""
    deposit = (await work.get(PaymentAttempt, attempt)).deposit
    row = await work.lock(Deposit, deposit)
    tried = await work.lock(PaymentAttempt, attempt)
    told = await work.lock(ProviderEvent, event) if event is not None else None
    if told is not None:
        if told.state not in {"taken", "parked"}:
            return False
        told.move("done")
        told.deposit, told.done_at = row.id, work.now
        if told.payment and not tried.payment:
            tried.payment = told.payment
        if told.reference and not tried.reference and told.kind == EventKind.DEPOSIT:
            tried.reference = told.reference
    if status is None:
        await _not_there(work, row, tried)
        return False
    await _apply(work, row, tried, status, told)
    if told is not None:
        await copies.close(work, told, tried, row)
    declined = (told is not None and told.technical) or (
        status.decline is not None and status.decline == "technical"
    )
    if told is not None and told.code:
        tried.code = told.code
    return bool(
        declined
        and status.state.open
        and row.state == DepositState.WAITING
        and tried.state == AttemptState.OPEN
    )


async def _not_there(work: Work, row: Deposit, tried: PaymentAttempt) -> None:
    """We never learned of a page, so nobody can have paid on it."""
    if tried.state == AttemptState.ASKING and work.now - tried.asked_at > _SILENT:
        tried.move(AttemptState.UNAVAILABLE)
        tried.technical, tried.code, tried.ended_at = True, "no-answer", work.now
        tried.next_poll_at = None
        if row.state == DepositState.STARTING:
            await asking.fail(work, row, DepositState.FAILED, "no-answer")
    else:
        later(work, row, tried)


async def _apply(
    work: Work,
    row: Deposit,
    tried: PaymentAttempt,
    status: Status,
    told: ProviderEvent | None,
) -> None:
    if status.our_id and status.our_id != str(tried.id):
        await crediting.set_aside(work, row, tried, None, "other-reference", event=told)
        return
    if status.state.money_came:
        await _came(work, row, tried, status, told)
    elif status.state.open:
        await _still_open(work, row, tried)
    else:
        await _ended(work, row, tried, status)


async def _came(
    work: Work,
    row: Deposit,
    tried: PaymentAttempt,
    status: Status,
    told: ProviderEvent | None,
) -> None:
    if tried.state == AttemptState.REVIEW:
        await crediting.more_came(work, row, tried, status.money)
        _look_out(work, row, tried)
        return
    tried.next_poll_at = None
    if tried.state == AttemptState.PAID:
        return
    ordered = Money(row.amount, row.currency)
    problem = _problem(row, ordered, status, told)
    if row.method == Method.CRYPTO:
        source = await examining.judged(work, tried, row, status.money or ordered)
        if source is None:
            later(work, row, tried)
            return
        problem = source.problem or problem
    if problem is not None:
        if problem != "second-payment":
            await _keep_instrument(work, row, status)
        await crediting.set_aside(work, row, tried, status.money, problem, event=told)
        if problem == "under-paid":
            _look_out(work, row, tried)
        return
    tried.move(AttemptState.PAID)
    tried.ended_at = work.now
    tried.payment = tried.payment or status.payment or None
    row.psp = tried.psp
    tried.cost = await looking.cost_now(work, tried.psp, row)
    await _keep_instrument(work, row, status)
    await crediting.credit(
        work,
        row,
        ordered,
        Money(row.fee, row.currency),
        source=accounts.house(work, f"psp:{tried.psp}", row.currency),
    )


def _look_out(work: Work, row: Deposit, tried: PaymentAttempt) -> None:
    """The rest of a crypto payment may come as long as its time runs; ask for it until then."""
    waits = row.method == Method.CRYPTO and work.now < row.expires_at
    soon = work.now + timedelta(seconds=_LONGEST_OPEN_POLL_S)
    tried.next_poll_at = soon if waits else None


def _problem(
    row: Deposit, ordered: Money, status: Status, told: ProviderEvent | None
) -> str | None:
    """Why this money cannot simply be credited."""
    if row.state in {DepositState.CREDITED, DepositState.REVIEW, DepositState.RETURNED}:
        return "second-payment"
    if not status.as_ordered:
        if status.money is None or status.money.currency != ordered.currency:
            return "other-currency"
        if status.money != ordered:
            return "under-paid" if status.money < ordered else "over-paid"
    if status.state is State.REVIEW:
        return "late"
    if told is not None and told.told and State(told.told).money_came:
        said = (told.amount, told.currency)
        if told.amount is not None and said != (ordered.amount, ordered.currency):
            return "callback-differs"
    return None


async def _keep_instrument(work: Work, row: Deposit, status: Status) -> None:
    paid = status.instrument
    if paid is None:
        return
    shown = {
        "brand": paid.brand[:40],
        "last4": paid.last4[:4],
        "network": paid.network[:40],
        "country": paid.country[:2],
        "three_ds": paid.three_ds[:40],
    }
    if paid.fingerprint:
        # Tells one card from another without saying which: a digest under the tenant's own key.
        shown["mark"] = work.blind("deposit.instrument", paid.fingerprint).hex()[:32]
    row.instrument = {key: value for key, value in shown.items() if value}
    row.token_sealed = work.seal(row.id, crediting.TOKEN, paid.token or None)


async def _still_open(work: Work, row: Deposit, tried: PaymentAttempt) -> None:
    over = work.now - row.expires_at
    if tried.state not in {AttemptState.ASKING, AttemptState.OPEN} or over > _GIVE_UP:
        tried.next_poll_at = None
        return
    if over > _GRACE and row.method == "card":
        await _close(work, row, tried, AttemptState.EXPIRED, DepositState.EXPIRED, "expired")
        return
    later(work, row, tried)


def later(work: Work, row: Deposit, tried: PaymentAttempt) -> None:
    """Ask again soon while the client may pay, so that no payment goes unseen for two minutes."""
    tried.polls += 1
    most = _LONGEST_OPEN_POLL_S if work.now < row.expires_at + _GRACE else _LONGEST_POLL_S
    wait = min(asking.FIRST_POLL_S * 2 ** min(tried.polls, 6), most)
    tried.next_poll_at = work.now + timedelta(seconds=wait)


async def _ended(work: Work, row: Deposit, tried: PaymentAttempt, status: Status) -> None:
    expired = status.state is State.EXPIRED
    left = status.state is State.CANCELLED
    to = AttemptState.EXPIRED if expired else AttemptState.DECLINED
    ends = DepositState.EXPIRED if expired else DepositState.FAILED
    if left:
        ends = DepositState.CANCELLED
    await _close(work, row, tried, to, ends, status.code or status.raw)


async def _close(
    work: Work,
    row: Deposit,
    tried: PaymentAttempt,
    to: AttemptState,
    ends: DepositState,
    code: str,
) -> None:
    tried.next_poll_at = None
    if tried.state not in {AttemptState.ASKING, AttemptState.OPEN}:
        return
    tried.move(to)
    tried.code, tried.ended_at = code[:80], work.now
    if row.state in {DepositState.STARTING, DepositState.WAITING}:
        other = await work.first(
            select(PaymentAttempt.id).where(
                PaymentAttempt.deposit == row.id,
                PaymentAttempt.id != tried.id,
                PaymentAttempt.state.in_((AttemptState.ASKING, AttemptState.OPEN)),
            )
        )
        if other is None:
            await asking.fail(work, row, ends, code)
