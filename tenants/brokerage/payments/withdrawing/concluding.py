"""What became of a payout, written down: paid, refused, come back, or still not known."""

from typing import Final
from uuid import UUID

from brokerage.clients import totals
from brokerage.fees import charging
from brokerage.fees.settings import FeeSettings
from brokerage.ledger import accounts, posting, wallets
from brokerage.payments.depositing import crediting
from brokerage.payments.events import WithdrawalPaid, WithdrawalReturned
from brokerage.payments.rules import Check
from brokerage.payments.settings import PaymentsSettings
from brokerage.payments.troubles import Trouble
from brokerage.payments.withdrawing import courses, placing, queueing, rows
from brokerage.payments.withdrawing.model import (
    Destination,
    PayoutAttempt,
    PayoutState,
    Withdrawal,
    WithdrawalState,
)
from brokerage.payments.withdrawing.story import tell
from stoa.connectors.outcomes import Accepted, Confirmed, Refused, Refusing, Sending
from stoa.kernel.money import Money
from stoa.notices import notices
from stoa.tenancy.door import OpenWork
from stoa.tenancy.work import Work
from stoa.theming.texts import N_


async def conclude(open_work: OpenWork, payout: UUID, answer: Sending) -> None:
    """Write down what was answered; without an answer the part stays being sent."""
    async with open_work() as work:
        row, part = await both(work, payout)
        if part.state not in {PayoutState.SENDING, PayoutState.ACCEPTED}:
            return
        match answer:
            case Confirmed(reference):
                part.reference = reference[:160]
                await paid(work, row, part)
            case Accepted(reference):
                part.reference = reference[:160]
                if part.state == PayoutState.SENDING:
                    part.move(PayoutState.ACCEPTED)
                rows.ask_later(work, part)
            case Refused():
                await refused(work, row, part, answer)
            case _:
                part.code = answer.code[:80]
                tell(work, row, "looked-up", answer.code)
                rows.ask_later(work, part)
        rows.announce(work, row)


async def both(work: Work, payout: UUID) -> tuple[Withdrawal, PayoutAttempt]:
    part = await work.get(PayoutAttempt, payout)
    row = await rows.locked(work, part.withdrawal)
    return row, await work.lock(PayoutAttempt, payout)


async def paid(work: Work, row: Withdrawal, part: PayoutAttempt) -> None:
    """The held money is the provider's to have given; the fee stays here."""
    part.move(PayoutState.PAID)
    part.ended_at, part.next_ask_at, part.code = work.now, None, None
    money, fee = Money(part.amount, part.currency), Money(part.fee, part.currency)
    await wallets.settle(
        work,
        row.hold,
        against=accounts.house(work, f"psp:{part.psp}", part.currency),
        operation=f"payout:{part.id}",
        amount=money,
    )
    await charging.charge(
        work,
        await accounts.get(work, row.hold),
        fee,
        what="payout",
        subject=part.id,
        ref=("withdrawal", row.id),
        reason=charging.terms_reason(row.fee_terms),
    )
    await totals.note_withdrawal(work, row.client, await crediting.in_base(work, money), work.now)
    if row.destination is not None and part.way == "payout":
        (await work.get(Destination, row.destination)).used_at = work.now
    if len(row.plan) > 1:
        tell(
            work, row, "part-paid", places={"amount": str(money), "label": rows.label_of(row, part)}
        )
    await _finish(work, row)


async def refused(work: Work, row: Withdrawal, part: PayoutAttempt, answer: Refused) -> None:
    """Certainly not sent. What follows depends on the kind of trouble, as the tenant settled it."""
    if answer.why is Refusing.UNCALLED:
        await queueing.uncalled(work, row, part, answer.code)
        return
    trouble = placing.trouble(work, part, answer.code, answer.why)
    part.move(PayoutState.REFUSED)
    part.ended_at, part.next_ask_at = work.now, None
    part.code, part.technical = answer.code[:80], trouble is Trouble.TECHNICAL
    await work.flush()
    again = await courses.after(work, row, part, trouble)
    if again is not None:
        work.add(courses.next_try(work, row, part, again.at))
        places = {"label": rows.label_of(row, part)}
        tell(work, row, again.what, answer.code, places=places)
        return
    await given_up(work, row, part, answer.code)


async def given_up(work: Work, row: Withdrawal, part: PayoutAttempt, code: str) -> None:
    """No further try: the money waits for another place, or is in the wallet again."""
    money = Money(part.amount + part.fee, part.currency)
    row.reason = code[:200]
    if _waits_for_a_place(work, row):
        tell(work, row, "part-refused", code, places={"amount": str(money)})
    else:
        await wallets.release(
            work, row.hold, operation=f"payout-refused:{part.id}", amount=money, reason=code[:200]
        )
        row.code = "refused"
        tell(work, row, "part-failed", code, places={"amount": str(money)})
    await _finish(work, row)


_OPEN: Final = frozenset(
    {
        WithdrawalState.HELD,
        WithdrawalState.REVIEW,
        WithdrawalState.APPROVED,
        WithdrawalState.SENDING,
        WithdrawalState.PAID,
    }
)


def _waits_for_a_place(work: Work, row: Withdrawal) -> bool:
    """Whether money that could not be paid stays set aside until the client names another place."""
    settings = work.settings(PaymentsSettings).withdrawals
    return settings.came_back_to == "hold" and row.state in _OPEN


async def _finish(work: Work, row: Withdrawal) -> None:
    """When no part is under way any more, the withdrawal has ended, or waits for a new place."""
    await work.flush()
    states = {part.state for part in await rows.newest_parts(work, row)}
    if states & rows.UNDER_WAY or row.state != WithdrawalState.SENDING:
        return
    if states == {PayoutState.PAID}:
        row.move(WithdrawalState.PAID)
        row.ended_at, row.code, row.reason = work.now, None, None
        tell(work, row, "paid")
        work.tell(WithdrawalPaid(**rows.told(row)))
        await rows.write(work, row, "withdrawal_paid")
        return
    await _undone(work, row)


async def _undone(work: Work, row: Withdrawal) -> None:
    """A part could not be paid: it waits for a new place, or all is over and it is spendable."""
    if _waits_for_a_place(work, row):
        row.move(WithdrawalState.HELD)
        row.code, row.ended_at, row.decided_at, row.look_again_at = rows.CAME_BACK, None, None, None
        row.checks = [*row.checks, _place_wanted(row).record()]
        tell(work, row, "place-wanted", rows.CAME_BACK)
    else:
        row.move(WithdrawalState.RETURNED)
        row.ended_at = work.now
    work.tell(WithdrawalReturned(**rows.told(row)))
    await rows.write(work, row, "withdrawal_returned", reason=row.reason or "")
    await notices.tell(
        work,
        row.client,
        N_("Your withdrawal could not be paid. Choose where it should go."),
        path=f"/withdrawals/{row.id}",
    )


def _place_wanted(row: Withdrawal) -> Check:
    return Check(
        rows.CAME_BACK,
        N_("Destination"),
        "waiting",
        N_(
            "It could not be paid there ({reason}). The money is set aside: choose another place, or "
            "take it back."
        ),
        {"reason": row.reason or "-"},
    )


async def came_back(work: Work, row: Withdrawal, part: PayoutAttempt, code: str) -> None:
    """Paid and sent back: set aside again until the client names another place, or spendable.

    Its fee goes the same way, unless the tenant keeps it for the work done.
    """
    if part.state != PayoutState.PAID:
        await refused(work, row, part, Refused(Refusing.HARD, code))
        return
    part.move(PayoutState.RETURNED)
    part.code = code[:80]
    money = Money(part.amount, part.currency)
    waits = _waits_for_a_place(work, row)
    to = (
        await accounts.get(work, row.hold)
        if waits
        else accounts.client_wallet(work, row.client, part.currency)
    )
    await posting.post(
        work,
        operation=f"payout-returned:{part.id}",
        kind="withdrawal-returned",
        legs=posting.moving(accounts.house(work, f"psp:{part.psp}", part.currency), to, money),
        ref=("withdrawal", row.id),
        reason=code[:200] or None,
        despite_freeze=True,
    )
    if work.settings(FeeSettings).refund_returned:
        await _refund(work, row, part, code, waits=waits)
    back = await crediting.in_base(work, money)
    await totals.note_withdrawal(work, row.client, -back, work.now)
    row.reason = code[:200]
    what = "came-back-held" if waits else "came-back"
    tell(work, row, what, code, places={"amount": str(money)})
    if row.state == WithdrawalState.PAID:
        await _undone(work, row)


async def _refund(
    work: Work, row: Withdrawal, part: PayoutAttempt, code: str, *, waits: bool
) -> None:
    """The fee is undone by a reversal into the hold; from there into the wallet when nothing waits."""
    why = code[:200] or "came back"
    back = await charging.refund(work, what="payout", subject=part.id, why=why)
    if back is None:
        return
    tell(work, row, "fee-refunded", places={"amount": str(back)})
    if not waits:
        await wallets.release(
            work, row.hold, operation=f"fee-back:{part.id}", amount=back, reason=why
        )
