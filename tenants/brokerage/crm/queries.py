"""Reads for screens: the board, one lead, tasks, a client's letters."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, func, select, true

from brokerage.clients import finding
from brokerage.clients import queries as clients
from brokerage.crm import rules, tasks
from brokerage.crm.model import SEARCH, Lead, LeadNote, Task
from brokerage.crm.permissions import Crm
from brokerage.crm.settings import CrmSettings
from stoa.kernel.refusals import NotFound
from stoa.notices.model import Message, Notice
from stoa.product import Hit
from stoa.tenancy.work import Work
from stoa.theming.masks import mask

MOST_CARDS: Final = 25
MOST_LINES: Final = 200


def visible_leads(work: Work) -> ColumnElement[bool]:
    """The condition on `Lead` that holds the actor to their data scope: own, team or all."""
    actor = work.actor
    if actor.sees_all:
        return true()
    if actor.scope == "team" and actor.team:
        return (Lead.team == actor.team) | (Lead.owner == actor.id)
    return Lead.owner == actor.id


async def seen_lead(work: Work, lead: UUID) -> Lead:
    """The row if the actor may see it; NotFound for unknown and for foreign alike."""
    row = await work.first(select(Lead).where(Lead.id == lead, visible_leads(work)))
    if row is None:
        raise NotFound
    return row


async def board(work: Work) -> list[dict[str, Any]]:
    """Stages with how many leads lie in each and the first cards, most points first: 3 queries."""
    settings = work.settings(CrmSettings)
    place = (
        func.row_number()
        .over(partition_by=Lead.stage, order_by=(Lead.score.desc(), Lead.id.desc()))
        .label("place")
    )
    counted = {
        row[0]: int(row[1])
        for row in await work.table(
            select(Lead.stage, func.count()).where(visible_leads(work)).group_by(Lead.stage)
        )
    }
    ranked = select(Lead.id, place).where(visible_leads(work)).subquery()
    rows = await work.rows(
        select(Lead)
        .join(ranked, ranked.c.id == Lead.id)
        .where(ranked.c.place <= MOST_CARDS)
        .order_by(Lead.score.desc(), Lead.id.desc())
    )
    owners = await clients.names(work, {row.owner for row in rows if row.owner})
    cards: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        cards.setdefault(row.stage, []).append(
            {
                "key": str(row.id),
                "title": lead_name(work, row),
                "href": f"/desk/leads/{row.id}",
                "value": str(row.score) if row.score else "",
                "text": row.campaign or "",
                "tags": [one for one in (row.country, row.source) if one],
                "at": row.last_touch_at,
                "by": owners.get(row.owner, "") if row.owner else "",
            }
        )
    return [
        {
            "key": stage.code,
            "label": stage.label,
            "count": counted.get(stage.code, 0),
            "cards": cards.get(stage.code, []),
        }
        for stage in settings.stages
    ]


def lead_name(work: Work, row: Any) -> str:
    return work.unseal(row.id, "lead.name", row.name_sealed) or "?"


@dataclass(frozen=True, slots=True)
class LeadView:
    """One lead as its page shows it; address and number masked."""

    id: UUID
    name: str
    email: str
    phone: str
    source: str
    campaign: str
    country: str | None
    language: str
    owner: UUID | None
    owner_name: str
    stage: str
    score: int
    because: Sequence[tuple[str, int]]
    client: UUID | None
    created_at: datetime
    last_touch_at: datetime
    converted_at: datetime | None


async def lead_view(work: Work, lead: UUID) -> LeadView:
    row = await seen_lead(work, lead)
    owners = await clients.names(work, [row.owner] if row.owner else [])
    return LeadView(
        id=row.id,
        name=lead_name(work, row),
        email=mask(work.unseal(row.id, "lead.email", row.email_sealed) or "", "email"),
        phone=mask(work.unseal(row.id, "lead.phone", row.phone_sealed) or "", "phone"),
        source=row.source,
        campaign=row.campaign or "",
        country=row.country,
        language=row.language,
        owner=row.owner,
        owner_name=owners.get(row.owner, "") if row.owner else "",
        stage=row.stage,
        score=row.score,
        because=[(str(label), int(points)) for label, points in row.because],
        client=row.client,
        created_at=row.created_at,
        last_touch_at=row.last_touch_at,
        converted_at=row.converted_at,
    )


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a lead's story; `was` holds what a corrected note said before."""

    id: UUID
    kind: str
    text: str
    about: dict[str, Any]
    author_name: str
    at: datetime
    was: Sequence[tuple[datetime, str]]


async def story(work: Work, lead: UUID) -> list[Line]:
    """Newest first; a corrected note carries what it said before."""
    rows = await work.rows(
        select(LeadNote).where(LeadNote.lead == lead).order_by(LeadNote.id.desc()).limit(MOST_LINES)
    )
    by_id = {row.id: row for row in rows}
    replaced = {row.replaces for row in rows if row.replaces}
    owners = await clients.names(
        work, [UUID(row.about["owner"]) for row in rows if row.about and row.about.get("owner")]
    )

    def said(row: LeadNote) -> str:
        return work.unseal(row.id, "lead_note.text", row.text_sealed) or ""

    def before(row: LeadNote) -> list[tuple[datetime, str]]:
        found: list[tuple[datetime, str]] = []
        older = by_id.get(row.replaces) if row.replaces else None
        while older is not None and len(found) < MOST_LINES:
            found.append((older.at, said(older)))
            older = by_id.get(older.replaces) if older.replaces else None
        return found

    lines: list[Line] = []
    for row in rows:
        if row.id in replaced:
            continue
        about = dict(row.about or {})
        if about.get("owner"):
            about["owner_name"] = owners.get(UUID(about["owner"]), "")
        lines.append(Line(row.id, row.kind, said(row), about, row.author_name, row.at, before(row)))
    return lines


@dataclass(frozen=True, slots=True)
class TaskView:
    id: UUID
    title: str
    rule: str
    state: str
    path: str
    owner_name: str
    due_at: datetime
    late: bool


async def task_views(work: Work, rows: Sequence[Task]) -> list[TaskView]:
    owners = await clients.names(work, {row.owner for row in rows if row.owner})
    return [task_view(work, row, owners.get(row.owner, "") if row.owner else "") for row in rows]


def task_view(work: Work, row: Task, owner_name: str = "") -> TaskView:
    return TaskView(
        id=row.id,
        title=work.unseal(row.id, "task.title", row.title_sealed) or "",
        rule=row.rule or "",
        state=row.state,
        path=row.path or "",
        owner_name=owner_name,
        due_at=row.due_at,
        late=row.state == "open" and row.due_at < work.now,
    )


async def tasks_about(work: Work, about: UUID) -> list[TaskView]:
    rows = await work.rows(
        select(Task)
        .where(Task.about == about, tasks.visible(work))
        .order_by(Task.state.desc(), Task.due_at)
        .limit(50)
    )
    return await task_views(work, rows)


async def hits(work: Work, typed: str) -> list[Hit]:
    """Leads for the global search, within scope."""
    if not work.actor.may(Crm.LEADS_VIEW):
        return []
    rows = await work.rows(
        select(Lead)
        .where(finding.fits(work, Lead.search, SEARCH, typed), visible_leads(work))
        .order_by(Lead.id.desc())
        .limit(10)
    )
    return [
        Hit("lead", lead_name(work, row), row.source, f"/desk/leads/{row.id}", 55) for row in rows
    ]


@dataclass(frozen=True, slots=True)
class Letter:
    id: UUID
    template: str
    state: str
    subject: str
    campaign: UUID | None
    queued_at: datetime
    sent_at: datetime | None
    error: str


async def letters(work: Work, client: UUID) -> list[Letter]:
    """A client's newest letters."""
    rows = await work.rows(
        select(Message)
        .where(Message.person == client)
        .order_by(Message.queued_at.desc(), Message.id.desc())
        .limit(100)
    )
    named = await clients.names(work, [client])
    return [letter(row, named.get(client, "")) for row in rows]


def letter(row: Message, name: str) -> Letter:
    """With the reader's name where the text asks for it, as it was read."""
    return Letter(
        id=row.id,
        template=row.template,
        state=row.state,
        subject=as_read(row, "subject", name),
        campaign=row.campaign,
        queued_at=row.queued_at,
        sent_at=row.sent_at,
        error=row.error or "",
    )


def as_read(row: Message, field: str, name: str) -> str:
    places = {"name": name, "first_name": name.split(" ", maxsplit=1)[0]}
    return rules.fill(str(row.params.get(field, "")), places)


async def told(work: Work, client: UUID) -> Sequence[Notice]:
    """What a client was told inside the product."""
    return await work.rows(
        select(Notice).where(Notice.person == client).order_by(Notice.told_at.desc()).limit(50)
    )
