"""A changed schedule played again over the last 30 days: what it would have charged, per line."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select

from brokerage.clients.model import Client
from brokerage.fees import hooks, rules
from brokerage.fees.hooks import Operation
from brokerage.fees.rules import About
from brokerage.fees.settings import FeeLine, FeeSettings
from brokerage.ledger import rates
from brokerage.ledger.rates import Rates
from stoa.kernel.money import Money
from stoa.settingsdesk.pending import Told
from stoa.tenancy.facts import TenantFacts
from stoa.tenancy.work import Work
from stoa.theming.texts import N_

DAYS: Final = 30
MOST: Final = 5_000
"""Of each kind of operation; the page says how many were looked at."""


@dataclass(slots=True)
class Tally:
    """One kind of operation: how many, what was charged, and what would have been; base currency."""

    on: str
    count: int = 0
    charged: Decimal = Decimal(0)
    would: Decimal = Decimal(0)
    dearer: int = 0
    cheaper: int = 0


@dataclass(frozen=True, slots=True)
class Preview:
    """`lines` is what each line of the changed schedule would have brought, in the base currency."""

    tallies: Sequence[Tally]
    lines: Mapping[str, tuple[int, Decimal]]
    base: str
    looked: int


async def preview(work: Work, after: FeeSettings) -> Preview:
    """By what was really done; clients are as they are today, rates as well."""
    since = work.now - timedelta(days=DAYS)
    done: list[Operation] = []
    for read in hooks.operations:
        done += await read(work, since, MOST)
    done.sort(key=lambda one: one.at)
    people = await _people(work, {one.client for one in done})
    priced = await rates.table(work)
    base = work.tenant.base_currency
    zone = ZoneInfo(work.settings(TenantFacts).time_zone)
    tallies: dict[str, Tally] = {}
    lines: dict[str, tuple[int, Decimal]] = {one.name: (0, Decimal(0)) for one in after.lines}
    used: Counter[tuple[UUID, str, str]] = Counter()
    for one in done:
        tally = tallies.setdefault(one.on, Tally(one.on))
        line = rules.fitting(after.lines, _about(one, people))
        fee = one.fee if line is None else Money.zero(one.money.currency)
        if line is not None:
            month = f"{one.at.astimezone(zone):%Y-%m}"
            used[one.client, line.name, month] += 1
            if used[one.client, line.name, month] > line.free_per_month:
                fee = _amount(line, one.money, priced)
            count, sum_ = lines[line.name]
            lines[line.name] = (count + 1, sum_ + _worth(fee, base, priced))
        tally.count += 1
        tally.charged += _worth(one.fee, base, priced)
        tally.would += _worth(fee, base, priced)
        tally.dearer += fee > one.fee
        tally.cheaper += fee < one.fee
    return Preview(list(tallies.values()), lines, base, len(done))


def _about(one: Operation, people: Mapping[UUID, Any]) -> About:
    who = people.get(one.client)
    return About(
        on=one.on,
        currency=one.money.currency,
        method=one.method,
        country=who.country if who else "",
        level=who.level if who else "",
        segments=tuple(who.tags) if who else (),
    )


def _amount(line: FeeLine, money: Money, priced: Rates) -> Money:
    named = [one for one in (line.fixed, line.least, line.most) if one is not None]
    if not all(priced.knows(one.currency, money.currency) for one in named):
        return Money.zero(money.currency)
    return rules.amount(line, money, priced.convert)


def _worth(money: Money, base: str, priced: Rates) -> Decimal:
    return priced.convert(money, base).amount if priced.knows(money.currency, base) else Decimal(0)


async def _people(work: Work, clients: set[UUID]) -> dict[UUID, Any]:
    if not clients:
        return {}
    rows = await work.table(
        select(Client.id, Client.country, Client.level, Client.tags).where(Client.id.in_(clients))
    )
    return {row.id: row for row in rows}


def touched(before: FeeSettings, after: FeeSettings) -> bool:
    """Every change of what clients pay is agreed to by a second person."""
    return before != after


async def rehearse(work: Work, before: FeeSettings, after: FeeSettings) -> Sequence[Told]:
    """What the second person reads: the same figures as the page's."""
    del before
    seen = await preview(work, after)
    told = [Told(N_("{n} operations of the last 30 days were looked at."), {"n": str(seen.looked)})]
    for one in seen.tallies:
        was, would = (str(Money(sum_, seen.base).rounded()) for sum_ in (one.charged, one.would))
        tone = "neutral" if was == would else "needs" if one.would > one.charged else "done"
        places = {"n": str(one.count), "was": was, "would": would}
        told.append(Told(_SENTENCES[one.on], places, tone))
    return told


_SENTENCES: Final = {
    "deposit": N_("Deposits: {n}. They were charged {was}; it would have been {would}."),
    "withdrawal": N_("Withdrawals: {n}. They were charged {was}; it would have been {would}."),
    "conversion": N_("Exchanges: {n}. They were charged {was}; it would have been {would}."),
}
