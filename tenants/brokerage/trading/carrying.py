"""What was asked to move between a wallet and a trading account: claim, call, conclude, never twice.

To an account: the money is held in the wallet, the server is told, the hold settles. To the
wallet: the server is debited first, and the wallet is credited for the confirmed deal. A server
that did not answer is asked for our mark until it says; nothing is sent again before that, but
to a server that keeps our mark and so takes the second order for the first.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select

from brokerage.ledger import accounts as ledger
from brokerage.ledger import posting, wallets
from brokerage.trading import covering, crediting, servers, transfers, turns
from brokerage.trading.connector import MoneyKind, mark
from brokerage.trading.events import TransferAsked, TransferDone
from brokerage.trading.model import TradingAccount, Transfer, TransferState
from brokerage.trading.permissions import Trading
from brokerage.trading.settings import TradingSettings
from brokerage.trading.transfers import TO_ACCOUNT, TO_WALLET
from stoa.connectors.outcomes import Confirmed, Refused, Unknown
from stoa.identity import roles
from stoa.kernel.faultpoints import faultpoint
from stoa.kernel.money import Money
from stoa.kernel.refusals import Conflict, Invalid, Unavailable
from stoa.notices import notices
from stoa.tenancy.door import OpenWork
from stoa.tenancy.work import Work
from stoa.theming.texts import N_

_KINDS: Final = {
    TO_ACCOUNT: MoneyKind.DEPOSIT,
    TO_WALLET: MoneyKind.WITHDRAWAL,
    covering.COVER: MoneyKind.DEPOSIT,
    crediting.IN: MoneyKind.CREDIT_IN,
    crediting.OUT: MoneyKind.CREDIT_OUT,
}
_ASK_AGAIN_S: Final = 5
_ASK_MOST_S: Final = 120
_KEPT: Final = timedelta(hours=1)
_AGAIN: Final = 60
"""So long and so often a server that keeps our reference is told an order again: none says how long."""


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
        await turns.not_sent(open_work, Transfer, fact.transfer, TransferState.HELD)
        raise
    faultpoint("transfer.answered")
    await conclude(open_work, fact.transfer, outcome)


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
            await transfers.release(work, row, why)
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
    if to.state not in transfers.TAKES:
        return
    second = transfers.second_of(row.id)
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
            row.next_ask_at = row.unknown_since = row.unknown_told_at = None
        else:
            await _ask_later(work, row)


async def _unknown_again(open_work: OpenWork, transfer: UUID) -> None:
    """The order was given again and may yet be carried out: its time begins anew."""
    async with open_work() as work:
        row = await work.lock(Transfer, transfer)
        if row.state == TransferState.SENDING:
            row.sent_at = work.now
            await _ask_later(work, row)


async def _ask_later(work: Work, row: Transfer) -> None:
    row.tries += 1
    wait = min(_ASK_AGAIN_S * 2 ** min(row.tries, 5), _ASK_MOST_S)
    row.next_ask_at = work.now + timedelta(seconds=wait)
    await _unknown(work, [row])


async def _unknown(work: Work, rows: Sequence[Transfer]) -> None:
    """Nobody can say which side has the money; of what stays so for long people are told, once."""
    late = work.now - timedelta(minutes=work.settings(TradingSettings).unknown_tell_min)
    lasting: list[Transfer] = []
    for row in rows:
        since = row.unknown_since = row.unknown_since or work.now
        if row.unknown_told_at is None and since <= late:
            row.unknown_told_at = work.now
            lasting.append(row)
    if not lasting:
        return
    people = await roles.holders(work, Trading.EDIT)
    accounts = await work.rows(
        select(TradingAccount).where(TradingAccount.id.in_({row.account for row in lasting}))
    )
    known = {account.id: account for account in accounts}
    for row in lasting:
        account = known[row.account]
        await notices.tell_all(
            work,
            people,
            N_("{server} does not say whether it moved {amount} of account {login}: ask it"),
            path=f"/desk/accounts/{account.id}",
            server=account.server,
            amount=str(Money(row.amount, row.currency)),
            login=str(account.login),
        )


async def sweep(open_work: OpenWork) -> None:
    """Every few seconds: ask again for what is open, and send what waited for its server."""

    async def one(row: Any) -> None:
        if row.state == TransferState.SENDING:
            await look(open_work, row.id)
        else:
            await send(open_work, TransferAsked(transfer=row.id))

    left = await turns.pass_over(open_work, "transfer", one)
    sent = [row.id for row in left if row.state == TransferState.SENDING]
    if not sent:
        return
    async with open_work() as work:
        rows = await work.rows(
            select(Transfer)
            .where(Transfer.id.in_(sent), Transfer.state == TransferState.SENDING)
            .order_by(Transfer.id)
            .with_for_update()
        )
        await _unknown(work, rows)
