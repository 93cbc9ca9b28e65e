"""Where the checks lead a withdrawal: it waits, people are asked, or it goes."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

from brokerage.payments import rules
from brokerage.payments.events import PayoutDue, WithdrawalApproved
from brokerage.payments.rules import Check
from brokerage.payments.settings import PaymentsSettings
from brokerage.payments.withdrawing import calling, checks, preparing, tiers
from brokerage.payments.withdrawing.model import PayoutState, Withdrawal, WithdrawalState
from brokerage.payments.withdrawing.rows import (
    CAME_BACK,
    announce,
    approvals,
    live_plan,
    locked,
    parts_of,
    place_of,
    seal,
    told,
    write,
)
from brokerage.payments.withdrawing.story import tell
from stoa.kernel.money import Money
from stoa.tenancy.work import Work
from stoa.theming.texts import N_

_LOOK_AGAIN: Final = timedelta(minutes=15)


async def decide(
    work: Work, row: Withdrawal, found: list[Check], auto: list[tiers.Rule], need: int
) -> None:
    """Where the checks lead: wait, ask people, or let it go."""
    row.checks = [one.record() for one in found]
    row.auto = [one.record() for one in auto]
    waits = rules.stopped(found)
    was, row.code, row.look_again_at = row.code, None, None
    if waits is not None:
        if row.state != WithdrawalState.HELD or was != waits.code:
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
    flags = rules.flagged(found)
    code = flags[0].code if flags else "approval"
    if row.state != WithdrawalState.REVIEW or was != code:
        if flags:
            tell(work, row, "review", code, flags[0].text, flags[0].places)
        elif row.state != WithdrawalState.REVIEW:
            tell(work, row, "review", code)
    if row.state != WithdrawalState.REVIEW:
        row.move(WithdrawalState.REVIEW)
        await calling.call(work, row)
    row.code = code
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
    """Run the checks once more: time has passed, the client did what was asked, or it is to be sent.

    What speaks against an approved one since takes it back to where it waits; a new flag voids the
    yeses that did not know of it.
    """
    row = await locked(work, withdrawal)
    if row.state not in {WithdrawalState.HELD, WithdrawalState.REVIEW, WithdrawalState.APPROVED}:
        return row
    if row.code == CAME_BACK:
        return row
    seen = await checked(work, row)
    fresh = [one for one in rules.flagged(seen.checks) if one.code not in _flags(row)]
    if row.state == WithdrawalState.APPROVED:
        if rules.stopped(seen.checks) is None and not fresh:
            return row
        row.decided_at = None
    if fresh and await approvals(work, row):
        row.version += 1
        seal(row, await place_of(work, row))
    await _judged(work, row, seen)
    return row


def _flags(row: Withdrawal) -> set[str]:
    return {one["code"] for one in row.checks if one["verdict"] == "flagged"}


async def judge(work: Work, row: Withdrawal) -> None:
    """Run the checks over the withdrawal as it is now and follow them."""
    await _judged(work, row, await checked(work, row))


async def _judged(work: Work, row: Withdrawal, seen: checks.Gathered) -> None:
    settings = work.settings(PaymentsSettings).withdrawals
    standing = preparing.standing(seen, live_plan(row))
    auto = tiers.auto(settings.auto_approve, standing, seen.priced.convert)
    await decide(work, row, seen.checks, auto, preparing.need(work, seen, auto))


async def checked(work: Work, row: Withdrawal) -> checks.Gathered:
    money = Money(row.amount, row.currency)
    to = await place_of(work, row)
    seen = await checks.gather(work, row.client, money, live_plan(row), to, asked=row)
    return checks.with_more(seen, _refused_source(row))


def _refused_source(row: Withdrawal) -> Sequence[Check]:
    """Money that its source did not take back goes elsewhere only under a person's eyes."""
    if not any(one.get("moved") and one["way"] == "refund" for one in row.plan):
        return ()
    return (
        Check(
            "source-refused",
            N_("Return to source"),
            "flagged",
            N_("The card it came from did not take it back; a person looks at the new place."),
        ),
    )
