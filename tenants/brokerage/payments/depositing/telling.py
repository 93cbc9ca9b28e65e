"""Telling those who resolve what fits nothing that there is something new."""

from typing import Final

from brokerage.payments.events import MoneyUnresolved
from brokerage.payments.permissions import Payments
from stoa.identity import roles
from stoa.notices import notices
from stoa.tenancy.door import OpenWork
from stoa.theming.texts import N_

QUEUE: Final = "/desk/unresolved?state=open"


async def tell_staff(open_work: OpenWork, _fact: MoneyUnresolved) -> None:
    """One line in each bell until it is read, however much comes; repeating it adds nothing.

    It is a work of its own, so that money which comes for many at once does not wait for their bells.
    """
    async with open_work() as work:
        await notices.tell_all(
            work,
            await roles.holders(work, Payments.RESOLVE),
            N_("Money came that fits nothing we asked for"),
            path=QUEUE,
            adding="news",
            news=1,
        )
