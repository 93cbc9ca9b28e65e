"""Transfers seen leaving on the statement: the bank's own word that a payout was paid.

The line carries our end-to-end id. A payout the bank never answered about is paid by it; in any
case its money is at the bank no more.
"""

from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, select

from brokerage.ledger import accounts, kinds, posting
from brokerage.ledger.posting import Leg
from brokerage.payments.model import PayoutAttempt, PayoutState
from brokerage.payments.withdrawing import concluding, rows
from brokerage.recon import booking, matches
from brokerage.recon.model import BankAccount, OutsideLine, Purpose
from brokerage.recon.orders.making import accounts_of
from stoa.kernel.money import Money
from stoa.tenancy.door import OpenWork
from stoa.tenancy.work import Work
from stoa.theming.texts import N_

MOST: Final = 2_000
_LEFT: Final = (PayoutState.ACCEPTED, PayoutState.PAID)

kinds.learn(
    "bank-departure",
    N_("Left the bank"),
    "building-bank",
    N_("The bank's statement shows the money of a payout leaving."),
)


async def pay_all(open_work: OpenWork) -> int:
    """Every open debit that names a payout of ours; how many."""
    async with open_work() as work:
        codes = sorted(accounts_of(work))
        due: list[Any] = []
        if codes:
            due = list(
                await work.table(
                    select(OutsideLine.id, PayoutAttempt.id.label("payout"))
                    .join(BankAccount, OutsideLine.source == "bank:" + BankAccount.code)
                    .join(
                        PayoutAttempt, PayoutAttempt.reference == func.lower(OutsideLine.reference)
                    )
                    .where(
                        OutsideLine.open.is_(True),
                        OutsideLine.amount < 0,
                        OutsideLine.matched == 0,
                        BankAccount.purpose != Purpose.HOUSE,
                        PayoutAttempt.psp.in_(codes),
                        PayoutAttempt.state.in_(_LEFT),
                    )
                    .order_by(OutsideLine.at, OutsideLine.line, OutsideLine.id)
                    .limit(MOST)
                )
            )
    done = 0
    for line, payout in due:
        async with open_work() as work:
            done += await _left(work, line, payout)
    return done


async def _left(work: Work, line: UUID, payout: UUID) -> bool:
    """Whether the line is this payout's; another amount waits for a person."""
    row, part = await concluding.both(work, payout)
    seen = await work.lock(OutsideLine, line)
    money = Money(part.amount, part.currency)
    if not seen.open or seen.matched or part.state not in _LEFT:
        return False
    if Money(-seen.amount, seen.currency) != money:
        return False
    if part.state == PayoutState.ACCEPTED:
        await concluding.paid(work, row, part)
    bank = accounts.house(work, seen.source, seen.currency)
    way = accounts.house(work, f"psp:{part.psp}", seen.currency)
    done = await posting.post(
        work,
        operation=await booking.operation(work, seen.id),
        kind="bank-departure",
        legs=[Leg(way, -money), Leg(bank, money)],
        ref=("withdrawal", row.id),
    )
    await matches.posted(work, seen, done.entry, booking.HOW)
    work.record("recon.wire-out", line=str(line), payout=str(payout))
    rows.announce(work, row)
    return True
