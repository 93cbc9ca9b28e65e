"""Tasks at the desk."""

from datetime import date, datetime, time
from typing import Annotated, Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response
from msgspec import Meta
from sqlalchemy import func, select

from brokerage.clients import queries as clients
from brokerage.crm import queries, tables, tasks
from brokerage.crm.model import Task
from brokerage.crm.permissions import Crm
from stoa.kernel.refusals import Invalid, NotFound
from stoa.tenancy.facts import TenantFacts
from stoa.tenancy.work import Work
from stoa.theming.texts import N_
from stoa.web import access, forms
from stoa.web import tables as engine
from stoa.web.pages import go, page

AnyRequest = Request[Any, Any, Any]

_AN_EVENING: Final = time(18, 0)
_MOST_KEYS: Final = 200


class Asked(msgspec.Struct):
    """`lead` or `client` say what it is about; without an owner it is one's own."""

    title: Annotated[str, Meta(max_length=300)]
    due: date | None = None
    owner: UUID | None = None
    lead: UUID | None = None
    client: UUID | None = None


class Given(msgspec.Struct):
    owner: UUID | None = None
    due: date | None = None


class Keys(msgspec.Struct):
    keys: list[UUID]


@get("/desk/tasks", access=access.desk(Crm.TASKS_VIEW))
async def listed(request: AnyRequest, work: NamedDependency[Work]) -> Response[Any]:
    counted = await work.table(
        select(
            func.count().filter(Task.owner == work.actor.id),
            func.count().filter(Task.due_at < work.now),
            func.count(),
        ).where(Task.state == "open", tasks.visible(work))
    )
    mine, late, everyone = (int(one) for one in counted[0])
    return await engine.answer(
        request,
        work,
        tables.TASKS,
        template="desk/crm/tasks.html",
        tabs=[
            {"label": "mine", "href": "/desk/tasks?whose=mine&state=open", "count": mine},
            {"label": "late", "href": "/desk/tasks?state=late", "count": late},
            {"label": "open", "href": "/desk/tasks", "count": everyone},
            {"label": "all", "href": "/desk/tasks?state="},
        ],
        here="?".join(filter(None, (request.url.path, str(request.url.query)))),
        owners=await clients.staff(work),
        may_edit=work.actor.may(Crm.TASKS_EDIT),
    )


@post("/desk/tasks", access=access.desk(Crm.TASKS_EDIT))
async def create(request: AnyRequest, work: NamedDependency[Work]) -> Response[None]:
    form = await forms.read(request, Asked)
    about, kind, path = await _about(work, form)
    await tasks.open(
        work,
        form.title,
        owner=form.owner or work.actor.id,
        about=about,
        about_kind=kind,
        path=path,
        due=evening(work, form.due),
    )
    return go(request, path or "/desk/tasks", notice=N_("The task is open."))


async def _about(work: Work, form: Asked) -> tuple[UUID | None, str | None, str | None]:
    if form.lead is not None:
        await queries.seen_lead(work, form.lead)
        return form.lead, "lead", f"/desk/leads/{form.lead}"
    if form.client is not None:
        await clients.seen(work, form.client)
        return form.client, "client", f"/desk/clients/{form.client}"
    return None, None, None


def evening(work: Work, day: date | None) -> datetime | None:
    """The end of that working day in the tenant's calendar."""
    if day is None:
        return None
    zone = ZoneInfo(work.settings(TenantFacts).time_zone)
    return datetime.combine(day, _AN_EVENING, zone)


@get("/desk/tasks/{task:uuid}", access=access.desk(Crm.TASKS_VIEW))
async def one(
    request: AnyRequest, work: NamedDependency[Work], task: FromPath[UUID]
) -> Response[str]:
    row = await work.first(select(Task).where(Task.id == task, tasks.visible(work)))
    if row is None:
        raise NotFound
    views = await queries.task_views(work, [row])
    named = await clients.names(work, [one for one in (row.opened_by, row.done_by) if one])
    return page(
        request,
        work,
        "desk/crm/task.html",
        audience="desk",
        task=views[0],
        owner=row.owner,
        opened_at=row.opened_at,
        opened_by=named.get(row.opened_by, "") if row.opened_by else "",
        done_at=row.done_at,
        done_by=named.get(row.done_by, "") if row.done_by else "",
        owners=await clients.staff(work),
        may_edit=work.actor.may(Crm.TASKS_EDIT),
    )


@post("/desk/tasks/{task:uuid}/done", access=access.desk(Crm.TASKS_EDIT))
async def done(
    request: AnyRequest, work: NamedDependency[Work], task: FromPath[UUID]
) -> Response[None]:
    await tasks.done(work, task)
    return go(request, "/desk/tasks", notice=N_("Done."))


@post("/desk/tasks/{task:uuid}/drop", access=access.desk(Crm.TASKS_EDIT))
async def drop(
    request: AnyRequest, work: NamedDependency[Work], task: FromPath[UUID]
) -> Response[None]:
    await tasks.done(work, task, dropped=True)
    return go(request, "/desk/tasks", notice=N_("Put aside."))


@post("/desk/tasks/{task:uuid}/again", access=access.desk(Crm.TASKS_EDIT))
async def again(
    request: AnyRequest, work: NamedDependency[Work], task: FromPath[UUID]
) -> Response[None]:
    await tasks.again(work, task)
    return go(request, f"/desk/tasks/{task}", notice=N_("Open again."))


@post("/desk/tasks/{task:uuid}/give", access=access.desk(Crm.TASKS_EDIT))
async def give(
    request: AnyRequest, work: NamedDependency[Work], task: FromPath[UUID]
) -> Response[None]:
    form = await forms.read(request, Given)
    await tasks.give(work, task, form.owner, evening(work, form.due))
    return go(request, f"/desk/tasks/{task}", notice=N_("Given over."))


@post("/desk/tasks/done", access=access.desk(Crm.TASKS_EDIT))
async def all_done(request: AnyRequest, work: NamedDependency[Work]) -> Response[None]:
    """Several at once; each can be opened again."""
    form = await forms.read(request, Keys)
    if not form.keys or len(form.keys) > _MOST_KEYS:
        raise Invalid("Choose between one and 200 tasks. Nothing was changed.")
    for key in sorted(form.keys):
        await tasks.done(work, key)
    return go(request, "/desk/tasks", notice=N_("Done."))


WEB: Final = [listed, create, one, done, drop, again, give, all_done]
