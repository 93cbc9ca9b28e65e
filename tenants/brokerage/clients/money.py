"""A client's money at a glance: what there is in all, day by day, and wallet by wallet."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from sqlalchemy import bindparam, select

from brokerage.ledger import queries as books
from brokerage.ledger.accounts import HOLD, PLATFORM, WALLET
from brokerage.ledger.model import LedgerAccount
from stoa.kernel.clock import business_day
from stoa.kernel.money import Money
from stoa.product import Card
from stoa.tenancy.facts import TenantFacts
from stoa.tenancy.work import Work
from stoa.theming.texts import N_

WORTH: Final = "equity-"
"""Cards of this key, one a currency, say what trading accounts are worth this moment."""
LAST: Final = 6

_ACCOUNTS: Final = (
    select(LedgerAccount.kind, LedgerAccount.currency, LedgerAccount.balance)
    .where(LedgerAccount.owner == bindparam("client"))
    .order_by(LedgerAccount.currency)
)


@dataclass(frozen=True, slots=True)
class Purse:
    """A wallet as the home shows it."""

    available: Money
    held: Money


@dataclass(frozen=True, slots=True)
class Standing:
    """All of it in the tenant's base currency, at the rates of this moment.

    `exact` is False when a currency has no rate and is left out.
    """

    total: Money
    days: Sequence[date]
    series: Sequence[Decimal]
    purses: Sequence[Purse]
    exact: bool

    @property
    def moved(self) -> bool:
        return any(self.series)


async def standing(work: Work, client: UUID, cards: Iterable[Card] = ()) -> Standing:
    """Wallets and holds from the ledger; trading accounts at the equity a card tells, so that open
    positions count, else at their balance.
    """
    base, known = await books.base_rates(work)
    worth = [card for card in cards if card.key.startswith(WORTH) and card.currency]
    booked, line = await books.over_time(work, client, known)
    rows = await _accounts(work, client)
    balances = _sums(rows, PLATFORM)
    floating = [
        Money(Decimal(card.figure or 0) - balances.get(code, Decimal(0)), code)
        for card in worth
        if (code := card.currency)
    ]
    open_result = sum(
        (known.convert(one, base).amount for one in floating if known.knows(one.currency, base)),
        Decimal(0),
    )
    total = booked + Money(open_result, base)
    today = business_day(work.now, work.settings(TenantFacts).time_zone)
    return Standing(
        total=total,
        days=[today - timedelta(days=n) for n in range(len(line) - 1, -1, -1)],
        series=[*line[:-1], total.amount],
        purses=_purses(rows),
        exact=all(known.knows(row.currency, base) for row in rows if row.balance),
    )


async def _accounts(work: Work, client: UUID) -> Sequence[Any]:
    return await work.table(_ACCOUNTS, {"client": client})


def _sums(rows: Iterable[Any], kind: str) -> dict[str, Decimal]:
    found: dict[str, Decimal] = {}
    for row in rows:
        if row.kind == kind:
            found[row.currency] = found.get(row.currency, Decimal(0)) + row.balance
    return found


def _purses(rows: Sequence[Any]) -> list[Purse]:
    held = _sums(rows, HOLD)
    return [
        Purse(Money(amount, code), Money(held.get(code, Decimal(0)), code))
        for code, amount in _sums(rows, WALLET).items()
    ]


async def left(work: Work, client: UUID) -> list[str]:
    """Why an account with money in it cannot be closed, in a sentence."""
    rows = await _accounts(work, client)
    return (
        [N_("There is still money in a wallet or account.")] if any(r.balance for r in rows) else []
    )
