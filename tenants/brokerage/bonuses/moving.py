"""The money of bonuses: credit is the house's until it is earned, and only then a client's.

Every movement is one entry with an operation of its own, so a repeated job moves nothing twice.
"""

from typing import Any

from sqlalchemy import select

from brokerage.bonuses.events import BonusCredited, BonusLost, BonusReleased
from brokerage.bonuses.model import Grant, GrantState
from brokerage.bonuses.story import left_of, tell
from brokerage.ledger import accounts, posting
from brokerage.ledger.model import Entry
from brokerage.ledger.posting import moving
from stoa.kernel.money import Money
from stoa.tenancy.work import Work

HOUSE = "bonus"


async def credit(work: Work, row: Grant, money: Money) -> None:
    """From the house into the grant's own credit account."""
    source = accounts.house(work, HOUSE, money.currency)
    await _post(work, row, f"bonus:{row.id}:credit", "bonus", (source, _credit(work, row)), money)
    work.tell(BonusCredited(**_told(row, money)))


async def release(work: Work, row: Grant, money: Money) -> None:
    """Earned: out of the credit account into the wallet. The operation names how far it had come."""
    to = accounts.client_wallet(work, row.client, row.currency)
    so_far = Money(row.released, row.currency) + money
    operation = f"bonus:{row.id}:release:{so_far.text()}"
    await _post(work, row, operation, "bonus-released", (_credit(work, row), to), money)
    row.released += money.amount
    work.tell(BonusReleased(**_told(row, money)))


async def pay(work: Work, row: Grant, money: Money) -> None:
    """Cashback: from the house into the wallet. The operation names how much it is in all."""
    to = accounts.client_wallet(work, row.client, row.currency)
    so_far = Money(row.released, row.currency) + money
    operation = f"bonus:{row.id}:cashback:{so_far.text()}"
    house = accounts.house(work, HOUSE, money.currency)
    if await _post(work, row, operation, "cashback", (house, to), money):
        row.released += money.amount
        work.tell(BonusReleased(**_told(row, money)))


async def burn(
    work: Work,
    row: Grant,
    money: Money,
    cause: str,
    what: str,
    text: str = "",
    *,
    reason: str | None = None,
) -> None:
    """Back to the house; `cause` makes the operation its own, `what` tells the client why. `reason`
    stands in the ledger.
    """
    if not money:
        return
    house = accounts.house(work, HOUSE, money.currency)
    operation = f"bonus:{row.id}:burn:{cause}"
    sides = (_credit(work, row), house)
    posted = await _post(work, row, operation, "bonus-lost", sides, money, reason=reason or text)
    if posted:
        row.burnt += money.amount
        tell(work, row, what, {"amount": str(money)}, text)
        work.tell(BonusLost(why=what, **_told(row, money)))


async def take_from_wallet(work: Work, row: Grant, money: Money, cause: str) -> None:
    """What had been released already, as far as it is still there."""
    wallet = accounts.client_wallet(work, row.client, row.currency)
    house = accounts.house(work, HOUSE, money.currency)
    operation = f"bonus:{row.id}:recover:{cause}"
    await _post(work, row, operation, "bonus-lost", (wallet, house), money)


async def give_again(work: Work, row: Grant, cause: str) -> Money | None:
    """Undo by linked reversals what was taken for this cause; None where nothing was.

    What was credit is credit again, what was taken from the wallet is back in it.
    """
    given: Money | None = None
    for name in ("burn", "recover"):
        operation = f"bonus:{row.id}:{name}:{cause}"
        entry = await work.first(select(Entry).where(Entry.operation == operation))
        if entry is None:
            continue
        done = await posting.reverse(
            work,
            entry.id,
            operation=f"bonus:{row.id}:restore-{name}:{cause}",
            reason=row.reference,
            ref=("bonus", row.id),
        )
        money = Money(entry.amount, entry.currency)
        given = money if given is None else given + money
        if name == "burn" and not done.replayed:
            row.burnt -= money.amount
            work.tell(BonusCredited(**_told(row, money)))
    return given


async def _post(
    work: Work,
    row: Grant,
    operation: str,
    kind: str,
    sides: tuple[accounts.Account, accounts.Account],
    money: Money,
    *,
    reason: str | None = None,
) -> bool:
    """Whether it was written now, not before."""
    posted = await posting.post(
        work,
        operation=operation,
        kind=kind,
        legs=moving(*sides, money),
        ref=("bonus", row.id),
        reason=reason or None,
        despite_freeze=True,
    )
    return not posted.replayed


def _credit(work: Work, row: Grant) -> accounts.Account:
    return accounts.credit(work, row.client, row.currency, ("bonus", row.id))


def _told(row: Grant, money: Money) -> dict[str, Any]:
    return {
        "grant": row.id,
        "client": row.client,
        "amount": money.text(),
        "currency": money.currency,
    }


def end(work: Work, row: Grant, state: GrantState) -> None:
    row.move(state)
    row.ended_at = work.now


def announce(work: Work, row: Grant) -> None:
    work.announce(f"client:{row.client}|bonuses", "desk|bonuses")


__all__ = [
    "announce",
    "burn",
    "credit",
    "end",
    "give_again",
    "left_of",
    "pay",
    "release",
    "take_from_wallet",
]
