"""What accounts may do while a payment is disputed, as the settings say; all again when none is.

It is one of the limits on an account: what staff or a rule has limited besides stays as it is.
"""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import select

from brokerage.payments.disputes import queries as disputes
from brokerage.payments.events import DepositDisputed, DisputeEnded
from brokerage.payments.settings import PaymentsSettings
from brokerage.trading.connector import Access
from brokerage.trading.events import RequestReady
from brokerage.trading.lifecycle import limiting, sending
from brokerage.trading.model import AccountState, TradingAccount
from stoa.tenancy.door import OpenWork
from stoa.theming.texts import N_

DISPUTED: Final = N_("A payment is disputed: trading is restricted until it is settled.")
_SOURCE: Final = "dispute"
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
                TradingAccount.login.is_not(None),
                TradingAccount.state.in_((AccountState.ACTIVE, AccountState.RESTRICTED)),
            )
        )
    await _limit(open_work, found, access)


async def ended(open_work: OpenWork, fact: DisputeEnded) -> None:
    """Give back what a dispute took, unless another one is open; other limits stay."""
    async with open_work() as work:
        if await disputes.standing(work, fact.client) == "open":
            return
        found = await work.rows(
            select(TradingAccount.id).where(
                TradingAccount.client == fact.client,
                TradingAccount.limits.has_key(_SOURCE),
            )
        )
    await _limit(open_work, found, None)


async def _limit(open_work: OpenWork, accounts: Sequence[UUID], access: Access | None) -> None:
    """Write the limit down and send it. Raises Unavailable to be tried again: it is sent once."""
    for account in accounts:
        async with open_work() as work:
            row = await work.lock(TradingAccount, account)
            if ((row.limits or {}).get(_SOURCE) is None) is (access is None):
                continue
            if access is not None and access not in limiting.possible(work, row.server):
                work.record("access not possible", account=str(account), access=str(access))
                continue
            made = await limiting.limit(work, row, _SOURCE, access, DISPUTED)
        await sending.send(open_work, RequestReady(request=made.id))
