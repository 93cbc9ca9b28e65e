"""Paying out: preview, hold, checks in order, people who agree, and every way it can end.

    await preview(work, client, method, money, destination)       what would happen, nothing moves
    await request(work, client, method, money, destination=None, key=None) -> Withdrawal
    await approve(work, withdrawal, payload_hash, note=None)      one person's yes
    await reject(work, withdrawal, reason) / cancel(work, withdrawal)
    await again(work, withdrawal)                                 look at the checks once more

Who asks is never among those who approve, on any path: the rule is here and in the table.
"""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import select

from brokerage.clients import queries as clients
from brokerage.clients.model import Client
from brokerage.ledger import wallets
from brokerage.ledger.model import Adjustment
from brokerage.ledger.posting import NotCovered
from brokerage.payments import checks, preparing, rules
from brokerage.payments.events import (
    PayoutDue,
    WithdrawalApproved,
    WithdrawalCancelled,
    WithdrawalRejected,
    WithdrawalRequested,
)
from brokerage.payments.model import (
    Destination,
    PayoutAttempt,
    PayoutState,
    Withdrawal,
    WithdrawalApproval,
    WithdrawalState,
)
from brokerage.payments.permissions import Payments
from brokerage.payments.preparing import Preview
from brokerage.payments.rules import Check, Part
from brokerage.payments.settings import PaymentsSettings
from brokerage.payments.story import tell
from brokerage.payments.values import Method
from stoa.kernel.ids import reference, uuid7
from stoa.kernel.money import Money
from stoa.kernel.refusals import Conflict, Denied, Invalid
from stoa.notices import notices
from stoa.tenancy.actor import Kind
from stoa.tenancy.work import Work

_LOOK_AGAIN = timedelta(minutes=15)


async def preview(
    work: Work, client: UUID, method: Method, money: Money, destination: UUID | None = None
) -> Preview:
    """Fee, parts and what is still asked for. Raises Invalid or Denied as the request would."""
    work.require(Payments.WITHDRAW_OWN)
    work.actor.own(client)
    return await preparing.prepared(work, client, method, money, destination)


async def request(
    work: Work,
    client: UUID,
    method: Method,
    money: Money,
    *,
    destination: UUID | None = None,
    key: UUID | None = None,
) -> Withdrawal:
    """Set the money aside and let the checks run. The same `key` again is the same request.

    Raises NotCovered, Invalid, Denied or Conflict; then nothing was set aside.
    """
    work.require(Payments.WITHDRAW_OWN)
    work.actor.own(client)
    known = await _known(work, client, method, money, destination, key)
    if known is not None:
        return known
    # Looked at before queueing for the lock: of many at once, those that cannot be end here.
    await _covered(work, client, money)
    await work.lock(Client, client)
    known = await _known(work, client, method, money, destination, key)
    if known is not None:
        return known
    await _covered(work, client, money)
    seen = await preparing.prepared(work, client, method, money, destination)
    row_id = key or uuid7(int(work.now.timestamp() * 1000))
    hold = await wallets.hold(work, client, money, cause=("withdrawal", row_id))
    row = Withdrawal(
        id=row_id,
        reference=reference("W"),
        client=client,
        method=method,
        destination=destination,
        amount=money.amount,
        currency=money.currency,
        fee=seen.fee.amount,
        state=WithdrawalState.HELD,
        hold=hold.id,
        plan=[part.record() for part in seen.parts],
        checks=[],
        auto=[],
        payload_hash=_hash(row_id, client, seen),
        story=[],
        asked_by=work.actor.id or client,
        asked_at=work.now,
        promised_at=rules.promised(work.now, seen.promise_h),
    )
    work.add(row)
    await work.flush()
    _add_parts(work, row, seen.parts, seen.fee)
    tell(work, row, "requested")
    work.subject = client
    work.tell(WithdrawalRequested(**told(row)))
    await write(work, row, "withdrawal_requested")
    await _decide(work, row, seen.checks, seen.auto, seen.need)
    return row


async def _known(
    work: Work,
    client: UUID,
    method: Method,
    money: Money,
    destination: UUID | None,
    key: UUID | None,
) -> Withdrawal | None:
    """What this key asked for before. Raises Conflict when that was something else."""
    if key is None:
        return None
    row = await work.first(
        select(Withdrawal).where(Withdrawal.id == key).execution_options(populate_existing=True)
    )
    if row is None:
        return None
    was = (row.client, row.method, row.amount, row.currency, row.destination)
    if was != (client, str(method), money.amount, money.currency, destination):
        raise Conflict("This form was sent before with other values. Nothing was set aside.")
    return row


async def _covered(work: Work, client: UUID, money: Money) -> None:
    there = await wallets.available(work, client, money.currency)
    if there < money:
        raise NotCovered(
            "There is not enough: {available} is available. Nothing was moved.",
            field="amount",
            available=there,
        )


def _hash(row: UUID, client: UUID, seen: Preview) -> str:
    to = seen.destination
    content: dict[str, Any] = {
        "amount": seen.money.text(),
        "currency": seen.money.currency,
        "fee": seen.fee.text(),
        "parts": [part.record() for part in seen.parts],
        "destination": [str(to.id), to.blind.hex()] if to is not None else None,
    }
    return rules.payload_hash(row, client, content)


def _add_parts(work: Work, row: Withdrawal, parts: list[Part], fee: Money) -> None:
    """One payout each, not to be sent before the withdrawal is approved; the last bears the fee."""
    for number, part in enumerate(parts, start=1):
        work.add(
            PayoutAttempt(
                id=uuid7(int(work.now.timestamp() * 1000)),
                withdrawal=row.id,
                part=number,
                number=1,
                psp=part.psp,
                way=part.way,
                method=part.method,
                source=part.source,
                amount=part.money.amount,
                fee=fee.amount if number == len(parts) else Decimal(0),
                currency=part.money.currency,
                state=PayoutState.WAITING,
                made_at=work.now,
            )
        )


async def _decide(
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
        await _approve(work, row, automatic=need == 0)
        return
    if row.state != WithdrawalState.REVIEW:
        row.move(WithdrawalState.REVIEW)
        tell(work, row, "review")
    flags = rules.flagged(found)
    row.code = flags[0].code if flags else "approval"
    announce(work, row)


async def _approve(work: Work, row: Withdrawal, *, automatic: bool) -> None:
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


async def parts_of(work: Work, withdrawal: UUID) -> list[PayoutAttempt]:
    return list(
        await work.rows(
            select(PayoutAttempt)
            .where(PayoutAttempt.withdrawal == withdrawal)
            .order_by(PayoutAttempt.part, PayoutAttempt.number)
        )
    )


async def approvals(work: Work, row: Withdrawal) -> list[WithdrawalApproval]:
    """The yeses to exactly what would be paid now."""
    return list(
        await work.rows(
            select(WithdrawalApproval)
            .where(
                WithdrawalApproval.withdrawal == row.id,
                WithdrawalApproval.payload_hash == row.payload_hash,
            )
            .order_by(WithdrawalApproval.at)
        )
    )


async def locked(work: Work, withdrawal: UUID) -> Withdrawal:
    """The withdrawal, locked after its client: everyone takes the two in this order."""
    client = (await work.get(Withdrawal, withdrawal)).client
    await work.lock(Client, client)
    row = await work.lock(Withdrawal, withdrawal)
    work.subject = row.client
    return row


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
    await _may_decide(work, row, who)
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
            id=uuid7(int(work.now.timestamp() * 1000)),
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
        await _approve(work, row, automatic=False)
    else:
        announce(work, row)
    return row


async def _may_decide(work: Work, row: Withdrawal, who: UUID) -> None:
    if who == row.asked_by:
        raise Denied(
            "You asked for this yourself; someone else decides. Nothing was changed.", code="maker"
        )
    days = work.settings(PaymentsSettings).withdrawals.related_days
    related = await work.first(
        select(Adjustment.id).where(
            Adjustment.client == row.client,
            Adjustment.asked_by == who,
            Adjustment.asked_at > work.now - timedelta(days=days),
            Adjustment.state.in_(("asked", "posted")),
        )
    )
    if related is not None:
        raise Denied(
            "You corrected this client's balance within {days} days, so someone else decides. "
            "Nothing was changed.",
            code="related-maker",
            days=days,
        )


async def reject(work: Work, withdrawal: UUID, reason: str) -> Withdrawal:
    """No, with a reason the client reads; the money is theirs to spend again."""
    work.require(Payments.APPROVE)
    if not reason.strip():
        raise Invalid("Please say why; the client reads it.", field="reason")
    row = await locked(work, withdrawal)
    await clients.seen(work, row.client)
    if work.actor.id is not None and work.actor.id == row.asked_by:
        raise Denied("You asked for this yourself; someone else decides. Nothing was changed.")

    row.move(WithdrawalState.REJECTED)
    row.reason, row.code, row.decided_at = reason.strip()[:500], "rejected", work.now
    await _give_back(work, row, "rejected")
    tell(work, row, "rejected", text=reason.strip()[:500], by=work.actor.id)
    work.tell(WithdrawalRejected(**told(row)))
    await write(work, row, "withdrawal_rejected", reason=reason.strip()[:500])
    return row


async def cancel(work: Work, withdrawal: UUID) -> Withdrawal:
    """The client takes it back, as long as nothing was sent."""
    work.require(Payments.WITHDRAW_OWN)
    work.actor.own((await work.get(Withdrawal, withdrawal)).client)
    row = await locked(work, withdrawal)
    if row.state in {WithdrawalState.SENDING, WithdrawalState.PAID}:
        raise Conflict("It is on its way already and cannot be taken back. Nothing was changed.")

    row.move(WithdrawalState.CANCELLED)
    row.code = "cancelled"
    await _give_back(work, row, "cancelled by the client")
    tell(work, row, "cancelled")
    work.tell(WithdrawalCancelled(**told(row)))
    await write(work, row, "withdrawal_cancelled")
    return row


async def _give_back(work: Work, row: Withdrawal, why: str) -> None:
    row.ended_at, row.look_again_at = work.now, None
    for part in await parts_of(work, row.id):
        if part.state == PayoutState.WAITING:
            part.move(PayoutState.CANCELLED)
            part.ended_at, part.next_ask_at = work.now, None
    await wallets.release(work, row.hold, reason=why)
    announce(work, row)


async def again(work: Work, withdrawal: UUID) -> Withdrawal:
    """Run the checks once more: time has passed, or the client has done what was asked."""
    row = await locked(work, withdrawal)
    if row.state not in {WithdrawalState.HELD, WithdrawalState.REVIEW, WithdrawalState.APPROVED}:
        return row
    seen = await _checked(work, row)
    parts = [_part(one) for one in row.plan]
    settings = work.settings(PaymentsSettings).withdrawals
    auto = rules.auto(settings.auto_approve, preparing.standing(seen, parts), seen.priced.convert)
    need = preparing.need(work, seen, auto)
    if row.state == WithdrawalState.APPROVED:
        if rules.stopped(seen.checks) is None:
            return row
        row.decided_at = None
    await _decide(work, row, seen.checks, auto, need)
    return row


async def _checked(work: Work, row: Withdrawal) -> checks.Gathered:
    to = await work.get(Destination, row.destination) if row.destination else None
    parts = [_part(one) for one in row.plan]
    money = Money(row.amount, row.currency)
    return await checks.gather(work, row.client, money, parts, to, asked=row)


def _part(record: dict[str, Any]) -> Part:
    return Part(
        record["way"],
        Method(record["method"]),
        Money(Decimal(record["amount"]), record["currency"]),
        record["label"],
        record["psp"],
        UUID(record["source"]) if record["source"] else None,
    )


def told(row: Withdrawal) -> dict[str, Any]:
    return {
        "withdrawal": row.id,
        "client": row.client,
        "amount": Money(row.amount, row.currency).text(),
        "currency": row.currency,
    }


async def write(work: Work, row: Withdrawal, template: str, *, reason: str = "") -> None:
    await notices.mail(
        work,
        row.client,
        template,
        link=f"/withdrawals/{row.id}",
        about=row.id,
        amount=row.amount,
        currency=row.currency,
        reference=row.reference,
        reason=reason,
    )


def announce(work: Work, row: Withdrawal) -> None:
    work.announce(f"client:{row.client}|payments", f"client:{row.client}|wallets", "desk|payments")


async def open_count(work: Work) -> int:
    return await work.count(
        select(Withdrawal.id).where(
            Withdrawal.state.in_((WithdrawalState.HELD, WithdrawalState.REVIEW))
        )
    )


__all__ = [
    "Preview",
    "again",
    "approvals",
    "approve",
    "cancel",
    "locked",
    "open_count",
    "parts_of",
    "preview",
    "reject",
    "request",
]
