"""Which money operations an account takes part in: its product's rights, less what staff switched off.

must_be_open(work, account, "withdrawal")           in every verb that moves money
await set_right(work, account, "deposit", on=False, why="...")
"""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import or_, select

from brokerage.clients import queries as clients
from brokerage.trading.model import AccountState, TradingAccount
from brokerage.trading.permissions import Trading
from brokerage.trading.settings import RIGHTS, Right, TradingSettings
from stoa.kernel.refusals import Conflict, Denied, Invalid
from stoa.tenancy.work import Work
from stoa.theming import words
from stoa.theming.texts import N_

NAMES: Final[dict[Right, str]] = {
    "deposit": N_("Money into the account"),
    "withdrawal": N_("Money out of the account"),
    "transfer": N_("Transfers between accounts"),
    "payout": N_("Payouts to the partner"),
}
words.learn({f"right {key}": text for key, text in NAMES.items()})
_REFUSED: Final[dict[Right, str]] = {
    "deposit": N_(
        "No money can be moved into this account now: {why}. Nothing was moved; write to us."
    ),
    "withdrawal": N_(
        "No money can be moved out of this account now: {why}. Nothing was moved; write to us."
    ),
    "transfer": N_(
        "No money can be moved between accounts here now: {why}. Nothing was moved; write to us."
    ),
    "payout": N_("Payouts to this partner are switched off: {why}. Nothing was paid."),
}
BY_PRODUCT: Final = "-"
"""What stands for a reason where it is the kind of account that has no such right."""


def why_shut(work: Work, row: TradingAccount, right: Right) -> str | None:
    """The reason why an account takes no part in it; None where it does."""
    said = (row.shut or {}).get(right)
    if said is not None:
        return str(said["why"])
    product = work.settings(TradingSettings).product(row.product)
    return BY_PRODUCT if product is not None and right not in product.rights else None


def must_be_open(work: Work, row: TradingAccount, right: Right) -> None:
    """Raises Denied with the reason."""
    why = why_shut(work, row, right)
    if why is not None:
        raise Denied(_REFUSED[right], code=f"{right}-off", why=why)


async def payouts_off(work: Work, partners: Sequence[UUID]) -> dict[UUID, str]:
    """Those of some partners who have a live account with payouts switched off, and why."""
    without = [
        one.code for one in work.settings(TradingSettings).products if "payout" not in one.rights
    ]
    rows = await work.rows(
        select(TradingAccount).where(
            TradingAccount.client.in_(partners),
            TradingAccount.kind == "live",
            TradingAccount.state.not_in((AccountState.ARCHIVED, AccountState.FAILED)),
            or_(TradingAccount.shut.has_key("payout"), TradingAccount.product.in_(without)),
        )
    )
    return {row.client: why_shut(work, row, "payout") or BY_PRODUCT for row in rows}


async def must_pay_out(work: Work, partner: UUID) -> None:
    """Raises Denied where a live account of the partner has payouts switched off."""
    why = (await payouts_off(work, [partner])).get(partner)
    if why is not None:
        raise Denied(_REFUSED["payout"], code="payout-off", why=why)


async def set_right(
    work: Work, account: UUID, right: Right, *, on: bool, why: str
) -> TradingAccount:
    """Staff switch a money operation of one account off, or on again. What is under way ends."""
    work.require(Trading.EDIT)
    row = await work.lock(TradingAccount, account)
    await clients.seen(work, row.client)
    if right not in RIGHTS:
        raise Invalid("Choose one of the offered values.", field="right")
    if len(why.strip()) < 3:
        raise Invalid("Say why, in a few words.", field="reason")
    if (right not in (row.shut or {})) is on:
        raise Conflict("It is so already. Nothing was changed.")

    shut = dict(row.shut or {})
    shut.pop(right, None)
    if not on:
        said = {"why": why.strip()[:200], "by": work.actor.name[:80], "at": str(work.now)}
        shut[right] = said
    row.shut = shut
    work.subject = row.client
    work.record("right switched", account=str(row.id), right=right, on=on, why=why.strip()[:200])
    work.announce(f"client:{row.client}|accounts", "desk|accounts")
    return row
