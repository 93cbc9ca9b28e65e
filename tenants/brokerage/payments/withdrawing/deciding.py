"""Where the checks lead a withdrawal: it waits, people are asked, or it goes."""

from datetime import timedelta
from typing import Final
from uuid import UUID

from brokerage.payments import rules
from brokerage.payments.events import PayoutDue, WithdrawalApproved
from brokerage.payments.rules import Check
from brokerage.payments.settings import PaymentsSettings
from brokerage.payments.withdrawing import checks, preparing
from brokerage.payments.withdrawing.model import (
    Destination,
    PayoutState,
    Withdrawal,
    WithdrawalState,
)
from brokerage.payments.withdrawing.rows import (
    announce,
    approvals,
    locked,
    part_of,
    parts_of,
    told,
    write,
)
from brokerage.payments.withdrawing.story import tell
from stoa.kernel.money import Money
from stoa.tenancy.work import Work

_LOOK_AGAIN: Final = timedelta(minutes=15)


async def decide(
    work: Work, row: Withdrawal, found: list[Check], auto: list[rules.Rule], need: int
) -> None:
    """Where the checks lead: wait, ask people, or let it go."""
    row.checks = [one.record() for one in found]
    row.auto = [one.record() for one in auto]
    waits = rules.stopped(found)
    row.code, row.look_again_at = None, None
    if waits is not None:
        if row.state != WithdrawalState.HELD or row.need == 0:
            tell(work, row, "held", waits.code, waits.text, waits.places)
        if row.state != WithdrawalState.HELD:
            row.move(WithdrawalState.HELD)
        row.code, row.need = waits.code, max(need, 1)
        row.look_again_at = max(waits.until or work.now + _LOOK_AGAIN, work.now)
        announce(work, row)
        return
    given = await approvals(work, row)
    row.need = need
    if len(given) >= need:
        await approved(work, row, automatic=need == 0)
        return
    if row.state != WithdrawalState.REVIEW:
        row.move(WithdrawalState.REVIEW)
        tell(work, row, "review")
    flags = rules.flagged(found)
    row.code = flags[0].code if flags else "approval"
    announce(work, row)


async def approved(work: Work, row: Withdrawal, *, automatic: bool) -> None:
    """The payouts are due in the same transaction."""
    row.move(WithdrawalState.APPROVED)
    row.decided_at, row.code = work.now, None
    tell(work, row, "approved-by-rule" if automatic else "approved")
    work.tell(WithdrawalApproved(**told(row)))
    await work.flush()
    for part in await parts_of(work, row.id):
        if part.state == PayoutState.WAITING:
            work.tell(PayoutDue(payout=part.id))
    await write(work, row, "withdrawal_approved")
    announce(work, row)


async def again(work: Work, withdrawal: UUID) -> Withdrawal:
    """Run the checks once more: time has passed, or the client has done what was asked."""
    row = await locked(work, withdrawal)
    if row.state not in {WithdrawalState.HELD, WithdrawalState.REVIEW, WithdrawalState.APPROVED}:
        return row
    seen = await _checked(work, row)
    parts = [part_of(one) for one in row.plan]
    settings = work.settings(PaymentsSettings).withdrawals
    auto = rules.auto(settings.auto_approve, preparing.standing(seen, parts), seen.priced.convert)
    need = preparing.need(work, seen, auto)
    if row.state == WithdrawalState.APPROVED:
        if rules.stopped(seen.checks) is None:
            return row
        row.decided_at = None
    await decide(work, row, seen.checks, auto, need)
    return row


async def _checked(work: Work, row: Withdrawal) -> checks.Gathered:
    to = await work.get(Destination, row.destination) if row.destination else None
    parts = [part_of(one) for one in row.plan]
    money = Money(row.amount, row.currency)
    return await checks.gather(work, row.client, money, parts, to, asked=row)
