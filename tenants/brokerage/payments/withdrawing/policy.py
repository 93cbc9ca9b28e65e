"""A change of who must agree to withdrawals: played again over the last 90 days."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import select

from brokerage.ledger import rates
from brokerage.ledger.rates import Rates
from brokerage.payments.settings import PaymentsSettings, Withdrawals
from brokerage.payments.withdrawing import tiers
from brokerage.payments.withdrawing.model import Withdrawal
from brokerage.payments.withdrawing.tiers import Standing, Totals
from stoa.kernel.money import Money
from stoa.settingsdesk.pending import Told
from stoa.tenancy.work import Work
from stoa.theming.texts import N_

DAYS: Final = 90
_MOST: Final = 20_000
_GUARDED: Final = (
    "auto_approve",
    "approvers",
    "limits",
    "approver_since_h",
    "related_days",
    "fast_out_h",
    "new_destination_wait_h",
    "return_to_source",
    "return_within_days",
)


def touched(before: PaymentsSettings, after: PaymentsSettings) -> bool:
    """Whether it changes who may let money out, and how fast."""
    return any(
        getattr(before.withdrawals, name) != getattr(after.withdrawals, name) for name in _GUARDED
    )


@dataclass(slots=True)
class Outcome:
    """How many withdrawals would have met how many people less or more; counts, and their worth."""

    looked: int = 0
    fewer: int = 0
    more: int = 0
    nobody: int = 0
    worth: Decimal = Decimal(0)


async def rehearse(work: Work, before: PaymentsSettings, after: PaymentsSettings) -> Sequence[Told]:
    """What would have been otherwise, by what is stored with each withdrawal."""
    priced = await rates.table(work)
    rows = await work.table(
        select(
            Withdrawal.amount,
            Withdrawal.currency,
            Withdrawal.counted,
            Withdrawal.auto,
            Withdrawal.checks,
            Withdrawal.plan,
        )
        .where(Withdrawal.asked_at > work.now - timedelta(days=DAYS))
        .order_by(Withdrawal.asked_at.desc())
        .limit(_MOST)
    )
    found = Outcome()
    for row in rows:
        _compare(found, row, before.withdrawals, after.withdrawals, priced, work)
    return _sentences(found, work.tenant.base_currency)


def _compare(
    found: Outcome, row: Any, was: Withdrawals, now: Withdrawals, priced: Rates, work: Work
) -> None:
    standing = standing_of(row, priced, work.tenant.base_currency)
    old, new = (_need(one, standing, priced) for one in (was, now))
    found.looked += 1
    found.fewer += new < old
    found.more += new > old
    if new == 0 < old:
        found.nobody += 1
        worth = priced.convert(Money(row.amount, row.currency), work.tenant.base_currency)
        found.worth += worth.amount


def _need(settings: Withdrawals, standing: Standing, priced: Rates) -> int:
    auto = tiers.auto(settings.auto_approve, standing, priced.convert)
    if all(rule.passed for rule in auto):
        return 0
    return tiers.needed(settings.approvers, standing.totals, priced.convert)


def standing_of(row: Any, priced: Rates, base: str) -> Standing:
    """What auto-approval looked at, read back from what was stored with the withdrawal."""
    auto = {one["code"]: one for one in row.auto}
    to_source = all(part["way"] == "refund" for part in row.plan)
    places = {code: one["places"] for code, one in auto.items()}
    source = auto.get("auto-source", {"passed": False})
    return Standing(
        totals=_totals(row, priced, base),
        level=places.get("auto-level", {}).get("level", ""),
        risk=places.get("auto-risk", {}).get("risk", ""),
        to_source=to_source,
        checks_clean=not any(one["verdict"] == "flagged" for one in row.checks),
        used_before=bool(source["passed"]) and not to_source,
    )


def _totals(row: Any, priced: Rates, base: str) -> Totals:
    told = row.counted
    if not told:
        alone = priced.convert(Money(row.amount, row.currency), base)
        return Totals(alone, alone, alone, Decimal(1))
    day, week, month = (Money(Decimal(told[one]), told["currency"]) for one in _WINDOWS)
    return Totals(day, week, month, Decimal(told["rate"]))


_WINDOWS: Final = ("day", "week", "month")


def _sentences(found: Outcome, base: str) -> list[Told]:
    told = [Told(N_("{n} withdrawals were looked at."), {"n": str(found.looked)})]
    if found.fewer:
        told.append(
            Told(
                N_("{n} withdrawals would have needed fewer approvers."),
                {"n": str(found.fewer)},
                "needs",
            )
        )
    if found.nobody:
        told.append(
            Told(
                N_("{n} of them, worth {worth}, would have left without any person."),
                {"n": str(found.nobody), "worth": str(Money(found.worth, base).rounded())},
                "stopped",
            )
        )
    if found.more:
        told.append(
            Told(
                N_("{n} withdrawals would have needed more approvers."),
                {"n": str(found.more)},
                "done",
            )
        )
    if not found.fewer and not found.more:
        told.append(Told(N_("None of them would have needed more or fewer approvers."), {}, "done"))
    return told
