"""How providers did, in figures: by day, by route, and the last things they told."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import func, select

from brokerage.ledger import rates
from brokerage.payments.model import (
    ANSWERED,
    CAME,
    AttemptState,
    Deposit,
    PaymentAttempt,
    ProviderEvent,
)
from brokerage.payments.routing.model import ProviderIncident
from stoa.kernel.clock import business_day, day_bounds
from stoa.kernel.money import Money
from stoa.tenancy.facts import TenantFacts
from stoa.tenancy.work import Work

_LAST: Final = 10


@dataclass(frozen=True, slots=True)
class Day:
    """One day of one provider; times in milliseconds."""

    day: date
    answered: int = 0
    paid: int = 0
    technical: int = 0
    p50_ms: int | None = None
    p95_ms: int | None = None

    @property
    def approval(self) -> Decimal | None:
        return Decimal(self.paid * 100) / self.answered if self.answered else None


async def by_day(work: Work, psp: str, days: int = 14) -> list[Day]:
    """The last days on the tenant's calendar, the oldest first; days without attempts are there."""
    zone = work.settings(TenantFacts).time_zone
    today = business_day(work.now, zone)
    first = today - timedelta(days=days - 1)
    start, _ = day_bounds(first, zone)
    local = func.date(func.timezone(zone, PaymentAttempt.asked_at))
    took = PaymentAttempt.took_ms
    rows = await work.table(
        select(
            local.label("day"),
            func.count().filter(PaymentAttempt.state.in_(ANSWERED)).label("answered"),
            func.count().filter(PaymentAttempt.state.in_(CAME)).label("paid"),
            func.count().filter(PaymentAttempt.technical.is_(True)).label("technical"),
            func.percentile_cont(0.5).within_group(took).label("p50"),
            func.percentile_cont(0.95).within_group(took).label("p95"),
        )
        .where(PaymentAttempt.psp == psp, PaymentAttempt.asked_at >= start)
        .group_by(local)
    )
    found = {
        row.day: Day(
            row.day, row.answered, row.paid, row.technical, _whole(row.p50), _whole(row.p95)
        )
        for row in rows
    }
    wanted = [first + timedelta(days=number) for number in range(days)]
    return [found.get(day, Day(day)) for day in wanted]


def _whole(value: Any) -> int | None:
    return round(value) if value is not None else None


@dataclass(frozen=True, slots=True)
class RouteCost:
    """What one rule's payments at one provider cost, in the tenant's base currency."""

    route: str
    psp: str
    paid: int
    volume: Money
    cost: Money

    @property
    def percent(self) -> Decimal | None:
        if not self.volume:
            return None
        return (self.cost.amount * 100 / self.volume.amount).quantize(Decimal("0.01"))


async def costs(work: Work, days: int = 30) -> list[RouteCost]:
    """By rule and provider over the last days; payments without a known cost are left out."""
    route = PaymentAttempt.decision["route"].astext
    rows = await work.table(
        select(
            route.label("route"),
            PaymentAttempt.psp,
            Deposit.currency,
            func.count().label("paid"),
            func.sum(Deposit.amount).label("volume"),
            func.sum(PaymentAttempt.cost).label("cost"),
        )
        .join(Deposit, Deposit.id == PaymentAttempt.deposit)
        .where(
            PaymentAttempt.state == AttemptState.PAID,
            PaymentAttempt.cost.is_not(None),
            PaymentAttempt.asked_at > work.now - timedelta(days=days),
            route.is_not(None),
        )
        .group_by(route, PaymentAttempt.psp, Deposit.currency)
    )
    priced, base = await rates.table(work), work.tenant.base_currency
    found: dict[tuple[str, str], RouteCost] = {}
    for row in rows:
        if not priced.knows(row.currency, base):
            continue
        key = (row.route or "", row.psp)
        was = found.get(key) or RouteCost(*key, 0, Money.zero(base), Money.zero(base))
        found[key] = RouteCost(
            *key,
            was.paid + row.paid,
            was.volume + priced.convert(Money(row.volume, row.currency), base),
            was.cost + priced.convert(Money(row.cost, row.currency), base),
        )
    return sorted(found.values(), key=lambda one: -one.volume.amount)


def whole_cost(found: Sequence[RouteCost], psp: str) -> RouteCost | None:
    """One provider's over all rules; None where no cost of it is known."""
    mine = [one for one in found if one.psp == psp]
    if not mine:
        return None
    volume, cost = mine[0].volume, mine[0].cost
    for one in mine[1:]:
        volume, cost = volume + one.volume, cost + one.cost
    return RouteCost("", psp, sum(one.paid for one in mine), volume, cost)


async def incidents(
    work: Work, psp: str | None = None, limit: int = _LAST
) -> Sequence[ProviderIncident]:
    """The newest first."""
    wanted = select(ProviderIncident)
    if psp is not None:
        wanted = wanted.where(ProviderIncident.psp == psp)
    return await work.rows(wanted.order_by(ProviderIncident.opened_at.desc()).limit(limit))


async def last_events(work: Work, psp: str) -> Sequence[ProviderEvent]:
    """The last callbacks of one provider, the newest first."""
    return await work.rows(
        select(ProviderEvent)
        .where(ProviderEvent.psp == psp)
        .order_by(ProviderEvent.id.desc())
        .limit(_LAST)
    )
