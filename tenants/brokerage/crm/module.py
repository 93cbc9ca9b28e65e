"""How the care for leads and clients joins the product."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, bindparam, func, select

from brokerage.clients.events import ClientRegistered, EmailVerified
from brokerage.crm import (
    desk_campaigns,
    desk_leads,
    desk_messages,
    desk_segments,
    desk_tasks,
    jobs,
    queries,
)
from brokerage.crm.events import CampaignGoesOn, ImportAsked
from brokerage.crm.labels import LABELS
from brokerage.crm.model import Campaign, Lead, Task
from brokerage.crm.permissions import ROLES, Crm
from brokerage.crm.settings import CrmSettings
from stoa.notices.events import MailUnsubscribed
from stoa.product import Card, Every, Item, Module, NavItem, Tab
from stoa.tenancy.statements import kept
from stoa.tenancy.work import Work
from stoa.theming.texts import N_

_MOST_ITEMS: Final = 6


async def today(work: Work) -> Sequence[Card]:
    """Leads nobody looks after."""
    return [await _new_leads(work)] if work.actor.may(Crm.LEADS_VIEW) else []


_MINE: Final = (
    select(Task).where(Task.state == "open", Task.owner == bindparam("owner")).order_by(Task.due_at)
)


async def my_tasks(work: Work) -> Sequence[Card]:
    """The reader's tasks by their due time."""
    if not work.actor.may(Crm.TASKS_VIEW):
        return []
    rows, count = await work.some(_MINE, _MOST_ITEMS, {"owner": work.actor.id})
    views = [queries.task_view(work, row) for row in rows]
    late = any(view.late for view in views)
    card = Card(
        key="tasks",
        label=N_("My tasks"),
        figure=count,
        tone="stopped" if late else "neutral",
        path="/desk/tasks?whose=mine&state=open",
        items=[
            Item(
                title=view.title,
                path=view.path or f"/desk/tasks/{view.id}",
                status="late" if view.late else "waiting",
                due=view.due_at,
            )
            for view in views
        ],
        order=15,
        worklist=True,
    )
    return [card]


@kept
def _fresh(visible: ColumnElement[bool]) -> Select[Lead]:
    return (
        select(Lead)
        .where(Lead.stage == bindparam("first"), visible)
        .order_by(Lead.score.desc(), Lead.id.desc())
    )


async def _new_leads(work: Work) -> Card:
    first = work.settings(CrmSettings).first
    fresh = _fresh(queries.visible_leads(work))
    rows, count = await work.some(fresh, _MOST_ITEMS, {"first": first})
    return Card(
        key="leads-new",
        label=N_("New leads"),
        figure=count,
        path="/desk/leads",
        items=[
            Item(
                title=queries.lead_name(work, row),
                path=f"/desk/leads/{row.id}",
                detail=row.source,
                status="new",
                since=row.created_at,
            )
            for row in rows
        ],
        order=55,
        worklist=True,
    )


async def pulse(work: Work) -> dict[str, Any]:
    """Counts and health for the operator: never a person."""
    open_stages = work.settings(CrmSettings).open_codes
    counted = await work.table(
        select(
            select(func.count())
            .select_from(Lead)
            .where(Lead.stage.in_(open_stages))
            .scalar_subquery(),
            select(func.count())
            .select_from(Task)
            .where(Task.state == "open", Task.due_at < work.now)
            .scalar_subquery(),
            select(func.count())
            .select_from(Campaign)
            .where(Campaign.state == "sending")
            .scalar_subquery(),
        )
    )
    leads, late, sending = counted[0]
    return {"leads_open": int(leads), "tasks_overdue": int(late), "campaigns_sending": int(sending)}


NAV: Final = (
    NavItem("desk", N_("Tasks"), "/desk/tasks", "checklist", Crm.TASKS_VIEW, 5, "k"),
    NavItem("desk", N_("Leads"), "/desk/leads", "user-search", Crm.LEADS_VIEW, 12, "l"),
    NavItem("desk", N_("Segments"), "/desk/segments", "chart-pie", Crm.SEGMENTS_VIEW, 14),
    NavItem("desk", N_("Messages"), "/desk/messages", "mail", Crm.MESSAGES_VIEW, 80, "m"),
)

MODULE = Module(
    name="crm",
    settings=CrmSettings,
    labels=LABELS,
    permissions=Crm,
    web=[
        *desk_leads.WEB,
        *desk_tasks.WEB,
        *desk_segments.WEB,
        *desk_campaigns.WEB,
        *desk_messages.WEB,
    ],
    reactions={
        ClientRegistered: [jobs.convert_registered],
        EmailVerified: [jobs.convert_verified],
        ImportAsked: [jobs.read_file],
        CampaignGoesOn: [jobs.send_campaign],
        MailUnsubscribed: [jobs.note_left],
    },
    schedule=[Every(900, jobs.gather_unverified)],
    nav=NAV,
    tabs=[
        Tab("messages", N_("Messages"), "/desk/clients/{client}/messages", Crm.MESSAGES_VIEW, 70)
    ],
    search=queries.hits,
    today=today,
    mine=my_tasks,
    pulse=pulse,
    roles=ROLES,
)
