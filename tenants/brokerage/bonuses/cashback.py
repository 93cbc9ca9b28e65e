"""Cashback: money for each lot traded, by tiers, paid as the deals come in.

It is money at once and never credit: each payment is one entry whose operation names how much was
paid in all, so that deals counted twice pay nothing twice.
"""

from datetime import timedelta

from brokerage.bonuses import moving, rules
from brokerage.bonuses.model import Grant, GrantState
from brokerage.bonuses.story import tell
from brokerage.bonuses.terms import Terms
from stoa.kernel.money import Money
from stoa.notices import notices
from stoa.tenancy.work import Work
from stoa.theming.texts import N_


async def begin(work: Work, row: Grant, terms: Terms) -> None:
    """It runs from now: no deposit brings it, each lot does."""
    row.move(GrantState.ACTIVE)
    row.currency, row.granted_at = terms.currency, work.now
    row.expires_at = work.now + timedelta(days=terms.valid_days)
    await work.flush()
    tell(work, row, "cashback-runs")
    moving.announce(work, row)


async def pay_due(work: Work, row: Grant, terms: Terms) -> Money | None:
    """What the lots counted so far have earned and was not paid yet. `row` is locked."""
    earned = rules.cashback(terms, row.done_lots)
    due = earned - Money(row.released, row.currency)
    if due.amount <= 0:
        return None
    row.amount = earned.amount
    await work.flush()
    await moving.pay(work, row, due)
    tell(work, row, "cashback", {"amount": str(due), "done": f"{row.done_lots:.2f}"})
    if earned >= Money(terms.most, terms.currency):
        moving.end(work, row, GrantState.RELEASED)
    moving.announce(work, row)
    await notices.tell(
        work,
        row.client,
        N_("{amount} of cashback is in your wallet"),
        path=f"/bonuses/{row.id}",
        amount=str(due),
    )
    return due
