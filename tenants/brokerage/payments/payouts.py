"""Sending an approved withdrawal's parts: claimed once, called, concluded; never sent on a guess.

    await send(open_work, PayoutDue(payout=...))     the reaction to an approval
    await look(open_work, payout)                    ask the provider what became of it
    await sweep(open_work)                           parts that wait, and parts nobody answered for

A part the provider did not answer for stays as it is until the provider tells. Only when it says
that it has no such payment is the same order, with the same key, given again.
"""

from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select

from brokerage.clients import queries as clients
from brokerage.clients import totals
from brokerage.ledger import accounts, posting, wallets
from brokerage.payments import crediting, destinations, providers
from brokerage.payments import withdrawals as verbs
from brokerage.payments.connector import (
    Destination as Paid,
)
from brokerage.payments.connector import (
    Payer,
    PaymentConnector,
    Payout,
    State,
    Status,
    ToToken,
    sending,
)
from brokerage.payments.events import PayoutDue, WithdrawalPaid, WithdrawalReturned
from brokerage.payments.model import (
    AttemptState,
    Deposit,
    Destination,
    PaymentAttempt,
    PayoutAttempt,
    PayoutState,
    Withdrawal,
    WithdrawalState,
)
from brokerage.payments.routing import Ask
from brokerage.payments.story import tell
from brokerage.payments.values import Method
from stoa.connectors.outcomes import Accepted, Confirmed, Refused, Sending, technical
from stoa.kernel.ids import uuid7
from stoa.kernel.money import Money
from stoa.kernel.refusals import NotFound, Refusal, Unavailable
from stoa.tenancy.door import OpenWork
from stoa.tenancy.work import Work

_ASK_S: Final = 20
_MOST_ASK_S: Final = 1800
_MOST_TRIES: Final = 5
_SURE_AFTER: Final = timedelta(minutes=5)
_BATCH: Final = 50


class _Order:
    """What one call needs, read in the transaction that claimed it."""

    def __init__(
        self, connector: PaymentConnector, payout: UUID, money: Money, way: str, told: Any
    ) -> None:
        self.connector = connector
        self.payout = payout
        self.money = money
        self.way = way
        self.told = told

    async def send(self) -> Sending:
        if self.way == "refund":
            return await self.connector.refund(self.payout, self.told, self.money)
        return await self.connector.pay_out(self.told)


async def send(open_work: OpenWork, fact: PayoutDue) -> None:
    """Claim the part, tell the provider, conclude. Safe to repeat and to run twice at once."""
    known = False
    order: _Order | None = None
    async with open_work() as work:
        part = await work.get(PayoutAttempt, fact.payout)
        row = await verbs.locked(work, part.withdrawal)
        part = await work.lock(PayoutAttempt, fact.payout)
        known = part.state == PayoutState.SENDING
        if part.state == PayoutState.WAITING and work.tenant.state == "active":
            order = await _claim(work, row, part)
    if known:
        # Somebody claimed it and did not conclude: the provider may know. Ask, never send.
        await look(open_work, fact.payout)
    elif order is not None:
        await _call(open_work, order)


async def _claim(work: Work, row: Withdrawal, part: PayoutAttempt) -> _Order | None:
    """Mark it as being sent; None while it may not be, or nobody can take it."""
    if row.state == WithdrawalState.APPROVED:
        await verbs.again(work, row.id)
    if row.state not in {WithdrawalState.APPROVED, WithdrawalState.SENDING}:
        return None
    try:
        order = await _order(work, row, part)
    except Unavailable as why:
        part.code, part.technical = why.code[:80], True
        part.next_ask_at = work.now + timedelta(minutes=1)
        return None
    part.move(PayoutState.SENDING)
    part.sent_at, part.tries = work.now, part.tries + 1
    part.next_ask_at = work.now + timedelta(seconds=_ASK_S)
    if row.state == WithdrawalState.APPROVED:
        row.move(WithdrawalState.SENDING)
    tell(work, row, "sent", places={"label": _label(row, part)})
    verbs.announce(work, row)
    return order


def _label(row: Withdrawal, part: PayoutAttempt) -> str:
    planned = row.plan[part.part - 1] if part.part <= len(row.plan) else {}
    return str(planned.get("label") or part.method)


async def _order(work: Work, row: Withdrawal, part: PayoutAttempt) -> _Order:
    """Who sends it and what they are told. Raises Unavailable when nobody can."""
    money = Money(part.amount, part.currency)
    if part.way == "refund":
        paid = await work.first(
            select(PaymentAttempt).where(
                PaymentAttempt.deposit == part.source, PaymentAttempt.state == AttemptState.PAID
            )
        )
        if paid is None or paid.reference is None:
            raise Unavailable("The deposit's payment is not known.", code="no-payment")
        part.psp = paid.psp
        connector = await providers.connected(work, paid.psp)
        return _Order(connector, part.id, money, "refund", paid.reference)
    brief = await clients.brief(work, row.client)
    to = await _to(work, row, part)
    if not part.psp:
        ask = Ask(part.id, Method(part.method), money, brief.country, brief.level)
        tried = frozenset(
            one.psp
            for one in await verbs.parts_of(work, row.id)
            if one.part == part.part and one.state == PayoutState.REFUSED
        )
        try:
            decision = await providers.decide(work, ask, tried=tried, payout=True)
        except Unavailable:
            decision = await providers.decide(work, ask, payout=True)
        part.psp = decision.order[0]
    payout = Payout(
        id=part.id,
        reference=row.reference,
        money=money,
        destination=to,
        payer=Payer(
            reference=brief.reference,
            name=brief.name,
            email=brief.email,
            country=brief.country,
            language=brief.language,
        ),
        description=f"{work.tenant.name} {row.reference}",
    )
    return _Order(await providers.connected(work, part.psp), part.id, money, "payout", payout)


async def _to(work: Work, row: Withdrawal, part: PayoutAttempt) -> Paid:
    if part.method == Method.CARD:
        deposit = await work.get(Deposit, part.source)
        token = work.unseal(deposit.id, crediting.TOKEN, deposit.token_sealed)
        if not token:
            raise Unavailable("The card is not known to the provider.", code="no-token")
        return ToToken(token)
    return destinations.opened(work, await work.get(Destination, row.destination))


async def _call(open_work: OpenWork, order: _Order) -> None:
    try:
        answer = await order.send()
    except Unavailable as why:
        answer = technical(why.code)
    await conclude(open_work, order.payout, answer)


async def conclude(open_work: OpenWork, payout: UUID, answer: Sending) -> None:
    """Write down what was answered; without an answer the part stays being sent."""
    async with open_work() as work:
        row, part = await _locked(work, payout)
        if part.state not in {PayoutState.SENDING, PayoutState.ACCEPTED}:
            return
        match answer:
            case Confirmed(reference):
                part.reference = reference[:160]
                await _paid(work, row, part)
            case Accepted(reference):
                part.reference = reference[:160]
                if part.state == PayoutState.SENDING:
                    part.move(PayoutState.ACCEPTED)
                _ask_later(work, part)
            case Refused():
                await _refused(work, row, part, answer.code, technically=answer.technical)
            case _:
                part.code = answer.code[:80]
                tell(work, row, "looked-up", answer.code)
                _ask_later(work, part)
        verbs.announce(work, row)


async def _locked(work: Work, payout: UUID) -> tuple[Withdrawal, PayoutAttempt]:
    part = await work.get(PayoutAttempt, payout)
    row = await verbs.locked(work, part.withdrawal)
    return row, await work.lock(PayoutAttempt, payout)


def _ask_later(work: Work, part: PayoutAttempt) -> None:
    part.tries += 1
    wait = min(_ASK_S * 2 ** min(part.tries, 7), _MOST_ASK_S)
    part.next_ask_at = work.now + timedelta(seconds=wait)


async def _paid(work: Work, row: Withdrawal, part: PayoutAttempt) -> None:
    """The held money is the provider's to have given; the fee stays here."""
    part.move(PayoutState.PAID)
    part.ended_at, part.next_ask_at, part.code = work.now, None, None
    money, fee = Money(part.amount, part.currency), Money(part.fee, part.currency)
    await wallets.settle(
        work,
        row.hold,
        against=accounts.house(work, f"psp:{part.psp}", part.currency),
        operation=f"payout:{part.id}",
        amount=money + fee,
        fee=fee or None,
    )
    await totals.note_withdrawal(work, row.client, await crediting.in_base(work, money), work.now)
    if row.destination is not None and part.way == "payout":
        (await work.get(Destination, row.destination)).used_at = work.now
    if len(row.plan) > 1:
        tell(work, row, "part-paid", places={"amount": str(money), "label": _label(row, part)})
    await _finish(work, row)


async def _refused(
    work: Work, row: Withdrawal, part: PayoutAttempt, code: str, *, technically: bool
) -> None:
    """Certainly not sent. Trouble of theirs: another try, perhaps elsewhere; a no ends the part."""
    part.move(PayoutState.REFUSED)
    part.ended_at, part.next_ask_at = work.now, None
    part.code, part.technical = code[:80], technically
    await work.flush()
    if technically and part.number < _MOST_TRIES:
        work.add(
            PayoutAttempt(
                id=uuid7(int(work.now.timestamp() * 1000)),
                withdrawal=row.id,
                part=part.part,
                number=part.number + 1,
                psp=part.psp if part.way == "refund" or part.method == Method.CARD else "",
                way=part.way,
                method=part.method,
                source=part.source,
                amount=part.amount,
                fee=part.fee,
                currency=part.currency,
                made_at=work.now,
                next_ask_at=work.now + timedelta(seconds=_ASK_S * 2**part.number),
            )
        )
        return
    money = Money(part.amount + part.fee, part.currency)
    await wallets.release(
        work, row.hold, operation=f"payout-refused:{part.id}", amount=money, reason=code[:200]
    )
    row.code, row.reason = "refused", code[:200]
    tell(work, row, "part-failed", code, places={"amount": str(money)})
    await _finish(work, row)


async def _finish(work: Work, row: Withdrawal) -> None:
    """When no part is under way any more, the withdrawal has ended."""
    await work.flush()
    newest = {part.part: part for part in await verbs.parts_of(work, row.id)}
    under_way = {PayoutState.WAITING, PayoutState.SENDING, PayoutState.ACCEPTED}
    states = {part.state for part in newest.values()}
    if states & under_way or row.state != WithdrawalState.SENDING:
        return
    row.ended_at = work.now
    told = verbs.told(row)
    if states == {PayoutState.PAID}:
        row.move(WithdrawalState.PAID)
        tell(work, row, "paid")
        work.tell(WithdrawalPaid(**told))
        await verbs.write(work, row, "withdrawal_paid")
    else:
        row.move(WithdrawalState.RETURNED)
        work.tell(WithdrawalReturned(**told))
        await verbs.write(work, row, "withdrawal_returned", reason=row.reason or "")


async def _came_back(work: Work, row: Withdrawal, part: PayoutAttempt, code: str) -> None:
    """Paid and sent back: the money is in the wallet again; the fee was for the work done."""
    was_paid = part.state == PayoutState.PAID
    if not was_paid:
        await _refused(work, row, part, code, technically=False)
        return
    part.move(PayoutState.RETURNED)
    part.code = code[:80]
    money = Money(part.amount, part.currency)
    await posting.post(
        work,
        operation=f"payout-returned:{part.id}",
        kind="withdrawal-returned",
        legs=posting.moving(
            accounts.house(work, f"psp:{part.psp}", part.currency),
            accounts.client_wallet(work, row.client, part.currency),
            money,
        ),
        ref=("withdrawal", row.id),
        reason=code[:200] or None,
        despite_freeze=True,
    )
    back = await crediting.in_base(work, money)
    await totals.note_withdrawal(work, row.client, -back, work.now)
    row.code, row.reason = "returned", code[:200]
    tell(work, row, "came-back", code, places={"amount": str(money)})
    if row.state == WithdrawalState.PAID:
        row.move(WithdrawalState.RETURNED)
        work.tell(WithdrawalReturned(**verbs.told(row)))
        await verbs.write(work, row, "withdrawal_returned", reason=code[:200])


async def look(open_work: OpenWork, payout: UUID) -> None:
    """Ask what became of a part, and write it down."""
    async with open_work() as work:
        part = await work.get(PayoutAttempt, payout)
        if part.state not in {PayoutState.SENDING, PayoutState.ACCEPTED, PayoutState.PAID}:
            return
        if part.sent_at is None:
            return
        connector = await providers.connected(work, part.psp)
        their, since, way = part.reference or "", part.sent_at, part.way
    try:
        if way == "refund":
            status = await connector.poll_refund(payout, their)
        else:
            status = await connector.poll_payout(payout, their, since)
    except NotFound:
        await _nobody_has_it(open_work, payout)
        return
    await _conclude_status(open_work, payout, status)


async def _conclude_status(open_work: OpenWork, payout: UUID, status: Status) -> None:
    async with open_work() as work:
        row, part = await _locked(work, payout)
        if status.our_id and status.our_id != str(part.id):
            return
        if status.reference and not part.reference:
            part.reference = status.reference[:160]
        if part.state in {PayoutState.SENDING, PayoutState.ACCEPTED}:
            await _follow(work, row, part, status)
        elif part.state == PayoutState.PAID and _undone(status):
            await _came_back(work, row, part, status.code or status.raw)
        verbs.announce(work, row)


def _undone(status: Status) -> bool:
    """Some providers say failed of what they had paid before: then it came back."""
    return status.state in {State.RETURNED, State.FAILED, State.CANCELLED}


async def _follow(work: Work, row: Withdrawal, part: PayoutAttempt, status: Status) -> None:
    if status.state is State.RETURNED:
        await _came_back(work, row, part, status.code or status.raw)
        return
    answer = sending(status)
    match answer:
        case Confirmed():
            await _paid(work, row, part)
        case Refused():
            await _refused(work, row, part, answer.code, technically=False)
        case _:
            if part.state == PayoutState.SENDING and isinstance(answer, Accepted):
                part.move(PayoutState.ACCEPTED)
            _ask_later(work, part)


async def _nobody_has_it(open_work: OpenWork, payout: UUID) -> None:
    """The provider says it never got the order. After a while that is certain: the same again."""
    order: _Order | None = None
    async with open_work() as work:
        row, part = await _locked(work, payout)
        if part.state != PayoutState.SENDING or part.sent_at is None:
            return
        sure = work.now - part.sent_at > _SURE_AFTER
        _ask_later(work, part)
        if sure and part.tries < _MOST_TRIES * 2:
            order = await _order(work, row, part)
            within = order.connector.capabilities.idempotent_s
            if (work.now - part.sent_at).total_seconds() > within:
                order = None
    if order is not None:
        await _call(open_work, order)


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
                await look(open_work, one.id)
        except Refusal:
            await _postpone(open_work, one.id)


async def _postpone(open_work: OpenWork, payout: UUID) -> None:
    async with open_work() as work:
        _ask_later(work, await work.lock(PayoutAttempt, payout))
