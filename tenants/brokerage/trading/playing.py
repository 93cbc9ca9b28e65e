"""Play money of a demo account: given once, before the account is its owner's.

Until it is there, or refused for good, the account is still being opened: who dies on the way, or hears
no answer, leaves what the next try goes on from. The server is asked for our mark before more is given.
"""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID

import structlog

from brokerage.trading.connector import MoneyKind, TradingConnector, mark
from brokerage.trading.model import TradingAccount
from brokerage.trading.settings import TradingSettings
from stoa.connectors.outcomes import Confirmed, Refused
from stoa.kernel.refusals import Conflict, Unavailable
from stoa.tenancy.work import Work

_MARGIN: Final = timedelta(minutes=2)
log = structlog.get_logger("stoa.trading")


def due(work: Work, row: TradingAccount) -> Decimal:
    """What a new account begins with; nothing where it is live."""
    product = work.settings(TradingSettings).product(row.product)
    if row.kind != "demo" or product is None:
        return Decimal(0)
    return Decimal(product.demo_balance)


async def give(
    connector: TradingConnector,
    account: UUID,
    login: int,
    amount: Decimal,
    *,
    asked_at: datetime,
    tried_at: datetime | None,
    now: datetime,
) -> None:
    """`tried_at`: when it may have been given before; None for an account that was made just now.

    Raises:
        Unavailable: the server could not be told; nothing was given.
        Conflict: the server did not say whether it was.
    """
    if MoneyKind.DEPOSIT not in connector.capabilities.money:
        return
    sign = mark("P", account)
    if tried_at is not None and not connector.capabilities.idempotent_money:
        if await connector.find_balance_op(login, sign, asked_at - _MARGIN) is not None:
            return
        if now - tried_at < connector.settle_after:
            raise Conflict("It is not known yet whether the account has its play money.")
    outcome = await connector.balance_op(login, MoneyKind.DEPOSIT, amount, sign)
    if isinstance(outcome, Confirmed):
        return
    if not isinstance(outcome, Refused):
        raise Conflict("The trading server did not say whether the account has its play money.")
    if outcome.technical:
        raise Unavailable("The trading server does not answer; the account waits for it.")
    # An account to try the terminal with is better than none.
    log.warning("no play money", account=str(account), why=outcome.text or outcome.code)
