"""How much of what a provider brought was taken back, by month: what card schemes look at.

A month's disputes (inquiries left out) against the month's credited deposits of the same provider,
in percent of their number and of their value in the base currency.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import func, select

from brokerage.ledger import rates
from brokerage.payments.disputes.model import Dispute
from brokerage.payments.model import Deposit
from brokerage.payments.settings import Disputes, PaymentsSettings
from stoa.kernel.clock import business_day, day_bounds
from stoa.kernel.money import Money
from stoa.tenancy.facts import TenantFacts
from stoa.tenancy.work import Work

MONTHS: Final = 6
_BEFORE: Final = timedelta(days=7)
"""How long before its month a deposit may have been started."""


@dataclass(frozen=True, slots=True)
class Month:
    """One month of one provider. `month` is `YYYY-MM`; values are in the base currency."""

    psp: str
    month: str
    disputes: int
    deposits: int
    disputed: Decimal
    deposited: Decimal

    @property
    def by_count(self) -> Decimal | None:
        """Percent; nothing where no deposit was credited."""
        return _percent(Decimal(self.disputes), Decimal(self.deposits))

    @property
    def by_value(self) -> Decimal | None:
        return _percent(self.disputed, self.deposited)

    def over(self, limits: Disputes) -> bool:
        """Whether it is past a limit, with enough disputes to mean anything."""
        if self.disputes < limits.ratio_from:
            return False
        count, value = self.by_count, self.by_value
        return (count is None or count > limits.ratio_count) or (
            value is not None and value > limits.ratio_value
        )


def _percent(part: Decimal, whole: Decimal) -> Decimal | None:
    return (100 * part / whole).quantize(Decimal("0.01")) if whole else None


async def by_month(work: Work, psp: str | None = None, months: int = MONTHS) -> list[Month]:
    """The last months, the newest first, by provider."""
    zone = work.settings(TenantFacts).time_zone
    since = _first_of(work, zone, months)
    priced = await rates.table(work)
    base = work.tenant.base_currency
    month = func.to_char(func.timezone(zone, Dispute.opened_at), "YYYY-MM")
    paid_month = func.to_char(func.timezone(zone, Deposit.ended_at), "YYYY-MM")
    taken = (
        select(Dispute.psp, month, Dispute.currency, func.count(), func.sum(Dispute.amount))
        .where(Dispute.opened_at >= since, Dispute.stage != "inquiry")
        .group_by(Dispute.psp, month, Dispute.currency)
    )
    paid = (
        select(Deposit.psp, paid_month, Deposit.currency, func.count(), func.sum(Deposit.amount))
        .where(Deposit.started_at >= since - _BEFORE, Deposit.ended_at >= since)
        .where(Deposit.entry.is_not(None), Deposit.psp.is_not(None))
        .group_by(Deposit.psp, paid_month, Deposit.currency)
    )
    if psp is not None:
        taken, paid = taken.where(Dispute.psp == psp), paid.where(Deposit.psp == psp)
    sums: dict[tuple[str, str], list[Any]] = {}
    for at, statement in enumerate((taken, paid)):
        for code, name, unit, many, total in await work.table(statement):
            found = sums.setdefault((code, name), [0, Decimal(0), 0, Decimal(0)])
            found[2 * at] += many
            if priced.knows(unit, base):
                found[2 * at + 1] += priced.convert(Money(total, unit).rounded(), base).amount
    return [
        Month(code, name, one[0], one[2], one[1], one[3])
        for (code, name), one in sorted(sums.items(), key=lambda pair: pair[0][1], reverse=True)
    ]


def _first_of(work: Work, zone: str, months: int) -> datetime:
    day = business_day(work.now, zone).replace(day=1)
    for _ in range(months - 1):
        day = (day - timedelta(days=1)).replace(day=1)
    return day_bounds(day, zone)[0]


async def over_now(work: Work) -> Sequence[Month]:
    """Providers that are past a limit this month."""
    limits = work.settings(PaymentsSettings).disputes
    return [one for one in await by_month(work, months=1) if one.over(limits)]
