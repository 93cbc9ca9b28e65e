"""What a client asked to be paid lately, in one currency: for tiers, limits and splitting."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, select

from brokerage.kyc import levels, standing
from brokerage.kyc.jurisdictions.packs import Flow, Per
from brokerage.ledger.rates import Rates
from brokerage.payments.withdrawing.model import Withdrawal, WithdrawalState
from brokerage.payments.withdrawing.tiers import Totals
from stoa.kernel.clock import business_day, day_bounds
from stoa.kernel.money import Money
from stoa.tenancy.facts import TenantFacts
from stoa.tenancy.work import Work

_COUNTED: Final = (
    WithdrawalState.HELD,
    WithdrawalState.REVIEW,
    WithdrawalState.APPROVED,
    WithdrawalState.SENDING,
    WithdrawalState.PAID,
)


async def of(
    work: Work, client: UUID, money: Money, priced: Rates, *, asked: Withdrawal | None = None
) -> Totals:
    """The rolling totals with this amount. The client's row is locked: two do not pass one limit.

    For a withdrawal that was asked for before, as things stood when it was asked for.
    """
    base = work.tenant.base_currency
    at = asked.asked_at if asked is not None else work.now
    rows = await work.table(
        _earlier(client, asked).add_columns(
            *(_since(at - timedelta(hours=hours)) for hours in (24, 168, 720))
        )
    )
    mine = priced.convert(money, base)
    sums = [mine, mine, mine]
    for currency, *amounts in rows:
        for at_index, amount in enumerate(amounts):
            sums[at_index] += priced.convert(Money(amount or Decimal(0), currency), base)
    day, week, month = sums
    return Totals(day, week, month, priced.rate(money.currency, base))


def _earlier(client: UUID, asked: Withdrawal | None) -> Any:
    query = (
        select(Withdrawal.currency)
        .where(Withdrawal.client == client, Withdrawal.state.in_(_COUNTED))
        .group_by(Withdrawal.currency)
    )
    if asked is not None:
        query = query.where(Withdrawal.id != asked.id, Withdrawal.asked_at <= asked.asked_at)
    return query


def _since(at: datetime) -> Any:
    return func.sum(Withdrawal.amount).filter(Withdrawal.asked_at > at)


async def must_fit_level(
    work: Work, client: UUID, money: Money, limits: standing.Limits, priced: Rates
) -> None:
    """Raises Denied when the level's own limits for withdrawals do not take this amount."""
    if not any(one.flow is Flow.WITHDRAWAL for one in limits.level.limits):
        return
    zone = work.settings(TenantFacts).time_zone
    today = business_day(work.now, zone)
    starts = {
        Per.DAY: day_bounds(today, zone)[0],
        Per.MONTH: day_bounds(today.replace(day=1), zone)[0],
    }
    rows = await work.table(
        _earlier(client, None).add_columns(
            _since(starts[Per.DAY]), _since(starts[Per.MONTH]), func.sum(Withdrawal.amount)
        )
    )
    used: dict[Per, list[Money]] = {}
    for currency, *amounts in rows:
        for per, amount in zip((Per.DAY, Per.MONTH, Per.LIFETIME), amounts, strict=True):
            used.setdefault(per, []).append(Money(amount or Decimal(0), currency))
    levels.must_fit(limits.level, Flow.WITHDRAWAL, money, used, priced.convert)
