"""Lists of leads, files of leads and tasks."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import false, select

from brokerage.clients import finding
from brokerage.clients import queries as clients
from brokerage.crm import queries, tasks
from brokerage.crm.model import (
    SEARCH,
    Lead,
    LeadImport,
    Task,
)
from brokerage.crm.permissions import Crm
from brokerage.crm.settings import CrmSettings
from stoa.theming import words
from stoa.theming.masks import mask
from stoa.theming.statuses import Status, Tone, learn
from stoa.theming.texts import N_
from stoa.web.tables import Bulk, Coded, Column, Filter, Shown, Table, choice, dates

learn(
    {
        "checked": Status(N_("Looked at"), Tone.NEEDS, icon="eye-check"),
        "applying": Status(N_("Being taken over"), Tone.MOVING, icon="database-import"),
        "applied": Status(N_("Taken over"), Tone.DONE),
        "dropped": Status(N_("Not needed"), Tone.WAITING, icon="circle-minus"),
        "first call": Status(N_("First call"), Tone.WAITING, icon="phone"),
        "late": Status(N_("Overdue"), Tone.STOPPED, icon="alarm"),
    }
)


def _owner_filter(column: Any) -> Filter:
    def whose(work: Any, value: str) -> Any:
        if value == "me":
            return column == work.actor.id
        if value == "none":
            return column.is_(None)
        try:
            return column == UUID(value)
        except ValueError:
            return false()

    async def people(work: Any) -> Sequence[tuple[str, str]]:
        return [("me", N_("Me")), ("none", N_("Nobody")), *await clients.staff(work)]

    return Filter("owner", N_("Looked after by"), whose, "select", people)


async def _stages(work: Any) -> Sequence[tuple[str, str]]:
    return [(stage.code, stage.label) for stage in work.settings(CrmSettings).stages]


words.learn(
    {
        "registration": N_("Sign-up not finished"),
        "partner": N_("Partner"),
        "desk": N_("Typed in by staff"),
        "file": N_("File"),
        "form": N_("Form"),
        "api": N_("API"),
        "account_opened": N_("Account opened"),
        "already_registered": N_("Registered already"),
        "campaign": N_("Campaign"),
        "deposit_credited": N_("Deposit credited"),
        "destination_added": N_("Payout destination added"),
        "invitation": N_("Invitation"),
        "kyc_approved": N_("Verified"),
        "kyc_expiring": N_("Document runs out"),
        "kyc_refused": N_("Verification refused"),
        "kyc_rejected": N_("Documents asked for again"),
        "password_changed": N_("Password changed"),
        "reset": N_("New password"),
        "risk_alert": N_("Risk alert"),
        "second_factor_changed": N_("Second factor changed"),
        "passkey_refused": N_("Passkey refused"),
        "sign_in_alert": N_("Sign-in from a new place"),
        "sign_in_locked": N_("Sign-in locked"),
        "verify_email": N_("Confirm your e-mail address"),
        "withdrawal_approved": N_("Withdrawal approved"),
        "withdrawal_cancelled": N_("Withdrawal cancelled"),
        "withdrawal_paid": N_("Withdrawal paid"),
        "withdrawal_rejected": N_("Withdrawal not approved"),
        "withdrawal_requested": N_("Withdrawal asked for"),
        "withdrawal_returned": N_("Withdrawal came back"),
        "withdrawal_waits": N_("Withdrawal waits for approval"),
        "erasure_agreed": N_("Erasure of personal data"),
        "erasure_refused": N_("Erasure refused"),
        "system": N_("The system"),
    }
)


async def _sources(work: Any) -> Sequence[tuple[str, str]]:
    rows = await work.rows(select(Lead.source).distinct().order_by(Lead.source).limit(100))
    return [(one, words.label(one)) for one in rows]


def _found(work: Any, typed: str) -> Any:
    return finding.fits(work, Lead.search, SEARCH, typed)


async def _leads_view(work: Any, rows: Sequence[Any]) -> list[Shown]:
    found: list[Lead] = [row[0] for row in rows]
    owners = await clients.names(work, {row.owner for row in found if row.owner})
    labels = dict(await _stages(work))
    return [
        Shown(
            key=str(row.id),
            href=f"/desk/leads/{row.id}",
            cells=(
                {
                    "name": queries.lead_name(work, row),
                    "note": mask(
                        work.unseal(row.id, "lead.email", row.email_sealed) or "", "email"
                    ),
                },
                Coded(labels.get(row.stage, row.stage), row.stage),
                row.score,
                row.source,
                row.campaign or "",
                row.country or "",
                owners.get(row.owner, "") if row.owner else "",
                row.last_touch_at,
                row.created_at,
            ),
        )
        for row in found
    ]


def leads_table(work: Any) -> Table:
    bulk: list[Bulk] = []
    if work.actor.may(Crm.LEADS_ASSIGN):
        bulk.append(Bulk(N_("Give out in turn"), "/desk/leads/spread", icon="user-share"))
    return Table(
        name="leads",
        title=N_("Leads"),
        page_size=30,
        columns=(
            Column("name", N_("Lead"), "person", beside=N_("E-mail"), fixed=True),
            Column("stage", N_("Stage"), "word", coded=True),
            Column("score", N_("Score"), "num", sort=Lead.score),
            Column("source", N_("Source"), "word", coded=True),
            Column("campaign", N_("Campaign"), hidden=True),
            Column("country", N_("Country"), "flag", coded=True),
            Column("owner", N_("Looked after by")),
            Column("touched", N_("Last touch"), "when", sort=Lead.last_touch_at),
            Column("created", N_("Arrived"), "when", sort=Lead.created_at),
        ),
        query=lambda w: select(Lead).where(queries.visible_leads(w)),
        view=_leads_view,
        id=Lead.id,
        order="created",
        filters=(
            choice("stage", N_("Stage"), Lead.stage, _stages),
            choice("source", N_("Source"), Lead.source, _sources),
            _owner_filter(Lead.owner),
            *dates("created", N_("Arrived from"), N_("Arrived to"), Lead.created_at),
        ),
        search=_found,
        search_label=N_("Name, e-mail or telephone"),
        export_permission=Crm.LEADS_IMPORT,
        bulk=bulk,
        live="leads",
        empty_title=N_("No leads yet"),
        empty_text=N_(
            "Write one down, bring a file, or wait for those who do not finish signing up."
        ),
        empty_icon="user-search",
    )


async def _imports_view(_work: Any, rows: Sequence[Any]) -> list[Shown]:
    return [
        Shown(
            key=str(row[0].id),
            href=f"/desk/leads/imports/{row[0].id}",
            cells=(
                row[0].name,
                row[0].state,
                row[0].rows,
                row[0].counts.get("new", 0),
                row[0].made_at,
            ),
        )
        for row in rows
    ]


IMPORTS = Table(
    name="lead-imports",
    title=N_("Files of leads"),
    columns=(
        Column("name", N_("File"), "strong", fixed=True),
        Column("state", N_("State"), "status", coded=True),
        Column("rows", N_("Rows"), "num"),
        Column("new", N_("New leads"), "num"),
        Column("made", N_("Uploaded"), "when", sort=LeadImport.made_at),
    ),
    query=lambda _w: select(LeadImport),
    view=_imports_view,
    id=LeadImport.id,
    order="made",
    export_permission=Crm.LEADS_IMPORT,
    empty_title=N_("No files yet"),
)


def _which(work: Any, value: str) -> Any:
    if value == "mine":
        return Task.owner == work.actor.id
    if value == "team":
        return Task.owner.is_not(None) & (Task.owner != work.actor.id)
    if value == "nobody":
        return Task.owner.is_(None)
    return false()


def _state(work: Any, value: str) -> Any:
    if value == "late":
        return (Task.state == "open") & (Task.due_at < work.now)
    return Task.state == value


async def _tasks_view(work: Any, rows: Sequence[Any]) -> list[Shown]:
    views = await queries.task_views(work, [row[0] for row in rows])
    return [
        Shown(
            key=str(one.id),
            href=f"/desk/tasks/{one.id}",
            tone="stopped" if one.late else "",
            cells=(
                one.title,
                "late" if one.late else one.state,
                one.owner_name,
                one.due_at,
                one.rule.replace("-", " "),
            ),
        )
        for one in views
    ]


TASKS = Table(
    name="tasks",
    title=N_("Tasks"),
    columns=(
        Column("title", N_("Task"), "strong", fixed=True),
        Column("state", N_("State"), "status", coded=True),
        Column("owner", N_("For")),
        Column("due", N_("Due"), "when", sort=Task.due_at),
        Column("rule", N_("Kind"), "status"),
    ),
    query=lambda w: select(Task).where(tasks.visible(w)),
    view=_tasks_view,
    id=Task.id,
    order="due",
    descending=False,
    usual={"state": "open"},
    filters=(
        Filter(
            "whose",
            N_("Whose"),
            _which,
            "select",
            (("mine", N_("Mine")), ("team", N_("The others'")), ("nobody", N_("Nobody's"))),
        ),
        Filter(
            "state",
            N_("State"),
            _state,
            "select",
            (
                ("open", N_("Open")),
                ("late", N_("Overdue")),
                ("done", N_("Done")),
                ("dropped", N_("Not needed")),
            ),
        ),
        *dates("due", N_("Due from"), N_("Due to"), Task.due_at),
    ),
    bulk=(Bulk(N_("Done"), "/desk/tasks/done", icon="check"),),
    live="tasks",
    empty_title=N_("Nothing to do"),
    empty_text=N_("Tasks come from people and from rules, such as the first call of a new lead."),
    empty_icon="checklist",
)
