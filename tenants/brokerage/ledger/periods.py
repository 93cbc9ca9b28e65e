"""Closing months: a closed month takes no entry any more; what was wrong is corrected in the open.

    await closed(work, month, note)        lock a month that is over, with its trial balance
    await sign(work, month)                a second person's name under it
    await must_be_open(work, moment)       asked by each posting that is dated back

A posting dated back and a close wait for one another by a lock of the tenant, so that neither
slips past the other. A month is never opened again.
"""

import hashlib
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

import msgspec
from sqlalchemy import func, select, text

from brokerage.ledger.model import Entry, LedgerPeriod
from brokerage.ledger.permissions import Ledger
from stoa.kernel.clock import business_day, day_bounds
from stoa.kernel.refusals import Conflict, Denied, Invalid
from stoa.tenancy.facts import TenantFacts
from stoa.tenancy.work import Work

MOST_SHOWN: Final = 36

_LOCK: Final = text("select pg_advisory_xact_lock(hashtextextended(:key, 9))")
_SHARE: Final = text("select pg_advisory_xact_lock_shared(hashtextextended(:key, 9))")
_TRIAL: Final = text(
    """
select a.tree, a.code, a.currency, sum(l.amount) as balance from leg l
join ledger_account a on a.id = l.account
where l.posted_at < :until
group by a.tree, a.code, a.currency having sum(l.amount) <> 0
order by a.currency, a.tree, a.code
"""
)


@dataclass(frozen=True, slots=True)
class Month:
    """A month of the books, closed or not."""

    month: date
    row: LedgerPeriod | None
    over: bool

    @property
    def state(self) -> str:
        if self.row is None:
            return "period open"
        return "period signed" if self.row.signed_at is not None else "period closed"


def first_of(day: date) -> date:
    return day.replace(day=1)


def following(month: date) -> date:
    return first_of(month.replace(day=28) + timedelta(days=4))


def month_of(work: Work, moment: datetime) -> date:
    """The month an instant falls in, by the tenant's own days."""
    return first_of(business_day(moment, work.settings(TenantFacts).time_zone))


async def must_be_open(work: Work, moment: datetime) -> None:
    """Raises Conflict when the month of a back-dated posting is closed."""
    await work.run(_SHARE, {"key": f"{work.tenant.id}|periods"})
    row = await work.first(select(LedgerPeriod).where(LedgerPeriod.month == month_of(work, moment)))
    if row is not None:
        raise Conflict(
            "{month} is closed. Nothing was posted: correct it in the open month, and name what "
            "it corrects.",
            code="period-closed",
            month=f"{row.month:%Y-%m}",
        )


async def naming(work: Work, entry: Entry, reason: str) -> str:
    """A correction's reason, naming the closed month of what it corrects."""
    month = month_of(work, entry.effective_at)
    closed_at = await work.value(select(LedgerPeriod.closed_at).where(LedgerPeriod.month == month))
    if closed_at is None:
        return reason
    named = f" (corrects {month:%Y-%m}, closed {closed_at:%Y-%m-%d})"
    return reason[: 400 - len(named)] + named


async def close(work: Work, month: date, note: str = "") -> LedgerPeriod:
    """Lock a month that is over, and all before it is closed. Raises Conflict or Invalid."""
    work.require(Ledger.CLOSE)
    if month != first_of(month):
        raise Invalid("Name a month by its first day.", field="month")
    await work.run(_LOCK, {"key": f"{work.tenant.id}|periods"})
    zone = work.settings(TenantFacts).time_zone
    until, _ = day_bounds(following(month), zone)
    if until > work.now:
        raise Conflict("This month is not over yet. Nothing was closed.")
    known = set(await work.rows(select(LedgerPeriod.month)))
    if month in known:
        raise Conflict("This month is closed already. Nothing was changed.")
    gap = next((one for one in await _months(work) if one < month and one not in known), None)
    if gap is not None:
        raise Conflict("{month} comes first: close the months in order.", month=f"{gap:%Y-%m}")
    balances: list[Any] = [
        [row.tree, row.code, row.currency, format(Decimal(row.balance).normalize(), "f")]
        for row in await work.table(_TRIAL, {"until": until})
    ]
    digest = hashlib.sha256(msgspec.json.encode([month.isoformat(), balances])).hexdigest()
    made = LedgerPeriod(
        month=month,
        until=until,
        balances=balances,
        hash=digest,
        note=note.strip()[:400] or None,
        closed_at=work.now,
        closed_by=work.actor.id,
    )
    work.add(made)
    await work.flush()
    work.announce("desk|periods")
    return made


async def sign(work: Work, month: date) -> LedgerPeriod:
    """A second person's name. Raises Denied for who closed it, Conflict when it is signed."""
    work.require(Ledger.SIGN)
    row = await work.lock(LedgerPeriod, month)
    if row.signed_at is not None:
        raise Conflict("This month is signed already. Nothing was changed.")
    if work.actor.id is None or row.closed_by == work.actor.id:
        raise Denied("You closed this month: somebody else signs it.", code="oneself")
    row.signed_at, row.signed_by = work.now, work.actor.id
    work.announce("desk|periods")
    return row


async def _months(work: Work) -> list[date]:
    first = await work.value(select(func.min(Entry.posted_at)))
    if first is None:
        return []
    found: list[date] = []
    month = month_of(work, first)
    while month <= month_of(work, work.now) and len(found) < MOST_SHOWN * 10:
        found.append(month)
        month = following(month)
    return found


async def months(work: Work) -> list[Month]:
    """Every month of the books, newest first."""
    rows = {row.month: row for row in await work.rows(select(LedgerPeriod))}
    now = month_of(work, work.now)
    found = [Month(one, rows.get(one), one < now) for one in await _months(work)]
    return found[::-1][:MOST_SHOWN]
