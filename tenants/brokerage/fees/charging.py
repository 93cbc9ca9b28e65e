"""Fees in the ledger: an entry of their own kind, and their refund by a reversal that names it.

await charge(work, account, fee, what="deposit", subject=row.id)
await refund(work, what="payout", subject=part.id, why="account closed")
"""

from uuid import UUID

from brokerage.fees.rules import Fee
from brokerage.ledger import accounts, posting
from brokerage.ledger.accounts import Account, Ref
from brokerage.ledger.model import Entry
from brokerage.ledger.posting import Posted
from stoa.kernel.money import Money
from stoa.tenancy.work import Work

INCOME = "fees"
"""The house's account that fees are earned on."""


def operation(what: str, subject: UUID | str) -> str:
    return f"fee:{what}:{subject}"


async def charge(
    work: Work,
    source: Account,
    fee: Money,
    *,
    what: str,
    subject: UUID | str,
    ref: Ref,
    reason: str,
) -> Posted | None:
    """From a wallet or a hold to the house, once per subject; nothing where there is none.

    Raises NotCovered. A frozen wallet pays: the fee belongs to what was done before.
    """
    if not fee:
        return None
    return await posting.post(
        work,
        operation=operation(what, subject),
        kind="fee",
        legs=posting.moving(source, accounts.house(work, INCOME, fee.currency), fee),
        ref=ref,
        reason=reason or None,
        despite_freeze=True,
    )


async def refund(work: Work, *, what: str, subject: UUID | str, why: str) -> Money | None:
    """Give a fee back to where it was taken from, linked to its entry; None where none was charged.

    The same again changes nothing.
    """
    name = operation(what, subject)
    charged = await posting.found(work, name)
    if charged is None:
        return None
    entry = await work.get(Entry, charged.entry)
    legs = await posting.legs_of(work, entry.id)
    await posting.reverse(work, entry.id, operation=f"{name}:refund", reason=why)
    return next(leg.money for leg in legs if leg.money.amount > 0)


def terms_reason(terms: dict[str, object] | None) -> str:
    """What was stored with the thing charged, as its entry says it."""
    if not terms:
        return ""
    return f"{terms['line']} · {terms['source']} v{terms['version']}"


__all__ = ["INCOME", "Fee", "charge", "operation", "refund", "terms_reason"]
