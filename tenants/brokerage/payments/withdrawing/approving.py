"""People's yes and no, and the client's own: never the maker's, on any path."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import select

from brokerage.clients import queries as clients
from brokerage.ledger.model import Adjustment
from brokerage.payments import hooks
from brokerage.payments.events import WithdrawalRejected
from brokerage.payments.permissions import Payments
from brokerage.payments.settings import PaymentsSettings
from brokerage.payments.withdrawing import changing, deciding
from brokerage.payments.withdrawing.model import (
    Withdrawal,
    WithdrawalApproval,
    WithdrawalState,
)
from brokerage.payments.withdrawing.rows import (
    announce,
    approvals,
    locked,
    parts_of,
    told,
    write,
)
from brokerage.payments.withdrawing.story import tell
from stoa.identity import roles
from stoa.kernel.refusals import Conflict, Denied, Invalid
from stoa.tenancy.actor import Kind
from stoa.tenancy.work import Work


async def approve(
    work: Work, withdrawal: UUID, payload_hash: str, note: str | None = None
) -> Withdrawal:
    """One person's yes to exactly this payload.

    Raises Denied for its maker and for who corrected this client's balance, Conflict for a second
    yes, for a payload that has changed, and for a withdrawal nobody has to decide about.
    """
    work.require(Payments.APPROVE)
    who = work.actor.id
    if work.actor.kind is not Kind.STAFF or who is None:
        raise Denied("A withdrawal is approved by a person who is signed in. Nothing was changed.")
    row = await locked(work, withdrawal)
    await clients.seen(work, row.client)
    await may_decide(work, row, who)
    if row.payload_hash != payload_hash:
        raise Conflict(
            "This withdrawal changed since you opened it. Nothing was approved. Look at it again.",
            code="payload-changed",
        )
    given = await approvals(work, row)
    if any(one.approver == who for one in given):
        raise Conflict(
            "You approved this already. Another person must agree too.", code="approved-before"
        )
    if row.state != WithdrawalState.REVIEW:
        raise Conflict("Nobody has to approve this now. Nothing was changed.", code="wrong-state")
    work.add(
        WithdrawalApproval(
            id=work.new_id(),
            withdrawal=row.id,
            payload_hash=row.payload_hash,
            approver=who,
            maker=row.asked_by,
            at=work.now,
            note=(note or None) and (note or "")[:400],
        )
    )
    await work.flush()
    so_far = len(given) + 1
    tell(
        work,
        row,
        "one-approved",
        places={"given": str(so_far), "needed": str(row.need)},
        by=who,
    )
    if so_far >= row.need:
        await deciding.approved(work, row, automatic=False)
    else:
        announce(work, row)
    return row


async def may_decide(work: Work, row: Withdrawal, who: UUID) -> None:
    """Raises Denied for the maker, for who gave this client money by hand, and for a new hand."""
    if who == row.asked_by:
        raise Denied(
            "You asked for this yourself; someone else decides. Nothing was changed.", code="maker"
        )
    settings = work.settings(PaymentsSettings).withdrawals
    since = work.now - timedelta(hours=settings.approver_since_h)
    if await roles.given_lately(work, who, Payments.APPROVE, since):
        raise Denied(
            "You may approve since less than {hours} hours; that is too new for money. Nothing was "
            "changed.",
            code="new-approver",
            hours=settings.approver_since_h,
        )
    if await _related_maker(work, row, who, settings.related_days):
        raise Denied(
            "You corrected this client's balance within {days} days, so someone else decides. "
            "Nothing was changed.",
            code="related-maker",
            days=settings.related_days,
        )


async def _related_maker(work: Work, row: Withdrawal, who: UUID, days: int) -> bool:
    since = work.now - timedelta(days=days)
    related = await work.first(
        select(Adjustment.id).where(
            Adjustment.client == row.client,
            Adjustment.asked_by == who,
            Adjustment.asked_at > since,
            Adjustment.state.in_(("asked", "posted")),
        )
    )
    if related is not None:
        return True
    for hook in hooks.related_makers:
        if await hook(work, row.client, who, since):
            return True
    return False


async def reject(work: Work, withdrawal: UUID, reason: str) -> Withdrawal:
    """No, with a reason the client reads; the money is theirs to spend again."""
    work.require(Payments.APPROVE)
    if not reason.strip():
        raise Invalid("Please say why; the client reads it.", field="reason")
    row = await locked(work, withdrawal)
    await clients.seen(work, row.client)
    if work.actor.id is not None and work.actor.id == row.asked_by:
        raise Denied("You asked for this yourself; someone else decides. Nothing was changed.")

    changing.must_be_here(row, await parts_of(work, row.id))
    partly = await changing.some_left(work, row)
    row.move(WithdrawalState.RETURNED if partly else WithdrawalState.REJECTED)
    row.reason, row.code, row.decided_at = reason.strip()[:500], "rejected", work.now
    await changing.give_back(work, row, "rejected")
    tell(work, row, "rejected", text=reason.strip()[:500], by=work.actor.id)
    work.tell(WithdrawalRejected(**told(row)))
    await write(work, row, "withdrawal_rejected", reason=reason.strip()[:500])
    return row
