"""What accounts may do while a payment is disputed, as the settings say; all again when none is.

Setting the same access twice changes nothing, so a call without an answer is made again.
"""

from typing import Final
from uuid import UUID

from sqlalchemy import select

from brokerage.payments.disputes import queries as disputes
from brokerage.payments.events import DepositDisputed, DisputeEnded
from brokerage.payments.settings import PaymentsSettings
from brokerage.trading import servers
from brokerage.trading.connector import Access
from brokerage.trading.model import AccountState, TradingAccount
from stoa.connectors.outcomes import Confirmed, Refused
from stoa.kernel.refusals import Unavailable
from stoa.tenancy.door import OpenWork
from stoa.theming.texts import N_

DISPUTED: Final = N_("A payment is disputed: trading is restricted until it is settled.")
_LEVELS: Final = {"close-only": Access.CLOSE_ONLY, "no-trading": Access.NO_TRADING}


async def disputed(open_work: OpenWork, fact: DepositDisputed) -> None:
    """Restrict the client's live accounts, as far as their platform can."""
    async with open_work() as work:
        access = _LEVELS.get(work.settings(PaymentsSettings).disputes.accounts)
        if access is None:
            return
        if await disputes.standing(work, fact.client) != "open":
            return
        found = await work.rows(
            select(TradingAccount.id).where(
                TradingAccount.client == fact.client,
                TradingAccount.kind == "live",
                TradingAccount.state == AccountState.ACTIVE,
            )
        )
    for account in list(found):
        await _set(open_work, account, access)


async def ended(open_work: OpenWork, fact: DisputeEnded) -> None:
    """Give back what a dispute took, unless another one is open; what staff restricted stays."""
    async with open_work() as work:
        if await disputes.standing(work, fact.client) == "open":
            return
        found = await work.rows(
            select(TradingAccount.id).where(
                TradingAccount.client == fact.client,
                TradingAccount.state == AccountState.RESTRICTED,
                TradingAccount.why == DISPUTED,
            )
        )
    for account in list(found):
        await _set(open_work, account, Access.FULL)


async def _set(open_work: OpenWork, account: UUID, access: Access) -> None:
    """Tell the server and write down what it confirmed. Raises Unavailable to be tried again."""
    async with open_work() as work:
        row = await work.get(TradingAccount, account)
        if row.login is None:
            return
        connector, login = await servers.connect(work, row.server), row.login
        if access not in connector.capabilities.access:
            work.record("access not possible", account=str(account), access=str(access))
            return
    outcome = await connector.set_access(login, access)
    if isinstance(outcome, Refused) and not outcome.technical:
        return
    if not isinstance(outcome, Confirmed):
        raise Unavailable("The trading server did not confirm it.", code="no-answer")
    async with open_work() as work:
        row = await work.lock(TradingAccount, account)
        if access is not Access.FULL and row.state == AccountState.ACTIVE:
            row.move(AccountState.RESTRICTED)
            row.why = DISPUTED
        elif access is Access.FULL and row.state == AccountState.RESTRICTED:
            row.move(AccountState.ACTIVE)
            row.why = None
        work.announce(f"client:{row.client}|accounts")
