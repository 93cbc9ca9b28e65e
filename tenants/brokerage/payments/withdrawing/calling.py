"""Approvers are called by letter to what needs several of them.

The letter's link leads to the withdrawal's page and decides nothing by being opened: the yes is given
there, signed in, by the same verb and under the same rules as on any other path.
"""

from typing import Final

from sqlalchemy import select

from brokerage.payments.permissions import Payments
from brokerage.payments.settings import PaymentsSettings
from brokerage.payments.withdrawing.model import Withdrawal
from stoa.identity import roles
from stoa.identity.model import Person
from stoa.notices import notices
from stoa.tenancy.work import Work

_MOST: Final = 50


async def call(work: Work, row: Withdrawal) -> None:
    """Write to everybody who may approve, but whoever asked for it; never whose money it is."""
    least = work.settings(PaymentsSettings).withdrawals.letters_from
    if not least or row.need < least:
        return
    holders = await roles.holders(work, Payments.APPROVE)
    wanted = [one for one in holders if one != row.asked_by][:_MOST]
    # Read at once: each letter asks for its person, who is known then.
    people = await work.rows(select(Person).where(Person.id.in_(wanted)))
    for person in people:
        await notices.mail(
            work,
            person.id,
            "withdrawal_waits",
            link=f"/desk/withdrawals/{row.id}",
            about=row.id,
            amount=row.amount,
            currency=row.currency,
            reference=row.reference,
            need=str(row.need),
            asked_at=row.asked_at,
        )
