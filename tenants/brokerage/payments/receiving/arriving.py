"""What came to a client's address: each payment its own deposit, credited once, or put aside.

    await look(open_work, address)     ask the provider for all of it, and write down what follows
    await sweep(open_work)             ask about addresses nobody told us of

A payment is a deposit as soon as it is seen; it is credited when its network has confirmed it. What
is too little or too much for the settings, of another coin, or sent to an address that is no longer
in use lies in suspense until a person decides.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select

from brokerage.fees.rules import Fee
from brokerage.ledger import accounts, rates
from brokerage.ledger.rates import NoRate
from brokerage.payments import costs
from brokerage.payments.depositing import asking, crediting, deposits
from brokerage.payments.model import (
    AttemptState,
    Deposit,
    DepositState,
    PaymentAttempt,
    ProviderEvent,
)
from brokerage.payments.psp import providers
from brokerage.payments.receiving import giving
from brokerage.payments.receiving.model import AddressState, DepositAddress
from brokerage.payments.receiving.port import Arrival, GivesAddresses
from brokerage.payments.routing import looking
from brokerage.payments.settings import DepositMethod
from brokerage.payments.source import examining
from brokerage.payments.source.port import Transfer
from brokerage.payments.values import Method, State
from stoa.kernel.faultpoints import faultpoint
from stoa.kernel.ids import reference, uuid7
from stoa.kernel.money import Money
from stoa.kernel.refusals import Denied, Invalid, NotFound, Refusal
from stoa.tenancy.door import OpenWork
from stoa.tenancy.work import Work

BY: Final = "address"
"""How the decision of such a deposit's attempt is named: nobody was chosen, the client sent."""
_BATCH: Final = 50
_MOST: Final = 500
_SOON: Final = timedelta(minutes=1)
_LATER: Final = timedelta(minutes=10)
_SELDOM: Final = timedelta(hours=6)
_FRESH: Final = timedelta(days=1)


async def address_of(work: Work, event: ProviderEvent) -> UUID | None:
    """The address a callback is about; our id must not contradict the provider's reference."""
    named = select(DepositAddress).where(DepositAddress.psp == event.psp)
    try:
        ours = UUID(event.our_id)
    except ValueError:
        ours = None
    if ours is not None:
        found = await work.first(named.where(DepositAddress.id == ours))
    elif event.reference:
        found = await work.first(named.where(DepositAddress.reference == event.reference))
    else:
        return None
    return found.id if found is not None and found.reference is not None else None


async def look(open_work: OpenWork, address: UUID, *, event: UUID | None = None) -> None:
    """Ask what came, and make deposits of it. Safe to repeat, and to run twice at once."""
    async with open_work() as work:
        row = await work.get(DepositAddress, address)
        if row.reference is None:
            return
        their, named = row.reference, await _under_way(work, row)
        told = await work.get(ProviderEvent, event) if event is not None else None
        if told is not None:
            told_of = (told.payment, told.reference)
            named += tuple(one for one in told_of if one and one not in named)
        connector = await providers.connected(work, row.psp)
        wanted = await giving.wanted(work, row)
    if not isinstance(connector, GivesAddresses):
        return
    try:
        came = await connector.arrivals(their, wanted, tuple(one for one in named if one != their))
    except NotFound:
        came = []
    faultpoint("address.asked")
    owed: list[tuple[UUID, Transfer]] = []
    for _ in range(2):
        for attempt, transfer in owed:
            await examining.examine(open_work, attempt, (transfer,))
        async with open_work() as work:
            row = await work.lock(DepositAddress, address)
            owed = await _take_all(work, row, came[:_MOST])
            if event is not None:
                await _done(work, row, event)
        if not owed:
            return


async def _under_way(work: Work, row: DepositAddress) -> tuple[str, ...]:
    """Transfers of it that were seen and are not decided."""
    found = await work.rows(
        select(PaymentAttempt.payment)
        .join(Deposit, Deposit.id == PaymentAttempt.deposit)
        .where(
            Deposit.client == row.client,
            Deposit.state == DepositState.WAITING,
            PaymentAttempt.psp == row.psp,
            PaymentAttempt.reference.startswith(f"{row.reference}/", autoescape=True),
            PaymentAttempt.state == AttemptState.OPEN,
        )
        .limit(_MOST)
    )
    return tuple(one for one in found if one)


def _key(row: DepositAddress, arrival: Arrival) -> str:
    return f"{row.reference}/{arrival.transfer}"[:160]


async def _take_all(
    work: Work, row: DepositAddress, came: Sequence[Arrival]
) -> list[tuple[UUID, Transfer]]:
    """What follows from each; those of whose source nobody was asked yet are named and wait."""
    keys = [_key(row, one) for one in came]
    held = await work.rows(
        select(PaymentAttempt).where(
            PaymentAttempt.psp == row.psp, PaymentAttempt.reference.in_(keys)
        )
    )
    known = {one.reference: one for one in held}
    waits = fresh = False
    owed: list[tuple[UUID, Transfer]] = []
    for arrival, key in zip(came, keys, strict=True):
        attempt = known.get(key)
        if attempt is None:
            if arrival.state is State.FAILED:
                continue
            attempt = await _begin(work, row, arrival, key)
            fresh = True
        if attempt is not None and attempt.state == AttemptState.OPEN:
            if arrival.state.money_came and not examining.answered(attempt):
                owed.append((attempt.id, _transfer(row, arrival)))
            await _go_on(work, row, attempt, arrival)
            waits = waits or attempt.state == AttemptState.OPEN
    _look_again(work, row, waits=waits, fresh=fresh)
    return owed


def _transfer(row: DepositAddress, arrival: Arrival) -> Transfer:
    return Transfer(
        hash=arrival.hash or arrival.transfer,
        address=row.address or "",
        asset=row.asset,
        network=row.network,
    )


def _look_again(work: Work, row: DepositAddress, *, waits: bool, fresh: bool) -> None:
    """Soon while something is under way or the client looks; else seldom, as callbacks tell too."""
    recent = fresh or (row.seen_at is not None and work.now - row.seen_at < _FRESH)
    row.next_poll_at = work.now + (_SOON if waits else _LATER if recent else _SELDOM)


async def _begin(
    work: Work, row: DepositAddress, arrival: Arrival, key: str
) -> PaymentAttempt | None:
    """A deposit of its own for a payment that was seen; None where nobody can say how much it is."""
    money = arrival.money
    if money is None or not money:
        await crediting.note(
            work, psp=row.psp, problem="other-currency", reference=key, proposed="look"
        )
        return None
    at = int(work.now.timestamp() * 1000)
    deposit = Deposit(
        id=uuid7(at),
        reference=reference("D"),
        client=row.client,
        method=Method.CRYPTO,
        amount=money.amount,
        currency=money.currency,
        fee=Money.zero(money.currency).amount,
        state=DepositState.WAITING,
        psp=row.psp,
        started_at=work.now,
        expires_at=work.now,
        instrument=_instrument(row, arrival),
    )
    work.add(deposit)
    await work.flush()
    attempt = PaymentAttempt(
        id=uuid7(at),
        deposit=deposit.id,
        number=1,
        psp=row.psp,
        state=AttemptState.OPEN,
        decision={"by": BY, "address": str(row.id)},
        reference=key,
        payment=arrival.transfer[:160],
        asked_at=work.now,
        answered_at=work.now,
    )
    work.add(attempt)
    await work.flush()
    work.announce(f"client:{row.client}|payments", "desk|payments")
    return attempt


def _instrument(row: DepositAddress, arrival: Arrival) -> dict[str, Any]:
    told = {
        "brand": row.asset,
        "network": row.network,
        "confirmations": arrival.confirmations,
        "needed": arrival.needed,
        "transfer": arrival.hash[:120] or None,
    }
    return {name: value for name, value in told.items() if value is not None}


async def _go_on(
    work: Work, row: DepositAddress, attempt: PaymentAttempt, arrival: Arrival
) -> None:
    """Where a payment stands now: more blocks, there, or never."""
    deposit = await work.lock(Deposit, attempt.deposit)
    if arrival.money is not None and arrival.money.currency == deposit.currency:
        deposit.amount = arrival.money.amount
    shown = _instrument(row, arrival)
    if shown != deposit.instrument:
        deposit.instrument = shown
        work.announce(f"client:{row.client}|payments")
    if arrival.state is State.FAILED:
        attempt.move(AttemptState.DECLINED)
        attempt.code, attempt.ended_at = "transfer-failed", work.now
        await asking.fail(work, deposit, DepositState.FAILED, "transfer-failed")
    elif arrival.state.money_came:
        await _came(work, row, deposit, attempt)


async def _came(work: Work, row: DepositAddress, deposit: Deposit, attempt: PaymentAttempt) -> None:
    money = Money(deposit.amount, deposit.currency)
    if not examining.asked(attempt):
        return
    source = await examining.judged(work, attempt, deposit, money)
    if source is None:
        return
    if source.problem:
        await crediting.set_aside(work, deposit, attempt, money, source.problem)
        return
    fee, problem = await _priced(work, row, money)
    if problem or fee is None:
        await crediting.set_aside(work, deposit, attempt, money, problem or "look")
        return
    attempt.move(AttemptState.PAID)
    attempt.ended_at = work.now
    attempt.cost = await looking.cost_now(work, row.psp, deposit)
    deposit.fee, deposit.fee_terms = fee.money.amount, fee.record()
    place = accounts.house(work, f"psp:{row.psp}", money.currency)
    await crediting.credit(work, deposit, money, fee.money, source=place)


async def _priced(work: Work, row: DepositAddress, money: Money) -> tuple[Fee | None, str]:
    """The fee of the schedule, or why this money cannot simply be credited."""
    if money.currency != row.asset:
        return None, "other-currency"
    if row.state == AddressState.CLOSED:
        return None, "late"
    try:
        offered = await deposits.allowed(work, row.client, Method.CRYPTO, row.asset)
    except (Denied, Invalid):
        return None, "not-allowed"
    try:
        problem = await _outside(work, offered, money)
        fee = await costs.of_deposit(work, row.client, offered, money)
    except NoRate:
        return None, "unpriced"
    return (fee, problem) if fee.money < money else (None, "under-paid")


async def _outside(work: Work, offered: DepositMethod, money: Money) -> str:
    """Whether it is less or more than the method takes."""
    priced = await rates.table(work)
    if money < priced.convert(offered.least.money, money.currency):
        return "under-paid"
    return "over-paid" if money > priced.convert(offered.most.money, money.currency) else ""


async def _done(work: Work, row: DepositAddress, event: UUID) -> None:
    told = await work.lock(ProviderEvent, event)
    if told.state not in {"taken", "parked"}:
        return
    told.move("done")
    told.done_at = work.now
    told.deposit = await work.first(
        select(PaymentAttempt.deposit).where(
            PaymentAttempt.psp == row.psp,
            PaymentAttempt.reference.in_(
                [f"{row.reference}/{told.payment}", f"{row.reference}/{told.reference}"]
            ),
        )
    )


async def sweep(open_work: OpenWork) -> None:
    """Every few seconds: ask about addresses whose time it is, as callbacks can be lost."""
    async with open_work() as work:
        due = list(
            await work.rows(
                select(DepositAddress.id)
                .where(DepositAddress.next_poll_at <= work.now)
                .order_by(DepositAddress.next_poll_at)
                .limit(_BATCH)
            )
        )
    for one in due:
        try:
            await look(open_work, one)
        except Refusal:
            async with open_work() as work:
                row = await work.lock(DepositAddress, one)
                row.next_poll_at = work.now + _LATER
