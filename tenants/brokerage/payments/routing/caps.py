"""How much of a provider's caps is used: by day and by month of the tenant's calendar."""

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Final

from sqlalchemy import case, func, select

from brokerage.ledger import rates
from brokerage.ledger.rates import Rates
from brokerage.payments.model import Deposit, DepositState
from brokerage.payments.routing.deciding import CapUse
from brokerage.payments.settings import PaymentsSettings, Psp
from stoa.kernel.clock import business_day, day_bounds
from stoa.kernel.money import Money
from stoa.tenancy.facts import TenantFacts
from stoa.tenancy.work import Work

COUNTED: Final = (
    DepositState.STARTING,
    DepositState.WAITING,
    DepositState.REVIEW,
    DepositState.CREDITED,
)
"""What uses a cap up: a deposit that may still be paid counts as one that was."""

Used = dict[tuple[str, str], list[tuple[str, Decimal, int]]]
"""By provider and period: currency, sum, count."""


async def used(work: Work, psps: Iterable[str]) -> Used:
    """What each capped provider was given this day and this month, in one query."""
    wanted = list(psps)
    if not wanted:
        return {}
    zone = work.settings(TenantFacts).time_zone
    today = business_day(work.now, zone)
    day, _ = day_bounds(today, zone)
    month, _ = day_bounds(today.replace(day=1), zone)
    of_day = Deposit.started_at >= day
    rows = await work.table(
        select(
            Deposit.psp,
            Deposit.currency,
            func.sum(Deposit.amount),
            func.count(),
            func.sum(case((of_day, Deposit.amount), else_=0)),
            func.count().filter(of_day),
        )
        .where(
            Deposit.psp.in_(wanted),
            Deposit.started_at >= month,
            Deposit.state.in_(COUNTED),
        )
        .group_by(Deposit.psp, Deposit.currency)
    )
    found: Used = {}
    for psp, currency, month_sum, month_count, day_sum, day_count in rows:
        found.setdefault((psp, "month"), []).append((currency, month_sum, month_count))
        found.setdefault((psp, "day"), []).append((currency, day_sum, day_count))
    return found


def of(psp: Psp, money: Money, given_all: Used, priced: Rates) -> tuple[CapUse, ...]:
    """Each cap with what is used of it. Without a rate nothing can be compared: no room then."""
    found: list[CapUse] = []
    for cap in psp.all_caps:
        given = given_all.get((psp.code, cap.per), [])
        if cap.count is not None:
            count = Decimal(sum(many for _, _, many in given))
            found.append(CapUse(cap.per, count, Decimal(1), Decimal(cap.count)))
            continue
        assert cap.most is not None  # noqa: S101 - a cap has either a count or an amount
        to, most = cap.most.currency, cap.most.amount
        if not all(priced.knows(one, to) for one in (money.currency, *(row[0] for row in given))):
            found.append(CapUse(cap.per, most, Decimal(1), most, to))
            continue
        total = sum(
            (priced.convert(Money(amount, one), to).amount for one, amount, _ in given), Decimal(0)
        )
        found.append(CapUse(cap.per, total, priced.convert(money, to).amount, most, to))
    return tuple(found)


async def all_used(work: Work) -> dict[str, tuple[CapUse, ...]]:
    """How full each provider's caps are now."""
    psps = [psp for psp in work.settings(PaymentsSettings).psps if psp.all_caps]
    given = await used(work, [psp.code for psp in psps])
    priced = await rates.table(work)
    nothing = Money.zero(work.tenant.base_currency)
    return {psp.code: of(psp, nothing, given, priced) for psp in psps}


def converter(priced: Rates) -> Callable[[Money, str], Money | None]:
    """Converts at the rates of the moment, or answers None where there is none."""

    def convert(money: Money, to: str) -> Money | None:
        return priced.convert(money, to) if priced.knows(money.currency, to) else None

    return convert
