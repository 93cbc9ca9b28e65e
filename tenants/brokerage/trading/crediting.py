"""Credit on a trading account: what may be traded with and is nobody's money. Same calls, no posting.

    await level(work, cause, account, due)     bring the server's credit of one cause to what is due

Credit moves as a transfer does: claimed, told once, found again by its mark. One at a time for each
cause, so that what was done is known before more is asked for.
"""

from datetime import timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID

from sqlalchemy import case, func, select

from brokerage.trading import connectors
from brokerage.trading.connector import MoneyKind
from brokerage.trading.events import TransferAsked
from brokerage.trading.model import AccountState, TradingAccount, Transfer, TransferState
from brokerage.trading.settings import TradingSettings
from stoa.kernel.money import Money
from stoa.tenancy.work import Work

IN: Final = "credit-in"
OUT: Final = "credit-out"
BOTH: Final = (IN, OUT)
_OPEN: Final = (TransferState.HELD, TransferState.SENDING)
_REST: Final = timedelta(hours=1)


async def account_of(work: Work, client: UUID, currency: str) -> TradingAccount | None:
    """The client's oldest live account of a currency that is open, on a server that takes credit."""
    rows = await work.rows(
        select(TradingAccount)
        .where(
            TradingAccount.client == client,
            TradingAccount.kind == "live",
            TradingAccount.currency == currency,
            TradingAccount.login.is_not(None),
            TradingAccount.state.in_((AccountState.ACTIVE, AccountState.RESTRICTED)),
        )
        .order_by(TradingAccount.opened_at, TradingAccount.id)
        .limit(20)
    )
    return next((row for row in rows if _takes_credit(work, row.server)), None)


def _takes_credit(work: Work, server: str) -> bool:
    known = work.settings(TradingSettings).server(server)
    if known is None:
        return False
    able = connectors.named(known.connector).capabilities.money
    return {MoneyKind.CREDIT_IN, MoneyKind.CREDIT_OUT} <= able


async def there(work: Work, cause: UUID) -> tuple[Decimal, UUID | None]:
    """What of a cause the server has confirmed, and on which account."""
    signed = case((Transfer.direction == IN, Transfer.amount), else_=-Transfer.amount)
    rows = await work.table(
        select(Transfer.account, func.sum(signed).label("credit"))
        .where(Transfer.cause == cause, Transfer.state == TransferState.DONE)
        .group_by(Transfer.account)
    )
    return (rows[0].credit, rows[0].account) if rows else (Decimal(0), None)


def _over(work: Work, last: Transfer) -> bool:
    """Whether the newest movement is known to have ended, and a refused one has rested."""
    if last.state in _OPEN:
        return False
    refused = last.state == TransferState.REFUSED and last.done_at is not None
    return not refused or work.now - (last.done_at or work.now) >= _REST


async def level(work: Work, cause: UUID, client: UUID, due: Money) -> Transfer | None:
    """Ask the server for the difference; None where there is none, or one is under way already.

    What a server refused is asked again an hour later: credit that is taken back while it carries
    open positions has to wait for them.
    """
    last = await work.first(
        select(Transfer).where(Transfer.cause == cause).order_by(Transfer.id.desc()).limit(1)
    )
    if last is not None and not _over(work, last):
        return None
    held, where = await there(work, cause)
    account = (
        await work.get(TradingAccount, where)
        if where is not None and held
        else await account_of(work, client, due.currency)
    )
    if account is None or due.amount == held:
        return None
    if account.state not in {AccountState.ACTIVE, AccountState.RESTRICTED}:
        return None
    row = Transfer(
        id=work.new_id(),
        client=client,
        account=account.id,
        direction=IN if due.amount > held else OUT,
        cause=cause,
        amount=abs(due.amount - held),
        currency=due.currency,
        state=TransferState.HELD,
        asked_at=work.now,
    )
    work.add(row)
    await work.flush()
    work.tell(TransferAsked(transfer=row.id))
    work.announce(f"client:{client}|accounts")
    return row
