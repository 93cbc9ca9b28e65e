"""What an account without swaps costs: taken once as it is granted, given back where it fails."""

from decimal import Decimal
from typing import Final

from brokerage.fees import charging
from brokerage.ledger import accounts as ledger
from brokerage.ledger.posting import NotCovered
from brokerage.trading.lifecycle.model import AccountRequest, Wish
from brokerage.trading.model import TradingAccount
from stoa.kernel.money import Money
from stoa.kernel.refusals import Conflict
from stoa.tenancy.work import Work

FEE: Final = "swap-free"


async def charge(work: Work, row: AccountRequest, account: TradingAccount) -> None:
    """Nothing where the terms name no fee or the account is a demo. Raises Conflict."""
    stated = row.wants.get("fee")
    if row.kind != Wish.SWAP_FREE or not stated or account.kind != "live":
        return
    fee = Money(Decimal(stated["amount"]), stated["currency"])
    try:
        await charging.charge(
            work,
            ledger.client_wallet(work, row.client, fee.currency),
            fee,
            what=FEE,
            subject=row.id,
            ref=("trading-account", account.id),
            reason=FEE,
        )
    except NotCovered as why:
        raise Conflict(
            "The fee of {fee} is not in the wallet. Put it there first; nothing was changed.",
            code="fee-not-there",
            fee=str(fee),
        ) from why


async def give_back(work: Work, row: AccountRequest, why: str) -> None:
    """The fee of a request that came to nothing; nothing where none was charged."""
    if row.kind == Wish.SWAP_FREE and row.wants.get("fee"):
        await charging.refund(work, what=FEE, subject=row.id, why=why)
