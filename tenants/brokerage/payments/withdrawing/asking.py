"""A client asks to be paid: what would happen, and then the money set aside."""

from datetime import timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import select

from brokerage.clients.model import Client
from brokerage.ledger import wallets
from brokerage.ledger.posting import NotCovered
from brokerage.payments import rules
from brokerage.payments.events import WithdrawalRequested
from brokerage.payments.permissions import Payments
from brokerage.payments.values import Method
from brokerage.payments.withdrawing import deciding, preparing
from brokerage.payments.withdrawing.model import Withdrawal, WithdrawalState
from brokerage.payments.withdrawing.preparing import Preview
from brokerage.payments.withdrawing.rows import add_parts, seal, told, write
from brokerage.payments.withdrawing.story import tell
from stoa.kernel.faultpoints import faultpoint
from stoa.kernel.ids import reference
from stoa.kernel.money import Money
from stoa.kernel.refusals import Conflict
from stoa.tenancy.work import Work

SAME_WITHIN: Final = timedelta(minutes=15)
"""How long an equal request is told of, before a client makes the same one again."""


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
    shown: str = "",
    after: str | None = None,
) -> Withdrawal:
    """Set the money aside and let the checks run. The same `key` again is the same request.

    `shown` is the mark of the preview that was confirmed: what came to differ is a Conflict. `after` is the id of
    the equal request it told of, empty where it told of none: one made since, in another window, is a
    Conflict as well. Raises NotCovered, Invalid, Denied or Conflict; then nothing was set aside.
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
    if shown and shown != seen.mark():
        raise Conflict(
            "Something changed since this was shown to you. Nothing was set aside. Look at it again.",
            code="preview-changed",
        )
    if after is not None:
        await _not_twice(work, client, method, money, after)
    row = await _set_aside(work, client, method, seen, destination, key)
    work.subject = client
    work.tell(WithdrawalRequested(**told(row)))
    await write(work, row, "withdrawal_requested")
    await deciding.decide(work, row, seen.checks, seen.auto, seen.need)
    return row


async def _set_aside(
    work: Work,
    client: UUID,
    method: Method,
    seen: Preview,
    destination: UUID | None,
    key: UUID | None,
) -> Withdrawal:
    money = seen.money
    row_id = key or work.new_id()
    hold = await wallets.hold(work, client, money, cause=("withdrawal", row_id), fee=seen.fee)
    faultpoint("withdrawal.held")
    row = Withdrawal(
        id=row_id,
        reference=reference("W"),
        client=client,
        method=method,
        destination=destination,
        amount=money.amount,
        currency=money.currency,
        fee=seen.fee.amount,
        fee_terms=seen.charged.record(),
        state=WithdrawalState.HELD,
        hold=hold.id,
        version=1,
        plan=[part.record() for part in seen.parts],
        loses=[one.record() for one in seen.losses],
        counted=seen.totals.record(),
        checks=[],
        auto=[],
        payload_hash="",
        story=[],
        asked_by=work.actor.id or client,
        asked_at=work.now,
        promised_at=rules.promised(work.now, seen.promise_h),
    )
    seal(row, seen.destination)
    work.add(row)
    await work.flush()
    add_parts(work, row, seen.parts, seen.fee)
    tell(work, row, "requested")
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


async def _not_twice(work: Work, client: UUID, method: Method, money: Money, after: str) -> None:
    made = await asked_before(work, client, method, money)
    if made is not None and str(made.id) != after:
        raise Conflict(
            "You asked for the same a moment ago: {reference}. Nothing more was set aside. Look at "
            "it again if you want one more.",
            code="asked-already",
            reference=made.reference,
        )


async def asked_before(work: Work, client: UUID, method: Method, asked: Money) -> Withdrawal | None:
    """The client's own withdrawal of the same amount the same way, asked for a moment ago."""
    return await work.first(
        select(Withdrawal)
        .where(
            Withdrawal.client == client,
            Withdrawal.method == method,
            Withdrawal.currency == asked.currency,
            Withdrawal.amount == asked.amount,
            Withdrawal.asked_at > work.now - SAME_WITHIN,
        )
        .order_by(Withdrawal.asked_at.desc())
    )
