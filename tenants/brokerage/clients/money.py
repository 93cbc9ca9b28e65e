"""A client's money at a glance: what there is in all, day by day, and what moved last."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, select

from brokerage.ledger import kinds, rates
from brokerage.ledger.model import Entry, LedgerAccount, Leg
from brokerage.ledger.rates import Rates
from stoa.kernel.clock import business_day, day_bounds
from stoa.kernel.money import Money
from stoa.product import Card
from stoa.tenancy.facts import TenantFacts
from stoa.tenancy.work import Work

DAYS: Final = 30
LAST: Final = 6
ACCOUNTS: Final = "equity-"
"""Cards of this key, one a currency, say what the trading accounts are worth this moment."""


@dataclass(frozen=True, slots=True)
class Purse:
    """A wallet as the home shows it."""

    available: Money
    held: Money


@dataclass(frozen=True, slots=True)
class Movement:
    """One line of a wallet, newest first."""

    label: str
    icon: str
    amount: Money
    at: datetime


@dataclass(frozen=True, slots=True)
class Standing:
    """All of it in the tenant's base currency, at the rates of this moment."""

    total: Money
    days: Sequence[date]
    series: Sequence[Decimal]
    purses: Sequence[Purse]
    exact: bool

    @property
    def moved(self) -> bool:
        return any(self.series)


async def standing(work: Work, client: UUID, cards: Iterable[Card] = ()) -> Standing:
    """Wallets and what is held from the ledger; trading accounts at their equity where a card
    tells it, else at their balance. `exact` is False when a currency has no rate and is left out.
    """
    facts = work.settings(TenantFacts)
    rows = await work.table(
        select(
            LedgerAccount.id, LedgerAccount.kind, LedgerAccount.currency, LedgerAccount.balance
        ).where(LedgerAccount.owner == client)
    )
    base = facts.base_currency
    priced = await rates.table(work) if any(row.currency != base for row in rows) else Rates([])
    worth = {c.currency: c.figure for c in cards if c.key.startswith(ACCOUNTS) and c.currency}
    now = [
        Money(row.balance, row.currency)
        for row in rows
        if row.kind != "platform" or row.currency not in worth
    ]
    now += [Money(Decimal(figure or 0), code) for code, figure in worth.items()]
    known = [money for money in now if priced.knows(money.currency, base)]
    total = sum((_in(priced, money, base) for money in known), Decimal(0))
    days, changes = await _changes(work, [row.id for row in rows], facts.time_zone)
    ledger = sum(
        (
            _in(priced, Money(row.balance, row.currency), base)
            for row in rows
            if priced.knows(row.currency, base)
        ),
        Decimal(0),
    )
    series = _backwards(days, changes, ledger, priced, base)
    return Standing(
        total=Money(total, base),
        days=days,
        series=[*series[:-1], total],
        purses=_purses(rows),
        exact=len(known) == len(now),
    )


def _in(priced: Rates, money: Money, base: str) -> Decimal:
    return priced.convert(money, base).amount


async def _changes(
    work: Work, accounts: Sequence[UUID], zone: str
) -> tuple[list[date], dict[tuple[date, str], Decimal]]:
    """What each day changed, by currency, over the last days of the tenant's calendar."""
    today = business_day(work.now, zone)
    days = [today - timedelta(days=n) for n in range(DAYS - 1, -1, -1)]
    if not accounts:
        return days, {}
    local = func.date(func.timezone(zone, Leg.posted_at))
    rows = await work.table(
        select(local, Leg.currency, func.sum(Leg.amount))
        .where(Leg.account.in_(accounts), Leg.posted_at >= day_bounds(days[0], zone)[0])
        .group_by(local, Leg.currency)
    )
    return days, {(row[0], row[1]): row[2] for row in rows}


def _backwards(
    days: Sequence[date],
    changes: dict[tuple[date, str], Decimal],
    now: Decimal,
    priced: Rates,
    base: str,
) -> list[Decimal]:
    """From today's balance back: each day ends with what it was before the days after it."""
    found: list[Decimal] = []
    at = now
    for day in reversed(days):
        found.append(at)
        for (when, currency), amount in changes.items():
            if when == day and priced.knows(currency, base):
                at -= _in(priced, Money(amount, currency), base)
    return found[::-1]


def _purses(rows: Sequence[Any]) -> list[Purse]:
    held: dict[str, Decimal] = {}
    for row in rows:
        if row.kind == "hold":
            held[row.currency] = held.get(row.currency, Decimal(0)) + row.balance
    return [
        Purse(
            Money(row.balance, row.currency),
            Money(held.get(row.currency, Decimal(0)), row.currency),
        )
        for row in sorted(rows, key=lambda row: str(row.currency))
        if row.kind == "wallet"
    ]


async def movements(work: Work, client: UUID) -> list[Movement]:
    """The last lines of the client's wallets."""
    rows = await work.table(
        select(Entry.kind, Leg.amount, Leg.currency, Leg.posted_at)
        .join(Entry, Entry.id == Leg.entry)
        .join(LedgerAccount, LedgerAccount.id == Leg.account)
        .where(LedgerAccount.owner == client, LedgerAccount.kind == "wallet")
        .order_by(Leg.posted_at.desc(), Leg.version.desc())
        .limit(LAST)
    )
    found: list[Movement] = []
    for row in rows:
        told = kinds.of(row.kind)
        amount = Money(row.amount, row.currency)
        found.append(Movement(told.label, told.icon, amount, row.posted_at))
    return found
