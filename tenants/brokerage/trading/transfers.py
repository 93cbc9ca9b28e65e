"""Asking for money to move between a wallet and a trading account, and taking that back.

To an account, the money is held in the wallet at once; `carrying` brings it there.
"""

from typing import Final
from uuid import UUID, uuid5

from brokerage.ledger import accounts as ledger
from brokerage.ledger import wallets
from brokerage.trading import switches, turns
from brokerage.trading.events import TransferAsked
from brokerage.trading.model import AccountState, TradingAccount, Transfer, TransferState
from brokerage.trading.permissions import Trading
from brokerage.trading.settings import Right
from stoa.kernel.money import Money
from stoa.kernel.refusals import Conflict, Denied, NotFound
from stoa.tenancy.work import Work

TO_ACCOUNT: Final = "to-account"
TO_WALLET: Final = "to-wallet"
TAKES: Final = (AccountState.ACTIVE, AccountState.RESTRICTED)


async def to_account(
    work: Work, account: UUID, money: Money, *, key: UUID | None = None
) -> Transfer:
    """Ask to move money from the owner's wallet; it is held at once. `key` makes it one request."""
    return await _ask(work, account, money, TO_ACCOUNT, key)


async def to_wallet(
    work: Work, account: UUID, money: Money, *, key: UUID | None = None
) -> Transfer:
    """Ask to move money from the account into the owner's wallet."""
    return await _ask(work, account, money, TO_WALLET, key)


async def between(
    work: Work, account: UUID, onward: UUID, money: Money, *, key: UUID | None = None
) -> Transfer:
    """Ask to move money from an account to another one of the same owner, by way of the wallet."""
    to = await work.get(TradingAccount, onward)
    work.actor.own(to.client)
    if to.id == account or to.kind != "live" or to.state not in TAKES or to.login is None:
        raise Conflict("That account cannot take transfers now. Nothing was moved.")
    if to.currency != money.currency:
        raise Conflict(
            "That account is kept in {currency}; exchange first. Nothing was moved.",
            currency=to.currency,
        )
    switches.must_be_open(work, to, "transfer")
    return await _ask(work, account, money, TO_WALLET, key, onward)


async def _ask(
    work: Work,
    account: UUID,
    money: Money,
    direction: str,
    key: UUID | None,
    onward: UUID | None = None,
) -> Transfer:
    row = await work.lock(TradingAccount, account)
    work.require(Trading.OWN)
    work.actor.own(row.client)
    if key is not None:
        known = await work.session.get(Transfer, key)
        if known is not None:
            same = (known.account, known.amount, known.direction, known.onward)
            if same != (account, money.amount, direction, onward):
                raise Conflict("This form was sent before with other values. Nothing was moved.")
            return known
    if row.state not in TAKES or row.login is None:
        raise Conflict("This account cannot take transfers now. Nothing was moved.")
    if row.kind != "live":
        raise Denied("A demo account holds play money. Nothing was moved.")
    if money.currency != row.currency:
        raise Conflict(
            "This account is kept in {currency}; exchange first. Nothing was moved.",
            currency=row.currency,
        )
    right: Right = "transfer" if onward else "deposit" if direction == TO_ACCOUNT else "withdrawal"
    switches.must_be_open(work, row, right)

    transfer = Transfer(
        id=key or work.new_id(),
        client=row.client,
        account=row.id,
        direction=direction,
        amount=money.amount,
        currency=money.currency,
        state=TransferState.HELD,
        asked_at=work.now,
        onward=onward,
    )
    work.add(transfer)
    await work.flush()
    if direction == TO_ACCOUNT:
        await wallets.hold(work, row.client, money, cause=("transfer", transfer.id))
    work.tell(TransferAsked(transfer=transfer.id))
    work.announce(f"client:{row.client}|wallets", f"client:{row.client}|accounts")
    return transfer


async def cancel(work: Work, transfer: UUID) -> Transfer:
    """Take a transfer back before it is sent; what was held is available again."""
    row = await work.lock(Transfer, transfer)
    work.require(Trading.OWN)
    work.actor.own(row.client)
    if row.direction not in {TO_ACCOUNT, TO_WALLET}:
        raise NotFound

    row.move(TransferState.CANCELLED)
    await release(work, row, "cancelled by the client")
    await turns.ring(work, row.account)
    return row


async def release(work: Work, row: Transfer, why: str) -> None:
    """What was held for it is the client's to use again."""
    if row.direction == TO_ACCOUNT:
        aside = ledger.hold(work, row.client, row.currency, ("transfer", row.id))
        await wallets.release(work, aside.id, reason=why)
    work.announce(f"client:{row.client}|wallets", f"client:{row.client}|accounts")


def second_of(first: UUID) -> UUID:
    """The transfer that takes on what a first one brought to the wallet."""
    return uuid5(first, "onward")
