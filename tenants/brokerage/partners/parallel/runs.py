"""One comparison: the earlier system's file is kept as it came, and lined up with our rewards anew each
time it is opened, so that what was put right meanwhile no longer differs.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, select

from brokerage.clients import queries as clients
from brokerage.partners.model import Partner, Reward
from brokerage.partners.objecting import causes, evidence
from brokerage.partners.objecting.causes import Lined
from brokerage.partners.objecting.sheets import Line
from brokerage.partners.parallel import sheets
from brokerage.partners.paying import periods
from brokerage.partners.paying.periods import Period
from brokerage.partners.permissions import Partners
from stoa.files import store
from stoa.files.model import StoredFile
from stoa.kernel.refusals import Invalid, NotFound
from stoa.tenancy.facts import TenantFacts
from stoa.tenancy.work import Work

KIND: Final = "partner.parallel"
MOST_RUNS: Final = 50
_DIGITS: Final = Decimal("0.01")
"""Figures that agree to a cent agree."""


@dataclass(frozen=True, slots=True)
class Beside:
    """One partner's month on both sides. `partner` is nobody where we know no such code."""

    code: str
    partner: UUID | None
    deals: int
    theirs: Decimal
    ours: Decimal

    @property
    def difference(self) -> Decimal:
        return self.ours - self.theirs


@dataclass(frozen=True, slots=True)
class Run:
    id: UUID
    month: str
    name: str
    at: Any


def period_of(work: Work, month: str) -> Period:
    """Raises Invalid for what is no month."""
    if len(month) != 7:
        raise Invalid("Write the month as year-month.", field="month")
    return periods.named(month, work.settings(TenantFacts).time_zone)


async def keep(work: Work, month: str, content: bytes, name: str) -> UUID:
    """Keep a file that was read without a fault. Raises Invalid."""
    work.require(Partners.EDIT)
    period_of(work, month)
    await asyncio.to_thread(sheets.read, content)
    kind = "text/csv" if not content.startswith(b"PK") else "application/vnd.ms-excel"
    file = await store.store(work, None, KIND, content, f"{month} {name}"[:120], kind)
    work.record("rewards.compared", month=month, file=str(file.id))
    return file.id


async def runs(work: Work) -> list[Run]:
    """The newest first."""
    work.require(Partners.VIEW)
    rows = await work.rows(
        select(StoredFile)
        .where(StoredFile.kind == KIND, StoredFile.owner.is_(None), StoredFile.gone_at.is_(None))
        .order_by(StoredFile.id.desc())
        .limit(MOST_RUNS)
    )
    return [_run(work, row) for row in rows]


def _run(work: Work, row: StoredFile) -> Run:
    month, _, name = store.name(work, row).partition(" ")
    return Run(row.id, month, name, row.stored_at)


async def opened(work: Work, run: UUID) -> tuple[Run, dict[str, list[Line]]]:
    """Raises NotFound."""
    work.require(Partners.VIEW)
    row = await store.find(work, run)
    if row.kind != KIND:
        raise NotFound
    content = await store.read(work, row)
    return _run(work, row), await asyncio.to_thread(sheets.read, content)


async def beside(work: Work, run: Run, theirs: Mapping[str, Sequence[Line]]) -> list[Beside]:
    """Every partner of either side, the largest difference first; one query for all of ours."""
    period = period_of(work, run.month)
    ours = {
        row.code: row
        for row in await work.table(
            select(Partner.code, Partner.id, func.sum(Reward.amount).label("amount"))
            .join(Reward, Reward.partner == Partner.id)
            .where(
                Reward.deal_at >= period.start,
                Reward.deal_at < period.end,
                Reward.kind != "shared",
                clients.within(work, Partner.id),
            )
            .group_by(Partner.code, Partner.id)
        )
    }
    known = {
        row.code: row.id
        for row in await work.table(
            select(Partner.code, Partner.id).where(
                Partner.code.in_(list(theirs)), clients.within(work, Partner.id)
            )
        )
    }
    found = [
        Beside(
            code,
            ours[code].id if code in ours else known.get(code),
            len(theirs.get(code, ())),
            sum((line.amount for line in theirs.get(code, ())), Decimal(0)),
            Decimal(ours[code].amount) if code in ours else Decimal(0),
        )
        for code in {*theirs, *ours}
    ]
    return sorted(found, key=lambda one: (-abs(one.difference), one.code))


def agree(one: Beside) -> bool:
    return abs(one.difference) < _DIGITS


async def lined(work: Work, run: Run, partner: Partner, theirs: Sequence[Line]) -> Lined:
    """Each differing trade of one partner, with its cause where a sum tells one."""
    period = period_of(work, run.month)
    mine = {
        key: one
        for key, one in (await evidence.ours(work, partner.id, period.start, period.end)).items()
        if not one.server.startswith("share:")
    }
    numbers = {one.deal for one in mine.values()}
    unknown = [line.deal for line in theirs if line.deal not in numbers]
    return causes.line_up(
        theirs,
        mine,
        await evidence.known(work, partner.id, unknown, period.start, period.end),
        await evidence.before(work, partner.id, period.end),
    )
