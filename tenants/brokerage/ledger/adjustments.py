"""Manual credits and debits, and reversals: asked with reason and evidence, decided by another.

await ask(work, client, money, direction=..., category=..., reason=..., evidence=...)
await ask_reversal(work, entry, reason=..., evidence=...)
await approve / reject / cancel (work, adjustment, note)
"""

from decimal import Decimal
from typing import Final
from uuid import UUID

from sqlalchemy import func, select

from brokerage.ledger import accounts, kinds, posting, rates
from brokerage.ledger.accounts import WALLET
from brokerage.ledger.events import AdjustmentAsked, AdjustmentDecided
from brokerage.ledger.kinds import CATEGORIES
from brokerage.ledger.model import Adjustment, AdjustmentState, Entry
from brokerage.ledger.permissions import Ledger
from brokerage.ledger.posting import Posted
from brokerage.ledger.rules import moving
from brokerage.ledger.settings import LedgerSettings
from stoa.kernel.clock import business_day, day_bounds
from stoa.kernel.ids import reference
from stoa.kernel.money import Money
from stoa.kernel.refusals import Conflict, Denied, Invalid
from stoa.tenancy.facts import TenantFacts
from stoa.tenancy.work import Work

REVERSAL: Final = "reversal"
_SHORTEST_EVIDENCE: Final = 3


async def ask(
    work: Work,
    client: UUID,
    money: Money,
    *,
    direction: str,
    category: str,
    reason: str,
    evidence: str,
) -> Adjustment:
    """Ask for a credit to (or debit from) a client's wallet. Moves nothing until approved.

    Raises Invalid, or Denied when the asker's day is used up.
    """
    work.require(Ledger.ADJUST)
    if category not in CATEGORIES or direction not in {"credit", "debit"}:
        raise Invalid("Choose one of the offered values.", field="category")
    _worded(work, reason, evidence)
    await _within_the_day(work, money)
    return await _asked(
        work,
        client,
        money,
        direction=direction,
        category=category,
        reverses=None,
        reason=reason,
        evidence=evidence,
    )


async def ask_reversal(work: Work, entry: UUID, *, reason: str, evidence: str) -> Adjustment:
    """Ask for an entry to be reversed. Raises Conflict when it was, or is being asked for."""
    work.require(Ledger.ADJUST)
    row = await work.get(Entry, entry)
    _worded(work, reason, evidence)
    if row.reverses is not None:
        raise Conflict("A reversal is not reversed: post what is right instead.")
    if not kinds.of(row.kind).reversible:
        raise Conflict(
            "This entry belongs to something with a life of its own. Put it right there: its "
            "entries follow.",
            code="not-reversible",
        )
    if await work.first(select(Entry.id).where(Entry.reverses == entry)) is not None:
        raise Conflict("This entry was reversed already. Nothing was posted.", code="reversed")
    waiting = select(Adjustment.id).where(
        Adjustment.reverses == entry, Adjustment.state == AdjustmentState.ASKED
    )
    if await work.first(waiting) is not None:
        raise Conflict("Somebody has asked for this reversal already; it waits for approval.")
    legs = await posting.legs_of(work, entry)
    owners = {leg.account.owner for leg in legs if leg.account.owner is not None}
    if len(owners) != 1:
        raise Invalid(
            "Only an entry of one client can be reversed from here. Ask for two adjustments "
            "instead."
        )
    money = Money(row.amount, row.currency)
    given = [
        leg.money.amount
        for leg in legs
        if leg.account.kind == WALLET and leg.money.currency == row.currency
    ]
    await _within_the_day(work, money)
    return await _asked(
        work,
        owners.pop(),
        money,
        direction="debit" if sum(given) > 0 else "credit",
        category=REVERSAL,
        reverses=entry,
        reason=reason,
        evidence=evidence,
    )


async def _asked(
    work: Work,
    client: UUID,
    money: Money,
    *,
    direction: str,
    category: str,
    reverses: UUID | None,
    reason: str,
    evidence: str,
) -> Adjustment:
    row = Adjustment(
        id=work.new_id(),
        reference=reference("A"),
        client=client,
        direction=direction,
        amount=money.amount,
        currency=money.currency,
        category=category,
        reverses=reverses,
        reason=reason,
        evidence=evidence,
        state=AdjustmentState.ASKED,
        asked_by=_who(work),
        asked_at=work.now,
    )
    work.add(row)
    work.subject = client
    work.reason = reason
    work.tell(AdjustmentAsked(adjustment=row.id, client=client, asked_by=work.actor.id))
    work.announce("desk|adjustments", f"desk|money-{client}")
    await work.flush()
    return row


def _who(work: Work) -> UUID:
    """Adjustments are people's: a job asks for none."""
    if work.actor.id is None:
        raise Denied("Adjustments are asked for and decided by people.")
    return work.actor.id


def _worded(work: Work, reason: str, evidence: str) -> None:
    least = work.settings(LedgerSettings).adjustments.least_reason
    if len(reason.strip()) < least:
        raise Invalid(
            "Say why, in {least} letters or more: it stays with the entry.",
            field="reason",
            least=least,
        )
    if len(evidence.strip()) < _SHORTEST_EVIDENCE:
        raise Invalid("Name the evidence: a ticket, a file, a message.", field="evidence")


async def _within_the_day(work: Work, money: Money) -> None:
    """One person's adjustments of a day, in the base currency."""
    facts = work.settings(TenantFacts)
    most = work.settings(LedgerSettings).adjustments.most_per_day
    start, _ = day_bounds(business_day(work.now, facts.time_zone), facts.time_zone)
    rows = await work.table(
        select(Adjustment.currency, func.sum(Adjustment.amount))
        .where(
            Adjustment.asked_by == work.actor.id,
            Adjustment.asked_at >= start,
            Adjustment.state.in_((AdjustmentState.ASKED, AdjustmentState.POSTED)),
        )
        .group_by(Adjustment.currency)
    )
    known = await rates.table(work)
    total = known.convert(money, facts.base_currency).amount
    for currency, amount in rows:
        total += known.convert(Money(Decimal(amount), currency), facts.base_currency).amount
    if total > most:
        raise Denied(
            "In one day one person may adjust up to {most}. Nothing was asked for.",
            code="over-limit",
            most=Money(most, facts.base_currency),
        )


async def approve(work: Work, adjustment: UUID, note: str | None = None) -> Posted:
    """Post it, as somebody else than who asked. Raises Denied, Conflict or NotCovered."""
    work.require(Ledger.APPROVE)
    row = await work.lock(Adjustment, adjustment)
    if row.asked_by == _who(work):
        raise Denied(
            "You asked for this yourself. Somebody else has to decide it. Nothing was moved.",
            code="own-work",
        )
    if row.state != AdjustmentState.ASKED:
        raise Conflict(
            "This was decided already: it is {state}. Nothing more was moved.",
            code="wrong-state",
            state=row.state,
        )

    posted = await _post(work, row)
    row.move(AdjustmentState.POSTED)
    row.entry = posted.entry
    _decided(work, row, note)
    return posted


async def _post(work: Work, row: Adjustment) -> Posted:
    operation = f"adjustment:{row.id}"
    if row.reverses is not None:
        posted = await posting.reverse(work, row.reverses, operation=operation, reason=row.reason)
        await _with_its_fee(work, row)
        return posted
    money = Money(row.amount, row.currency)
    wallet = accounts.client_wallet(work, row.client, row.currency)
    house = accounts.house(work, CATEGORIES[row.category].account, row.currency)
    sides = (house, wallet) if row.direction == "credit" else (wallet, house)
    return await posting.post(
        work,
        operation=operation,
        kind="adjustment",
        legs=moving(*sides, money),
        ref=("adjustment", row.id),
        reason=row.reason,
        despite_freeze=True,
    )


async def reject(work: Work, adjustment: UUID, note: str | None = None) -> Adjustment:
    """Say no; nothing moves."""
    work.require(Ledger.APPROVE)
    row = await work.lock(Adjustment, adjustment)
    if row.asked_by == _who(work):
        raise Denied("You asked for this yourself: take it back instead.", code="own-work")
    row.move(AdjustmentState.REJECTED)
    _decided(work, row, note)
    return row


async def cancel(work: Work, adjustment: UUID) -> Adjustment:
    """Take back what one asked for oneself."""
    work.require(Ledger.ADJUST)
    row = await work.lock(Adjustment, adjustment)
    if row.asked_by != _who(work):
        raise Denied("Only who asked for it can take it back.", code="not-own-work")
    row.move(AdjustmentState.CANCELLED)
    _decided(work, row, None)
    return row


def _decided(work: Work, row: Adjustment, note: str | None) -> None:
    row.decided_by = work.actor.id
    row.decided_at = work.now
    row.decision_note = note
    work.subject = row.client
    work.tell(AdjustmentDecided(adjustment=row.id, client=row.client, state=row.state))
    work.announce("desk|adjustments", f"desk|money-{row.client}")


async def _with_its_fee(work: Work, row: Adjustment) -> None:
    """The fee of what was reversed goes back as well, by a reversal of its own."""
    entry = await work.get(Entry, row.reverses)
    if entry.kind != "exchange" or entry.ref is None:
        return
    charged = await posting.found(work, f"fee:exchange:{entry.ref}")
    if charged is not None and not await _reversed(work, charged.entry):
        await posting.reverse(
            work, charged.entry, operation=f"adjustment:{row.id}:fee", reason=row.reason
        )


async def _reversed(work: Work, entry: UUID) -> bool:
    return await work.first(select(Entry.id).where(Entry.reverses == entry)) is not None
