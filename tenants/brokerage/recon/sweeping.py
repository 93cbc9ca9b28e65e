"""Coins between a provider's hot wallet and an account of our own: what a person moved, in the books.

The coins themselves are moved by a person with their own keys; the product holds none. What is
written here is that they were: once per transfer of the network, by whom, and why.
"""

import re
from typing import Final
from uuid import UUID

from brokerage.ledger import accounts, kinds, posting
from brokerage.payments.settings import PaymentsSettings
from brokerage.recon.model import BankAccount
from brokerage.recon.permissions import Recon
from stoa.kernel.money import Money
from stoa.kernel.refusals import Conflict, Invalid
from stoa.tenancy.work import Work
from stoa.theming.texts import N_

KIND: Final = "cold-storage"
_REFERENCE: Final = re.compile(r"[0-9A-Za-z:_-]{8,120}", re.ASCII)

kinds.learn(
    KIND,
    N_("Cold storage"),
    "snowflake",
    N_("Coins went between a provider's hot wallet and an account of our own."),
    reversible=True,
)


async def moved(
    work: Work,
    psp: str,
    account: UUID,
    money: Money,
    *,
    reference: str,
    note: str,
    back: bool = False,
) -> UUID:
    """Write down that coins went from a provider to cold storage, or `back`; the entry's id.

    Raises Invalid for what does not fit together and Conflict for a transfer that is in the books
    already; then nothing was posted.
    """
    work.require(Recon.MATCH)
    told = work.settings(PaymentsSettings).psp(psp)
    if told is None:
        raise Invalid("Choose one of your providers.", field="psp")
    cold = await work.get(BankAccount, account)
    if cold.state != "open" or cold.currency != money.currency or cold.psp is not None:
        raise Invalid("Choose another account in the same currency.", field="account")
    if money.amount <= 0:
        raise Invalid("The amount must be more than zero.", field="amount")
    if not _REFERENCE.fullmatch(reference.strip()):
        raise Invalid("Enter the transfer's hash, as the network shows it.", field="reference")
    if not note.strip():
        raise Invalid("Please write what it is for.", field="note")
    there = accounts.house(work, f"psp:{psp}", money.currency)
    here = accounts.house(work, cold.source, money.currency)

    done = await posting.post(
        work,
        operation=f"cold:{psp}:{reference.strip()}",
        kind=KIND,
        legs=posting.moving(here, there, money) if back else posting.moving(there, here, money),
        ref=("bank-account", cold.id),
        reason=note.strip()[:400],
    )
    if done.replayed:
        raise Conflict("This transfer is in the books already. Nothing was posted.")
    work.record(KIND, psp=psp, account=cold.code, amount=money.text(), reference=reference.strip())
    work.announce("desk|recon")
    return done.entry
