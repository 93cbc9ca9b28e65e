"""Paying partners: everything accrued and not yet paid, rounded once, into the wallet.

A yes is bound to the payout's seal: what is paid, in which currency at which rate, and the signs that
speak against it. Refusing gives all it held to the next one, so only the newest can be refused.
"""

import hashlib
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import msgspec
from sqlalchemy import select

from brokerage.clients import queries as clients
from brokerage.ledger import accounts, posting, rates
from brokerage.ledger.statement import Posting
from brokerage.partners.events import PartnerPaid
from brokerage.partners.model import Partner, PartnerPayout, PartnerState, PayoutState
from brokerage.partners.paying import drawing, signs
from brokerage.partners.permissions import Partners
from brokerage.partners.settings import PartnerSettings
from brokerage.trading import switches
from stoa.identity import roles
from stoa.kernel.money import Money
from stoa.kernel.refusals import Conflict, Denied, Invalid
from stoa.tenancy.actor import Kind
from stoa.tenancy.work import Work

AT_ONCE: Final = 500
"""Payouts posted in one transaction."""


async def make(work: Work, partner: UUID) -> PartnerPayout | None:
    """A payout of everything accrued so far; None below the minimum.

    Above the tenant's limits, and where a sign of fraud stands against it, it waits for other people;
    else it is paid at once. Raises Conflict when one is waiting already, NoRate.
    """
    work.require(Partners.PAY)
    row = await work.lock(Partner, partner)
    if row.state == PartnerState.CLOSED:
        raise Conflict("This partner is closed. Nothing was paid.")
    await switches.must_pay_out(work, partner)
    has = (await drawing.unpaid(work, [partner]))[partner]
    if has.waiting:
        raise Conflict("A payout of this partner waits for approval already. Nothing was paid.")
    against = (await signs.of(work, [row])).get(partner, [])
    payout = drawing.row_of(work, row, has, against, await rates.table(work))
    if payout.state == PayoutState.CARRIED:
        return None

    work.add(payout)
    await work.flush()
    if payout.state == PayoutState.DUE:
        await _pay(work, [payout])
    return payout


def seal(row: PartnerPayout) -> str:
    """What a yes is bound to."""
    told: list[Any] = [
        str(row.id),
        format(row.amount.normalize(), "f"),
        row.currency,
        row.pay_currency,
        format(row.pay_amount.normalize(), "f") if row.pay_amount is not None else None,
        sorted(signs.key(one) for one in row.signs),
    ]
    return hashlib.sha256(msgspec.json.encode(told)).hexdigest()[:32]


async def approve(
    work: Work, payout: UUID, sealed: str | None = None, *, note: str = ""
) -> PartnerPayout:
    """One person's yes; the last one needed lets it be paid on its day, and clears its signs.

    Raises Denied for whoever made it or may approve since too short a time, Conflict for a second
    yes of one person and for a payout that is not what they saw. Signs of fraud want a note.
    """
    work.require(Partners.APPROVE)
    row = await work.lock(PartnerPayout, payout)
    who = await _may_decide(work, row)
    if sealed and sealed != seal(row):
        raise Conflict(
            "This payout changed since you opened it. Nothing was approved. Look at it again.",
            code="payload-changed",
        )
    if row.state != PayoutState.WAITING:
        raise Conflict("Nobody has to approve this now. Nothing was changed.", code="wrong-state")
    if any(one["by"] == str(who) for one in row.yeses):
        raise Conflict(
            "You approved this already. Another person must agree too.", code="approved-before"
        )
    if row.signs and len(note.strip()) < 5:
        raise Invalid("Say why these signs do not stand against it.", field="note")

    yes = {"by": str(who), "name": work.actor.name, "at": work.now.isoformat(), "note": note[:400]}
    row.yeses = [*row.yeses, yes]
    if len(row.yeses) < row.needs:
        return row
    row.decided_by = who
    await _clear(work, row)
    row.move(PayoutState.DUE)
    if row.due_at is None or row.due_at <= work.now:
        await _pay(work, [row])
    return row


async def _may_decide(work: Work, row: PartnerPayout) -> UUID:
    await clients.seen(work, row.partner)
    who = work.actor.id
    if work.actor.kind is not Kind.STAFF or who is None:
        raise Denied("A payout is approved by a person who is signed in. Nothing was paid.")
    if row.made_by == who:
        raise Denied("You made this payout; someone else must approve it. Nothing was paid.")
    hours = work.settings(PartnerSettings).payouts.approver_since_h
    if await roles.given_lately(work, who, Partners.APPROVE, work.now - timedelta(hours=hours)):
        raise Denied(
            "You may approve since less than {hours} hours; that is too new for money. Nothing was "
            "changed.",
            code="new-approver",
            hours=hours,
        )
    return who


async def _clear(work: Work, row: PartnerPayout) -> None:
    """What people let be is not held against the next payout."""
    if row.signs:
        partner = await work.lock(Partner, row.partner)
        fresh = {signs.key(one) for one in row.signs} - set(partner.cleared)
        partner.cleared = [*partner.cleared, *sorted(fresh)]


async def refuse(work: Work, payout: UUID, *, why: str) -> PartnerPayout:
    """Stop a payout that is not paid yet; what it held is counted in the next one.

    Raises Conflict where a later one builds on its remainder.
    """
    work.require(Partners.APPROVE)
    if not why.strip():
        raise Invalid("Say why, in a few words.", field="reason")
    row = await work.lock(PartnerPayout, payout)
    await clients.seen(work, row.partner)
    later = await work.first(
        select(PartnerPayout.id).where(
            PartnerPayout.partner == row.partner,
            PartnerPayout.accrued_to > row.accrued_to,
            PartnerPayout.state != PayoutState.REFUSED,
        )
    )
    if later is not None:
        raise Conflict("A later payout builds on this one. Refuse that first. Nothing was changed.")

    row.move(PayoutState.REFUSED)
    row.why, row.decided_by = why[:400], work.actor.id
    return row


async def pay_due(work: Work) -> int:
    """Pay what is agreed and whose day has come; how many were paid."""
    work.require(Partners.PAY)
    rows = await work.rows(
        select(PartnerPayout)
        .where(PartnerPayout.state == PayoutState.DUE, PartnerPayout.due_at <= work.now)
        .order_by(PartnerPayout.due_at, PartnerPayout.id)
        .limit(AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    await _pay(work, rows)
    return len(rows)


async def _pay(work: Work, due: Sequence[PartnerPayout]) -> None:
    """Into the wallets, but not of who has payouts switched off: theirs stay due."""
    off = await switches.payouts_off(work, [row.partner for row in due]) if due else {}
    rows = [row for row in due if row.partner not in off]
    if not rows:
        return
    posted = await posting.post_many(work, [_posting(work, row) for row in rows])
    for row, done in zip(rows, posted, strict=True):
        row.move(PayoutState.PAID)
        row.paid_at, row.entry = work.now, done.entry
        row.decided_by = row.decided_by or work.actor.id
        paid = paid_as(row)
        work.tell(
            PartnerPaid(
                payout=row.id, partner=row.partner, amount=paid.text(), currency=paid.currency
            )
        )
        work.announce(f"client:{row.partner}|wallets", f"client:{row.partner}|rewards")


def paid_as(row: PartnerPayout) -> Money:
    """What reaches the wallet."""
    if row.pay_currency is not None and row.pay_amount is not None:
        return Money(row.pay_amount, row.pay_currency)
    return Money(row.amount, row.currency)


def _posting(work: Work, row: PartnerPayout) -> Posting:
    """From the house's partners account; in another currency by way of its exchange account."""
    gives, gets = Money(row.amount, row.currency), paid_as(row)
    wallet = accounts.client_wallet(work, row.partner, gets.currency)
    house = accounts.house(work, "partners", gives.currency)
    if gives.currency == gets.currency:
        legs = posting.moving(house, wallet, gives)
    else:
        legs = [
            *posting.moving(house, accounts.house(work, "fx", gives.currency), gives),
            *posting.moving(accounts.house(work, "fx", gets.currency), wallet, gets),
        ]
    return Posting(
        operation=f"partner-payout:{row.id}",
        kind="partner-payout",
        legs=legs,
        ref=("partner-payout", row.id),
    )
