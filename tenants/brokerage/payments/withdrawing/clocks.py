"""How long it takes to be paid: each stage by what really happened lately, and broken promises.

The stages are: decided (from asking to the last yes), sent (until the provider was told), paid (until
the provider confirmed). Hours; what waited for the client counts as well, as the client sees it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

import msgspec
from sqlalchemy import Float, cast, extract, func, select

from brokerage.payments.permissions import Payments
from brokerage.payments.settings import PaymentsSettings
from brokerage.payments.values import Method
from brokerage.payments.withdrawing.model import Withdrawal, WithdrawalState
from brokerage.payments.withdrawing.rows import announce
from brokerage.payments.withdrawing.story import tell
from stoa.identity import roles
from stoa.notices import notices
from stoa.tenancy.door import OpenWork
from stoa.tenancy.facts import TenantFacts
from stoa.tenancy.work import Work
from stoa.theming.texts import N_

LAST: Final = 200
FEWEST: Final = 5
PUBLIC_DAYS: Final = 30
_BATCH: Final = 50
STAGES: Final = {
    "decided": N_("Checked and approved"),
    "sent": N_("Given to the provider"),
    "paid": N_("Confirmed by the provider"),
}


@dataclass(frozen=True, slots=True)
class Pace:
    """Of the last ones paid by one method: hours at the middle and at nine of ten."""

    method: str
    count: int
    median_h: Decimal
    most_h: Decimal
    stages: dict[str, Decimal]
    """The median of each stage."""
    promise_h: int

    @property
    def known(self) -> bool:
        """Whether there are enough to say anything."""
        return self.count >= FEWEST

    @property
    def usual_h(self) -> Decimal:
        """What a client is told: the real median, the promise where there are too few."""
        return self.median_h if self.known else Decimal(self.promise_h)


def _hours(later: Any, earlier: Any) -> Any:
    return cast(extract("epoch", later - earlier), Float) / 3600


def _last(method: str) -> Any:
    return (
        select(
            _hours(Withdrawal.ended_at, Withdrawal.asked_at).label("whole"),
            _hours(Withdrawal.decided_at, Withdrawal.asked_at).label("decided"),
            _hours(Withdrawal.sent_at, Withdrawal.decided_at).label("sent"),
            _hours(Withdrawal.ended_at, Withdrawal.sent_at).label("paid"),
        )
        .where(Withdrawal.method == method, Withdrawal.state == WithdrawalState.PAID)
        .order_by(Withdrawal.ended_at.desc())
        .limit(LAST)
    )


async def pace(work: Work, method: str) -> Pace:
    """From the newest paid ones, up to 200."""
    last = _last(method).subquery()
    middle = [
        func.percentile_cont(0.5).within_group(last.c[name]).label(name)
        for name in ("whole", *STAGES)
    ]
    most = func.percentile_cont(0.9).within_group(last.c.whole).label("most")
    row = (await work.table(select(func.count(last.c.whole).label("n"), most, *middle)))[0]
    promise = work.settings(PaymentsSettings).withdrawals.promise_h.get(Method(method), 48)
    return Pace(
        method,
        int(row.n),
        _tenth(row.whole),
        _tenth(row.most),
        {name: _tenth(getattr(row, name)) for name in STAGES},
        promise,
    )


@dataclass(frozen=True, slots=True)
class Told:
    """What the public may know of one method: of real ones, paid lately."""

    label: str
    count: int
    median_h: Decimal
    promise_h: int
    kept: Decimal
    """Percent of them paid within the promise."""


async def public(work: Work) -> list[Told]:
    """By method, of the last 30 days; nothing where the tenant does not publish it or has too few."""
    settings = work.settings(PaymentsSettings).withdrawals
    if not settings.publish.on:
        return []
    whole = _hours(Withdrawal.ended_at, Withdrawal.asked_at)
    kept = func.count().filter(Withdrawal.ended_at <= Withdrawal.promised_at)
    rows = await work.table(
        select(
            Withdrawal.method,
            func.count().label("n"),
            func.percentile_cont(0.5).within_group(whole).label("middle"),
            kept.label("kept"),
        )
        .where(
            Withdrawal.state == WithdrawalState.PAID,
            Withdrawal.ended_at > work.now - timedelta(days=PUBLIC_DAYS),
        )
        .group_by(Withdrawal.method)
    )
    by = {row.method: row for row in rows if row.n >= settings.publish.least}
    return [
        Told(
            one.label,
            int(by[one.method].n),
            _tenth(by[one.method].middle),
            settings.promise_h.get(one.method, 48),
            _tenth(100 * by[one.method].kept / by[one.method].n),
        )
        for one in settings.methods
        if one.method in by
    ]


async def signed(work: Work) -> dict[str, Any] | None:
    """The same figures under the tenant's signature, so that a copy proves who said them and when.

    None where nothing is published.
    """
    told = await public(work)
    if not told:
        return None
    figures = {
        "of": work.settings(TenantFacts).legal_entity or work.tenant.name,
        "from": (work.now - timedelta(days=PUBLIC_DAYS)).isoformat(timespec="seconds"),
        "to": work.now.isoformat(timespec="seconds"),
        "withdrawals": [
            {
                "method": one.label,
                "paid": one.count,
                "median_h": str(one.median_h),
                "promise_h": one.promise_h,
                "within_promise_percent": str(one.kept),
            }
            for one in told
        ],
    }
    content = msgspec.json.encode(figures, order="sorted")
    return figures | {"signed": work.keys.signed(content), "key": work.keys.verifying}


def _tenth(hours: float | None) -> Decimal:
    return Decimal(str(hours or 0)).quantize(Decimal("0.1"))


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of one withdrawal: how long it took or has taken, and what is usual."""

    label: str
    since: datetime | None
    took_h: Decimal | None
    usual_h: Decimal
    running: bool


@dataclass(frozen=True, slots=True)
class Clock:
    """The stages of one withdrawal, when it can be expected, and how many wait before it."""

    stages: list[Stage]
    expected_at: datetime | None
    before: int


async def of(work: Work, row: Withdrawal) -> Clock:
    """What finance sees per stage, and what the client is told to expect; None once it ended."""
    usual = await pace(work, row.method)
    moments = [row.asked_at, row.decided_at, row.sent_at, row.ended_at]
    stages: list[Stage] = []
    expected: datetime | None = None
    for place, (name, label) in enumerate(STAGES.items()):
        start, end = moments[place], moments[place + 1]
        running = start is not None and end is None and row.ended_at is None
        took = None if start is None else _spent(start, end or row.ended_at or work.now)
        stages.append(Stage(label, start, took, usual.stages[name], running))
        if end is None and usual.known and row.ended_at is None:
            begun = start if running and start is not None else (expected or work.now)
            expected = max(begun + timedelta(hours=float(usual.stages[name])), work.now)
    return Clock(stages, expected, await _before(work, row))


def _spent(start: datetime, end: datetime) -> Decimal:
    return _tenth(max((end - start).total_seconds(), 0) / 3600)


async def _before(work: Work, row: Withdrawal) -> int:
    """How many others people decide about first."""
    if row.state != WithdrawalState.REVIEW:
        return 0
    return await work.count(
        select(Withdrawal.id).where(
            Withdrawal.state == WithdrawalState.REVIEW, Withdrawal.promised_at < row.promised_at
        )
    )


async def broken(work: Work, days: int = 30) -> tuple[int, int]:
    """Promises found broken in so many days, and withdrawals asked for in them."""
    since = work.now - timedelta(days=days)
    row = (
        await work.table(
            select(
                func.count().filter(Withdrawal.late_at.is_not(None)).label("late"),
                func.count().label("n"),
            ).where(Withdrawal.asked_at > since)
        )
    )[0]
    return int(row.late), int(row.n)


async def sweep(open_work: OpenWork) -> None:
    """Every minute: promises that broke are marked once, counted, and told to who may approve."""
    async with open_work() as work:
        late = list(
            await work.rows(
                select(Withdrawal)
                .where(
                    Withdrawal.ended_at.is_(None),
                    Withdrawal.promised_at < work.now,
                    Withdrawal.late_at.is_(None),
                )
                .order_by(Withdrawal.promised_at)
                .limit(_BATCH)
                .with_for_update(skip_locked=True)
            )
        )
        if not late:
            return
        seniors = await roles.holders(work, Payments.ESCALATED)
        for row in late:
            row.late_at = work.now
            tell(work, row, "late")
            announce(work, row)
        first = late[0]
        for who in seniors:
            await notices.tell(
                work,
                who,
                N_("{n} withdrawals are later than promised, the first is {reference}."),
                path=f"/desk/withdrawals/{first.id}",
                n=str(len(late)),
                reference=first.reference,
            )
