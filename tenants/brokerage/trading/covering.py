"""Accounts that ended below zero: the house covers the loss, or the client owes it; once.

A stop-out cannot always close in time, and a balance falls below zero. The server is asked anew, with
no transaction open; what it says is written down, waits for a person above the limit, and goes to the
server as any other money does: claimed, told once, concluded (`transfers`).

    await sweep(open_work)                       finds accounts below zero and covers them
    await approve / decline (work, transfer)     a person's word on what is above the limit
    await collect(work, transfer)                what the client owes for it, from the wallet
"""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID

from sqlalchemy import and_, func, or_, select

from brokerage.clients import queries as clients
from brokerage.clients.model import Client
from brokerage.ledger import accounts as ledger
from brokerage.ledger import kinds, posting, rates
from brokerage.ledger.accounts import Account as LedgerAccountOf
from brokerage.ledger.model import Entry, LedgerBalance
from brokerage.trading import servers
from brokerage.trading.events import AccountBelowZero, TransferAsked
from brokerage.trading.model import AccountState, TradingAccount, Transfer, TransferState
from brokerage.trading.permissions import Trading
from brokerage.trading.settings import TradingSettings
from brokerage.trading.terms import terms
from stoa.kernel.money import Money
from stoa.kernel.refusals import Conflict, Invalid, NotFound, Refusal
from stoa.notices import notices
from stoa.tenancy.door import OpenWork
from stoa.tenancy.work import Work
from stoa.theming.texts import N_

COVER: Final = "cover"
HOUSE: Final = "house"
CLIENT: Final = "client"
_BATCH: Final = 50
_REST: Final = timedelta(hours=1)
"""How long a server that refused is left alone."""
_OPEN: Final = (TransferState.WAITING, TransferState.HELD, TransferState.SENDING)

kinds.learn(
    "loss-owed",
    N_("Loss beyond the balance"),
    "receipt-2",
    N_("An account fell below zero; the client owes it."),
)
kinds.learn(
    "loss-collected",
    N_("Collected"),
    "cash",
    N_("What the client owed was taken from the wallet."),
)


async def sweep(open_work: OpenWork) -> None:
    """Every half minute: accounts that were told to be below zero, with nothing open any more."""
    async with open_work() as work:
        covered = select(Transfer.account).where(
            Transfer.direction == COVER,
            or_(
                Transfer.state.in_(_OPEN),
                and_(
                    Transfer.state == TransferState.REFUSED,
                    Transfer.done_at > work.now - _REST,
                ),
                and_(
                    Transfer.state == TransferState.CANCELLED,
                    Transfer.decided_by.is_not(None),
                    Transfer.account == TradingAccount.id,
                    Transfer.amount == -TradingAccount.balance,
                ),
            ),
        )
        rows = list(
            await work.table(
                select(TradingAccount.id, TradingAccount.server)
                .where(
                    TradingAccount.kind == "live",
                    TradingAccount.login.is_not(None),
                    TradingAccount.state.in_((AccountState.ACTIVE, AccountState.RESTRICTED)),
                    TradingAccount.balance < 0,
                    TradingAccount.equity < 0,
                    TradingAccount.margin == 0,
                    TradingAccount.id.not_in(covered.correlate(TradingAccount)),
                )
                .order_by(TradingAccount.told_at)
                .limit(_BATCH)
            )
        )
    for row in rows:
        try:
            await look(open_work, row.id)
        except Refusal:
            continue


async def look(open_work: OpenWork, account: UUID) -> UUID | None:
    """Ask the server now, and write down what has to be covered; the transfer, if one was made."""
    async with open_work() as work:
        row = await work.get(TradingAccount, account)
        if row.kind != "live" or row.login is None:
            return None
        connector = await servers.connect(work, row.server)
        login, asked_at = row.login, work.now
    told = await connector.get_account(login)
    if told.balance >= 0 or told.equity >= 0 or told.margin > 0:
        return None
    async with open_work() as work:
        return await _write_down(work, account, -told.balance, asked_at)


async def _write_down(work: Work, account: UUID, loss: Decimal, asked_at: datetime) -> UUID | None:
    row = await work.lock(TradingAccount, account)
    # What was sent since the server was asked may not be in what it answered.
    since = await work.first(
        select(Transfer.id).where(
            Transfer.account == account,
            Transfer.direction == COVER,
            (Transfer.state.in_(_OPEN)) | (Transfer.sent_at >= asked_at),
        )
    )
    money = Money(loss, row.currency).rounded()
    if since is not None or not money:
        return None
    rules = work.settings(TradingSettings).negative
    pack, _ = await terms(work, row.client)
    alone = await _alone(work, money)
    transfer = Transfer(
        id=work.new_id(),
        client=row.client,
        account=row.id,
        direction=COVER,
        payer=rules.payer(pack),
        amount=money.amount,
        currency=money.currency,
        state=TransferState.HELD if alone else TransferState.WAITING,
        asked_at=work.now,
    )
    work.add(transfer)
    work.subject = row.client
    await work.flush()
    work.record("account below zero", account=str(row.id), amount=str(money), payer=transfer.payer)
    work.tell(AccountBelowZero(account=row.id, client=row.client, transfer=transfer.id))
    if alone:
        work.tell(TransferAsked(transfer=transfer.id))
    work.announce("desk|negative", f"client:{row.client}|accounts")
    return transfer.id


async def _alone(work: Work, money: Money) -> bool:
    """Whether it is so little that no person need look. Without a rate it is not."""
    most = work.settings(TradingSettings).negative.alone.money
    try:
        return await rates.convert(work, money, most.currency) <= most
    except rates.NoRate:
        return False


async def needless(open_work: OpenWork, transfer: UUID) -> bool:
    """Whether a cover that was never sent is not needed any more: the account is at zero again, or
    lost another amount since. It is taken back then, and what is true now is looked at anew.
    """
    async with open_work() as work:
        row = await work.get(Transfer, transfer)
        if row.direction != COVER or row.state != TransferState.HELD or row.sent_at is not None:
            return False
        account = await work.get(TradingAccount, row.account)
        connector = await servers.connect(work, account.server)
        login, amount = account.login or 0, row.amount
    told = await connector.get_account(login)
    if told.balance == -amount and told.equity < 0:
        return False
    async with open_work() as work:
        row = await work.lock(Transfer, transfer)
        if row.state == TransferState.HELD:
            row.move(TransferState.CANCELLED)
            row.done_at, row.why = work.now, "the balance has changed since"
            work.announce("desk|negative")
    return True


async def seen(work: Work, transfer: UUID) -> Transfer:
    """A cover of a client the reader may see. Raises NotFound."""
    row = await work.get(Transfer, transfer)
    await clients.seen(work, row.client)
    if row.direction != COVER:
        raise NotFound
    return row


async def approve(work: Work, transfer: UUID) -> Transfer:
    """A person's yes; it is sent next. Raises Conflict when it does not wait any more."""
    row = await _waiting(work, transfer)
    row.move(TransferState.HELD)
    row.decided_by = work.actor.id
    work.tell(TransferAsked(transfer=row.id))
    work.announce("desk|negative")
    return row


async def decline(work: Work, transfer: UUID, why: str) -> Transfer:
    """A person's no: the account stays below zero, and is not asked about again until it moves."""
    row = await _waiting(work, transfer)
    if len(why.strip()) < 3:
        raise Invalid("Say why, in a few words.", field="reason")
    row.move(TransferState.CANCELLED)
    row.decided_by, row.done_at, row.why = work.actor.id, work.now, why.strip()[:400]
    work.announce("desk|negative")
    return row


async def _waiting(work: Work, transfer: UUID) -> Transfer:
    work.require(Trading.COVER)
    await seen(work, transfer)
    row = await work.lock(Transfer, transfer)
    work.subject = row.client
    if row.state != TransferState.WAITING:
        raise Conflict("This does not wait for anybody any more. Nothing was moved.")
    return row


def claim(work: Work, row: Transfer) -> LedgerAccountOf:
    """What a client owes for one loss beyond the balance."""
    return ledger.receivable(work, row.client, row.currency, ("transfer", row.id))


async def book(work: Work, row: Transfer) -> None:
    """The server has credited the account: whose loss it was, as an entry of its own."""
    money = Money(row.amount, row.currency)
    platform = ledger.platform(work, row.client, row.currency, row.account)
    house = row.payer == HOUSE
    source = ledger.house(work, "negative-balance", row.currency) if house else claim(work, row)
    await posting.post(
        work,
        operation=f"cover:{row.id}",
        kind="negative-balance" if house else "loss-owed",
        legs=posting.moving(source, platform, money),
        ref=("transfer", row.id),
        despite_freeze=True,
    )
    title = (
        N_("Your account was below zero; we have brought it back to zero")
        if house
        else N_("Your account was below zero by {amount}; you owe it")
    )
    places = {} if house else {"amount": str(money)}
    await notices.tell(work, row.client, title, path=f"/accounts/{row.account}", **places)
    work.announce("desk|negative")


async def owed(work: Work, row: Transfer) -> Money:
    """What is still owed for it; zero or more."""
    found = await work.value(
        select(LedgerBalance.balance).where(LedgerBalance.account == claim(work, row).id)
    )
    return -Money(found or Decimal(0), row.currency)


async def collect(work: Work, transfer: UUID) -> Money:
    """Take what is owed from the wallet, as far as it is there. Raises Conflict for nothing."""
    work.require(Trading.COVER)
    await work.lock(Client, (await seen(work, transfer)).client)
    row = await work.lock(Transfer, transfer)
    work.subject = row.client
    wallet = ledger.client_wallet(work, row.client, row.currency)
    await ledger.ensure(work, [wallet])
    available = Money((await work.lock(LedgerBalance, wallet.id)).balance, row.currency)
    money = min(available, await owed(work, row), key=lambda one: one.amount)
    if money.amount <= 0:
        raise Conflict("Nothing is owed, or nothing is in the wallet now. Nothing was moved.")

    taken = select(func.count()).where(Entry.ref == row.id, Entry.kind == "loss-collected")
    await posting.post(
        work,
        operation=f"cover:{row.id}:collect:{1 + int(await work.value(taken) or 0)}",
        kind="loss-collected",
        legs=posting.moving(wallet, claim(work, row), money),
        ref=("transfer", row.id),
        despite_freeze=True,
    )
    work.announce("desk|negative")
    return money
