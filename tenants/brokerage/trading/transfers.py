"""Money between a wallet and a trading account: claim, call, conclude, and never twice.

To an account: the money is held in the wallet, the server is told, the hold settles. To the
wallet: the server is debited first, and the wallet is credited for the confirmed deal. A server
that did not answer is asked for our mark until it says; nothing is sent again before that, but
to a server that keeps our mark and so takes the second order for the first.
"""

from datetime import timedelta
from typing import Final
from uuid import UUID, uuid5

from brokerage.ledger import accounts as ledger
from brokerage.ledger import posting, wallets
from brokerage.trading import covering, crediting, servers, switches, turns
from brokerage.trading.connector import MoneyKind, mark
from brokerage.trading.events import TransferAsked, TransferDone
from brokerage.trading.model import AccountState, TradingAccount, Transfer, TransferState
from brokerage.trading.permissions import Trading
from brokerage.trading.settings import Right
from stoa.connectors.outcomes import Confirmed, Refused, Unknown
from stoa.kernel.faultpoints import faultpoint
from stoa.kernel.ids import uuid7
from stoa.kernel.money import Money
from stoa.kernel.refusals import Conflict, Denied, Invalid, NotFound, Refusal, Unavailable
from stoa.tenancy.door import OpenWork
from stoa.tenancy.work import Work

TO_ACCOUNT: Final = "to-account"
TO_WALLET: Final = "to-wallet"
_KINDS: Final = {
    TO_ACCOUNT: MoneyKind.DEPOSIT,
    TO_WALLET: MoneyKind.WITHDRAWAL,
    covering.COVER: MoneyKind.DEPOSIT,
    crediting.IN: MoneyKind.CREDIT_IN,
    crediting.OUT: MoneyKind.CREDIT_OUT,
}
_TAKES: Final = (AccountState.ACTIVE, AccountState.RESTRICTED)
_ASK_AGAIN_S: Final = 5
_ASK_MOST_S: Final = 120
_KEPT: Final = timedelta(hours=1)
_AGAIN: Final = 60
"""So long and so often a server that keeps our reference is told an order again: none says how long."""


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
    if to.id == account or to.kind != "live" or to.state not in _TAKES or to.login is None:
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
    if row.state not in _TAKES or row.login is None:
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
        id=key or uuid7(int(work.now.timestamp() * 1000)),
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
    await _release(work, row, "cancelled by the client")
    await turns.ring(work, row.account)
    return row


async def _release(work: Work, row: Transfer, why: str) -> None:
    if row.direction == TO_ACCOUNT:
        aside = ledger.hold(work, row.client, row.currency, ("transfer", row.id))
        await wallets.release(work, aside.id, reason=why)
    work.announce(f"client:{row.client}|wallets", f"client:{row.client}|accounts")


async def send(open_work: OpenWork, fact: TransferAsked) -> None:
    """Claim the transfer, tell the server, conclude. Safe to repeat."""
    if await covering.needless(open_work, fact.transfer):
        return
    async with open_work() as work:
        account = await work.lock(TradingAccount, (await work.get(Transfer, fact.transfer)).account)
        row = await work.lock(Transfer, fact.transfer)
        if row.state == TransferState.SENDING:
            known = True
        elif row.state == TransferState.HELD:
            if await turns.first(work, account.id) != ("transfer", row.id):
                return
            known = False
            row.move(TransferState.SENDING)
            row.sent_at, row.tries = work.now, row.tries + 1
            row.next_ask_at = work.now + timedelta(seconds=_ASK_AGAIN_S)
        else:
            return
        connector = await servers.connect(work, account.server)
        login, amount, direction = account.login or 0, row.amount, row.direction
    if known:
        # Somebody claimed it and did not conclude: the server may know. Ask, never send.
        await look(open_work, fact.transfer)
        return
    faultpoint("transfer.claimed")
    try:
        outcome = await connector.balance_op(
            login, _KINDS[direction], amount, mark("T", fact.transfer)
        )
    except Unavailable:
        await _back_to_held(open_work, fact.transfer)
        raise
    faultpoint("transfer.answered")
    await conclude(open_work, fact.transfer, outcome)


async def _back_to_held(open_work: OpenWork, transfer: UUID) -> None:
    """Nothing left this machine: the transfer waits in its order for the server to return."""
    async with open_work() as work:
        row = await work.lock(Transfer, transfer)
        if row.state == TransferState.SENDING:
            row.move(TransferState.HELD)
            row.next_ask_at = work.now + turns.pause(row.tries)


async def conclude(open_work: OpenWork, transfer: UUID, outcome: object) -> None:
    """Write down what the server answered; what it did not answer stays SENDING."""
    async with open_work() as work:
        row = await work.lock(Transfer, transfer)
        if row.state != TransferState.SENDING:
            return
        if isinstance(outcome, Confirmed):
            number = outcome.reference  # Some platforms have no number of their own for it.
            await _done(work, row, int(number) if number.isdecimal() else 0)
        elif isinstance(outcome, Refused):
            if outcome.technical:
                row.move(TransferState.HELD)
                row.next_ask_at = work.now + timedelta(seconds=_ASK_AGAIN_S)
                return
            row.move(TransferState.REFUSED)
            why = (outcome.text or outcome.code)[:400]
            row.why, row.done_at = why, work.now
            await _release(work, row, why)
            await turns.ring(work, row.account)


async def _done(work: Work, row: Transfer, deal: int) -> None:
    money = Money(row.amount, row.currency)
    platform = ledger.platform(work, row.client, row.currency, row.account)
    row.move(TransferState.DONE)
    row.done_at, row.deal, row.next_ask_at = work.now, deal or None, None
    if row.direction == TO_ACCOUNT:
        aside = ledger.hold(work, row.client, row.currency, ("transfer", row.id))
        await wallets.settle(work, aside.id, against=platform, kind="transfer")
    elif row.direction == covering.COVER:
        await covering.book(work, row)
    elif row.direction == TO_WALLET:
        await posting.post(
            work,
            operation=f"transfer:{row.id}",
            kind="transfer",
            legs=posting.moving(
                platform, ledger.client_wallet(work, row.client, row.currency), money
            ),
            ref=("transfer", row.id),
            despite_freeze=True,
        )
        if row.onward is not None:
            await _go_on(work, row, row.onward, money)
    work.tell(
        TransferDone(
            transfer=row.id,
            client=row.client,
            account=row.account,
            direction=row.direction,
            amount=money.text(),
            currency=row.currency,
        )
    )
    work.announce(f"client:{row.client}|wallets", f"client:{row.client}|accounts")
    await turns.ring(work, row.account)


async def _go_on(work: Work, row: Transfer, onward: UUID, money: Money) -> None:
    """From the wallet on to the other account, in the transaction in which it arrived there.

    Its id follows from the first one's, so that it is made once. Where that account takes nothing
    any more, or the wallet owes what arrived, the money stays in the wallet.
    """
    to = await work.get(TradingAccount, onward)
    if to.state not in _TAKES:
        return
    second = second_of(row.id)
    try:
        await wallets.hold(work, row.client, money, cause=("transfer", second))
    except (Conflict, Invalid) as why:
        # A wallet that was frozen meanwhile lets nothing out again: there it stays.
        work.record("transfer not taken on", transfer=str(row.id), why=why.code)
        return
    work.add(
        Transfer(
            id=second,
            client=row.client,
            account=to.id,
            direction=TO_ACCOUNT,
            amount=row.amount,
            currency=row.currency,
            state=TransferState.HELD,
            asked_at=work.now,
        )
    )
    await work.flush()
    work.tell(TransferAsked(transfer=second))


def second_of(first: UUID) -> UUID:
    """The transfer that takes on what a first one brought to the wallet."""
    return uuid5(first, "onward")


async def look(open_work: OpenWork, transfer: UUID) -> None:
    """Ask the server whether it has our mark; only a definite no lets the money go back.

    A server that keeps our reference is told the same order again, while it surely still keeps it:
    that is the same operation, and its answer is the first one's.
    """
    async with open_work() as work:
        row = await work.get(Transfer, transfer)
        if row.state != TransferState.SENDING or row.sent_at is None:
            return
        account = await work.get(TradingAccount, row.account)
        connector = await servers.connect(work, account.server)
        login, since, now = account.login or 0, row.sent_at, work.now
        kind, amount = _KINDS[row.direction], row.amount
        begin = row.asked_at if connector.capabilities.idempotent_money else row.sent_at
        again = connector.capabilities.idempotent_money and row.tries < _AGAIN
    if again and now - since < _KEPT:
        outcome = await connector.balance_op(login, kind, amount, mark("T", transfer))
        if isinstance(outcome, Confirmed):
            await conclude(open_work, transfer, outcome)
            return
        if isinstance(outcome, Unknown):
            await _unknown_again(open_work, transfer)
            return
        # A refusal tells of the second order, and nothing of the first: that one is looked for.
    found = await connector.find_balance_op(
        login, mark("T", transfer), begin - timedelta(minutes=2)
    )
    faultpoint("transfer.looked")
    async with open_work() as work:
        row = await work.lock(Transfer, transfer)
        if row.state != TransferState.SENDING:
            return
        if found is not None:
            await _done(work, row, found.deal)
        elif now - since > connector.settle_after:
            row.move(TransferState.HELD)
            row.next_ask_at = None
        else:
            _ask_later(work, row)


async def _unknown_again(open_work: OpenWork, transfer: UUID) -> None:
    """The order was given again and may yet be carried out: its time begins anew."""
    async with open_work() as work:
        row = await work.lock(Transfer, transfer)
        if row.state == TransferState.SENDING:
            row.sent_at = work.now
            _ask_later(work, row)


def _ask_later(work: Work, row: Transfer) -> None:
    row.tries += 1
    wait = min(_ASK_AGAIN_S * 2 ** min(row.tries, 5), _ASK_MOST_S)
    row.next_ask_at = work.now + timedelta(seconds=wait)


async def sweep(open_work: OpenWork) -> None:
    """Every few seconds: ask again for what is open, and send what waited for its server.

    A server that does not answer is left alone for the rest of the pass: the others go on.
    """
    async with open_work() as work:
        rows = await turns.due(work, "transfer")
    silent: set[str] = set()
    for row in rows:
        if row.server in silent:
            continue
        try:
            if row.state == TransferState.SENDING:
                await look(open_work, row.id)
            else:
                await send(open_work, TransferAsked(transfer=row.id))
        except Unavailable:
            silent.add(row.server)
        except Refusal:
            continue
