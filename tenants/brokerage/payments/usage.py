"""How much is paid in and out by day: counts for the operator, never a person."""

from datetime import date
from typing import Any

from sqlalchemy import func, select

from brokerage.payments.model import Deposit, DepositState
from brokerage.payments.withdrawing.model import Withdrawal, WithdrawalState
from stoa.kernel.clock import day_bounds
from stoa.tenancy.facts import TenantFacts
from stoa.tenancy.work import Work


async def usage(work: Work, first: date, last: date) -> dict[str, dict[date, Any]]:
    """Deposits that were credited and withdrawals that were paid, by the day they were asked for."""
    zone = work.settings(TenantFacts).time_zone
    start, end = day_bounds(first, zone)[0], day_bounds(last, zone)[1]
    counted: dict[str, dict[date, Any]] = {}
    for name, at, done in (
        ("deposits", Deposit.started_at, Deposit.state == DepositState.CREDITED),
        ("withdrawals", Withdrawal.asked_at, Withdrawal.state == WithdrawalState.PAID),
    ):
        local = func.date(func.timezone(zone, at))
        rows = await work.table(
            select(local, func.count()).where(at >= start, at < end, done).group_by(local)
        )
        counted[name] = {row[0]: row[1] for row in rows}
    return counted
