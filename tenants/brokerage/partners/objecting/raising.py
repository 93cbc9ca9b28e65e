"""Objections as partners raise them: to one reward, or to a month by their own sheet."""

import asyncio
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, select

from brokerage.partners.events import ObjectionRaised
from brokerage.partners.model import Objection, ObjectionState, Partner, Reward
from brokerage.partners.objecting import causes, evidence, sheets
from brokerage.partners.paying import periods
from brokerage.partners.permissions import Partners
from brokerage.partners.settings import PartnerSettings
from stoa.files import store
from stoa.kernel.ids import reference
from stoa.kernel.refusals import Conflict, Invalid, NotFound
from stoa.tenancy.facts import TenantFacts
from stoa.tenancy.work import Work

MOST_LINES: Final = 2_000
"""Differing deals kept with an objection; the sums by cause are over all of them."""
MOST_OPEN: Final = 20
_LEAST_SAID: Final = 5
SHEET: Final = "partner.sheet"
_XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


async def to_line(work: Work, reward: UUID, *, claimed: Decimal | None, says: str) -> Objection:
    """To one reward of the partner's own. Raises NotFound, Invalid, Conflict when one is open."""
    partner = await _partner(work)
    row = await work.session.get(Reward, reward)
    if row is None or row.partner != partner.id:
        raise NotFound
    _said(says)
    settings = work.settings(PartnerSettings).objections
    if row.deal_at < work.now - timedelta(days=settings.back_days):
        raise Invalid(
            "Rewards older than {days} days are settled. Nothing was sent.", days=settings.back_days
        )
    again = await work.first(
        select(Objection.id).where(
            Objection.reward == reward, Objection.state == ObjectionState.OPEN
        )
    )
    if again is not None:
        raise Conflict("You objected to this reward already; we are on it. Nothing was sent.")
    group = await work.rows(
        select(Reward).where(
            Reward.partner == partner.id, Reward.server == row.server, Reward.deal == row.deal
        )
    )
    mine = evidence.by_deal(group)
    wanted = claimed if claimed is not None else _full(mine)
    line = sheets.Line(1, row.deal, wanted, None, row.server)
    lined = causes.line_up(
        [line], mine, {}, await evidence.before(work, partner.id, row.deal_at), whole=False
    )
    return await _open(work, partner, lined, says=says, reward=row)


def _full(mine: dict[tuple[str, int], causes.Ours]) -> Decimal:
    """What the deal would earn without exclusion and cap: meant, where no figure is named."""
    one = next(iter(mine.values()))
    return one.base * max(one.rate - one.below, Decimal(0))


async def to_month(work: Work, month: str, content: bytes, *, name: str, says: str) -> Objection:
    """To a month, by the partner's own sheet. Raises Invalid naming the line that cannot be read."""
    partner = await _partner(work)
    _said(says)
    period = periods.named(month, work.settings(TenantFacts).time_zone)
    if period.code != month or "-W" in month or len(month) != 7:
        raise Invalid("Write the month as year-month.", field="month")
    settings = work.settings(PartnerSettings).objections
    if period.end < work.now - timedelta(days=settings.back_days) or period.start > work.now:
        raise Invalid(
            "Choose a month of the last {days} days.", field="month", days=settings.back_days
        )
    lines = await asyncio.to_thread(sheets.read, content)
    mine = await evidence.ours(work, partner.id, period.start, period.end)
    have = {deal for _, deal in mine}
    others = sorted({line.deal for line in lines} - have)
    known = await evidence.known(work, partner.id, others, period.start, period.end)
    before = await evidence.before(work, partner.id, period.end)
    lined = await asyncio.to_thread(causes.line_up, lines, mine, known, before)
    media = _XLSX if content[:2] == b"PK" else "text/csv"
    file = await store.store(work, partner.id, SHEET, content, name[:120] or "sheet", media)
    return await _open(work, partner, lined, says=says, month=month, sheet=file.id)


async def _partner(work: Work) -> Partner:
    work.require(Partners.OWN)
    assert work.actor.id is not None  # noqa: S101 - a client's session names them
    partner = await work.lock(Partner, work.actor.id)
    open_ones = await work.value(
        select(func.count()).where(
            Objection.partner == partner.id, Objection.state == ObjectionState.OPEN
        )
    )
    if open_ones >= MOST_OPEN:
        raise Conflict("{n} objections of yours are open. Wait for our answer.", n=MOST_OPEN)
    return partner


def _said(says: str) -> None:
    if len(says.strip()) < _LEAST_SAID:
        raise Invalid("Say what is wrong, in a few words.", field="says")


async def _open(
    work: Work,
    partner: Partner,
    lined: causes.Lined,
    *,
    says: str,
    reward: Reward | None = None,
    month: str | None = None,
    sheet: UUID | None = None,
) -> Objection:
    days = work.settings(PartnerSettings).objections.answer_days
    row = Objection(
        id=work.new_id(),
        reference=reference("O"),
        partner=partner.id,
        reward=reward.id if reward is not None else None,
        month=month,
        currency=partner.currency,
        claimed=lined.theirs,
        ours=lined.ours,
        lines=lined.lines[:MOST_LINES],
        counted=lined.counted,
        sheet=sheet,
        story=[],
        opened_at=work.now,
        due_at=work.now + timedelta(days=days),
    )
    tell(work, row, "raised", says)
    work.add(row)
    await work.flush()
    work.subject = partner.id
    work.tell(ObjectionRaised(objection=row.id, partner=partner.id, due_at=row.due_at))
    work.announce("desk|partner-objections", f"client:{partner.id}|objections")
    return row


def tell(work: Work, row: Objection, what: str, says: str = "", **more: Any) -> None:
    """Add a moment to an objection's story."""
    moment = {
        "at": work.now.isoformat(),
        "what": what,
        "says": says.strip()[:2000],
        "by": str(work.actor.id) if work.actor.id else None,
        "who": "partner" if work.actor.id == row.partner else "us",
    }
    row.story = [*row.story, moment | more]
