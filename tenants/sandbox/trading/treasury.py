"""Money in and out of accounts: balance operations, each of them one deal."""

from sandbox.trading import guard
from sandbox.trading.amounts import LIMIT
from sandbox.trading.book import Account
from sandbox.trading.floor import Floor
from sandbox.trading.records import Action, Deal, Reason
from sandbox.trading.retcodes import RefusedError, Ret
from sandbox.trading.rules import COMMENT
from sandbox.trading.valuation import worth

OPERATIONS = frozenset(
    {Action.BALANCE, Action.CREDIT, Action.CHARGE, Action.CORRECTION, Action.BONUS}
)


def move(
    floor: Floor,
    account: Account,
    action: int,
    amount: int,
    at: int,
    *,
    comment: str = "",
    check_margin: bool = True,
    forced: bool = False,
    dealer: int = 0,
) -> Deal:
    """Add or take money. Nothing is taken beyond the balance (or the credit given) unless forced.

    Raises:
        RefusedError: PARAMS, TRADE_MAX_MONEY or NO_MONEY.
    """
    if action not in OPERATIONS or amount == 0:
        raise RefusedError(Ret.PARAMS)
    if abs(amount) > LIMIT * 10 ** floor.group(account).digits:
        raise RefusedError(Ret.TRADE_MAX_MONEY)
    if amount < 0 and not forced:
        held = account.credit if action == Action.CREDIT else account.balance
        if -amount > held or (check_margin and -amount > worth(floor, account, at).free):
            raise RefusedError(Ret.NO_MONEY)
    deal = Deal(
        deal=floor.book.next_deal(),
        login=account.login,
        action=action,
        time=at,
        profit=amount,
        comment=comment[:COMMENT],
        reason=Reason.DEALER,
        dealer=dealer,
    )
    floor.commit(account, [deal])
    guard.check_margin(floor, account, at)
    return deal
