"""What the client may still do: take it back, or send what has not left somewhere else."""

from collections.abc import Sequence
from uuid import UUID

from brokerage.ledger import wallets
from brokerage.payments import rules
from brokerage.payments.events import WithdrawalCancelled
from brokerage.payments.payout_places import destinations
from brokerage.payments.permissions import Payments
from brokerage.payments.rules import Part
from brokerage.payments.settings import PaymentsSettings
from brokerage.payments.troubles import Trouble
from brokerage.payments.values import Method
from brokerage.payments.withdrawing import deciding, placing, preparing
from brokerage.payments.withdrawing.model import (
    PayoutAttempt,
    PayoutState,
    Withdrawal,
    WithdrawalState,
)
from brokerage.payments.withdrawing.rows import (
    CAME_BACK,
    UNDONE,
    add_parts,
    announce,
    locked,
    newest_parts,
    parts_of,
    seal,
    told,
    write,
)
from brokerage.payments.withdrawing.story import tell
from stoa.connectors.outcomes import Refusing
from stoa.kernel.money import Money
from stoa.kernel.refusals import Conflict, Invalid
from stoa.tenancy.work import Work


async def cancel(work: Work, withdrawal: UUID) -> Withdrawal:
    """The client takes back what has not left. Raises Conflict when it is on its way."""
    work.require(Payments.WITHDRAW_OWN)
    work.actor.own((await work.get(Withdrawal, withdrawal)).client)
    row = await locked(work, withdrawal)
    must_be_here(row, await parts_of(work, row.id))

    partly = await some_left(work, row)
    row.move(WithdrawalState.RETURNED if partly else WithdrawalState.CANCELLED)
    row.code = "cancelled"
    await give_back(work, row, "cancelled by the client")
    tell(work, row, "rest-cancelled" if partly else "cancelled")
    work.tell(WithdrawalCancelled(**told(row)))
    await write(work, row, "withdrawal_cancelled")
    return row


def may_stop(row: Withdrawal, parts: Sequence[PayoutAttempt]) -> bool:
    """Whether all that is not paid waits here still: no provider was told, or has an answer open.

    What lost a bonus as it was sent is not taken back whole any more.
    """
    if row.state in {WithdrawalState.HELD, WithdrawalState.REVIEW, WithdrawalState.APPROVED}:
        return True
    states = {part.state for part in parts}
    if row.state != WithdrawalState.SENDING or PayoutState.WAITING not in states:
        return False
    if states & {PayoutState.SENDING, PayoutState.ACCEPTED}:
        return False
    return PayoutState.PAID in states or not row.loses


def must_be_here(row: Withdrawal, parts: Sequence[PayoutAttempt]) -> None:
    """Raises Conflict where `may_stop` says no."""
    if not may_stop(row, parts):
        gone = row.state in {WithdrawalState.SENDING, WithdrawalState.PAID}
        raise Conflict(
            "It is on its way already and cannot be taken back. Nothing was changed."
            if gone
            else "This withdrawal has ended already. Nothing was changed."
        )


async def some_left(work: Work, row: Withdrawal) -> bool:
    """Whether a part of it was paid and stayed paid."""
    return any(part.state == PayoutState.PAID for part in await parts_of(work, row.id))


async def give_back(work: Work, row: Withdrawal, why: str) -> None:
    """What is still set aside is in the wallet again; parts that wait will not be sent."""
    row.ended_at, row.look_again_at = work.now, None
    for part in await parts_of(work, row.id):
        if part.state == PayoutState.WAITING:
            part.move(PayoutState.CANCELLED)
            part.ended_at, part.next_ask_at = work.now, None
    await wallets.release(work, row.hold, reason=why)
    announce(work, row)


async def redirect(work: Work, withdrawal: UUID, destination: UUID) -> Withdrawal:
    """Pay what has not left to another place of the client's: after it came back, or before it goes.

    What returns to its source keeps doing so. The yeses so far are void: they were to another
    place. Raises Conflict when nothing of it can be sent elsewhere.
    """
    work.require(Payments.WITHDRAW_OWN)
    work.actor.own((await work.get(Withdrawal, withdrawal)).client)
    row = await locked(work, withdrawal)
    if row.state not in {WithdrawalState.HELD, WithdrawalState.REVIEW}:
        raise Conflict("Its destination can no longer be changed. Nothing was changed.")
    place = await destinations.own(work, row.client, destination)
    if place.id == row.destination and row.code != CAME_BACK:
        raise Invalid("It goes there already.", field="destination")
    if place.id == row.destination and await _no_such_place(work, row):
        raise Invalid(
            "The bank does not pay to this place. Choose or add another one.", field="destination"
        )
    way = await preparing.offered(work, row.client, Method(place.method), row.currency)
    freed = [part for part in await newest_parts(work, row) if _may_move(part)]
    if not freed:
        raise Conflict("All of it returns to where it came from. Nothing was changed.")

    money, fee = _freed(work, row, freed)
    label = f"{way.label} {destinations.label(place)}"
    part = Part("payout", Method(place.method), money, label)
    first = len(row.plan) + 1
    row.plan = [
        *(
            {**one, "moved": True} if n in _numbers(freed) else one
            for n, one in enumerate(row.plan, 1)
        ),
        part.record(),
    ]
    await work.flush()
    add_parts(work, row, [part], fee, first=first)
    row.destination, row.method, row.version = place.id, place.method, row.version + 1
    hours = work.settings(PaymentsSettings).withdrawals.promise_h.get(Method(place.method), 48)
    row.promised_at, row.late_at = rules.promised(work.now, hours), None
    row.code, row.reason = None, None
    seal(row, place)
    tell(work, row, "redirected", places={"amount": str(money), "label": label})
    await deciding.judge(work, row)
    return row


async def _no_such_place(work: Work, row: Withdrawal) -> bool:
    """Whether the last word on it was that there is no such place, or that it takes nothing."""
    return any(
        part.state == PayoutState.REFUSED
        and placing.trouble(work, part, part.code or "", Refusing.HARD) is Trouble.DESTINATION
        for part in await newest_parts(work, row)
    )


def _may_move(part: PayoutAttempt) -> bool:
    waits = part.state == PayoutState.WAITING and part.way == "payout"
    return waits or part.state in UNDONE


def _numbers(parts: list[PayoutAttempt]) -> set[int]:
    return {part.part for part in parts}


def _freed(work: Work, row: Withdrawal, parts: list[PayoutAttempt]) -> tuple[Money, Money]:
    """What the parts would have paid, and the fee that is still set aside with it."""
    money, fee = Money.zero(row.currency), Money.zero(row.currency)
    refunded = any(one["what"] == "fee-refunded" for one in row.story)
    for part in parts:
        money = money + Money(part.amount, part.currency)
        if part.state != PayoutState.RETURNED or refunded:
            fee = fee + Money(part.fee, part.currency)
        if part.state == PayoutState.WAITING:
            part.move(PayoutState.CANCELLED)
            part.ended_at, part.next_ask_at = work.now, None
    return money, fee
