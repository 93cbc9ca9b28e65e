"""Deposits by bank wire: a statement's line with our reference credits what it was ordered for.

The statement is the provider's word here. Money goes from the bank's account to the way the
deposit was to take, and from there through the one crediting path every provider's money takes:
too little, too much, another currency and a second payment wait for a person, as always.
"""

from typing import Final
from uuid import UUID

from sqlalchemy import select

from brokerage.ledger import accounts, posting
from brokerage.ledger.posting import Leg
from brokerage.payments.connector import State, Status
from brokerage.payments.depositing import concluding
from brokerage.payments.model import AttemptState, Deposit, PaymentAttempt
from brokerage.payments.values import Method
from brokerage.recon import booking, matches
from brokerage.recon.model import BankAccount, OutsideLine, Purpose
from brokerage.recon.permissions import Recon
from stoa.kernel.money import Money
from stoa.kernel.refusals import Conflict
from stoa.tenancy.door import OpenWork
from stoa.tenancy.work import Work

MOST: Final = 2_000
_WAITS: Final = frozenset(
    {
        AttemptState.ASKING,
        AttemptState.OPEN,
        AttemptState.LEFT,
        AttemptState.EXPIRED,
        AttemptState.UNAVAILABLE,
        AttemptState.DECLINED,
    }
)


async def credit_all(open_work: OpenWork) -> int:
    """Every open line of a client bank account that names a deposit of ours; how many."""
    async with open_work() as work:
        due = await work.rows(
            select(OutsideLine.id)
            .join(BankAccount, OutsideLine.source == "bank:" + BankAccount.code)
            .join(Deposit, Deposit.reference == OutsideLine.ours)
            .where(
                OutsideLine.open.is_(True),
                OutsideLine.amount > 0,
                OutsideLine.matched == 0,
                BankAccount.purpose == Purpose.CLIENT,
                Deposit.method == Method.BANK,
            )
            .order_by(OutsideLine.at, OutsideLine.line, OutsideLine.id)
            .limit(MOST)
        )
    done = 0
    for line in due:
        async with open_work() as work:
            done += await credit(work, line)
    return done


async def credit(work: Work, line: UUID, *, deposit: UUID | None = None) -> bool:
    """Credit the deposit a line names, or the one a person chose; whether it did. Once per line."""
    row = await work.lock(OutsideLine, line)
    if not row.open or row.matched or row.amount <= 0:
        return False
    named = Deposit.id == deposit if deposit is not None else Deposit.reference == row.ours
    wanted = await work.first(select(Deposit).where(named, Deposit.method == Method.BANK))
    if wanted is None:
        return False
    ordered = await work.lock(Deposit, wanted.id)
    attempt = await work.first(
        select(PaymentAttempt)
        .where(PaymentAttempt.deposit == ordered.id)
        .order_by(PaymentAttempt.number.desc())
    )
    if attempt is None:
        return False
    if attempt.state not in _WAITS:
        await booking.suspend(work, row, deposit=ordered.id, problem="second-payment")
        return True
    await _arrived(work, row, attempt)
    told = Status(
        reference=attempt.reference or str(attempt.id),
        state=State.SUCCEEDED,
        raw="booked",
        money=Money(row.amount, row.currency),
        our_id=str(attempt.id),
    )
    await concluding.conclude(work, attempt.id, told, None)
    work.record("recon.wire", line=str(line), deposit=str(ordered.id))
    return True


async def _arrived(work: Work, row: OutsideLine, attempt: PaymentAttempt) -> None:
    """From the way the deposit takes to the bank account where it now lies."""
    money = Money(row.amount, row.currency)
    bank = accounts.house(work, row.source, row.currency)
    way = accounts.house(work, f"psp:{attempt.psp}", row.currency)
    done = await posting.post(
        work,
        operation=await booking.operation(work, row.id),
        kind="bank-arrival",
        legs=[Leg(bank, -money), Leg(way, money)],
        ref=("deposit", attempt.deposit),
    )
    await matches.posted(work, row, done.entry, booking.HOW)


async def choose(work: Work, line: UUID, deposit: UUID) -> None:
    """A person says which wire deposit a line pays. Raises Conflict when it cannot be."""
    work.require(Recon.MATCH)
    if not await credit(work, line, deposit=deposit):
        raise Conflict("This line cannot pay that deposit. Nothing was credited.")
