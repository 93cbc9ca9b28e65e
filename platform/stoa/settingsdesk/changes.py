"""Changes of settings that wait for a second person: listed, looked at with their rehearsal, decided."""

from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response
from sqlalchemy import select

from stoa.settingsdesk import pending
from stoa.settingsdesk.sections import label_of, slices
from stoa.settingsdesk.telling import told
from stoa.tenancy.model import SettingChange
from stoa.tenancy.module import Settings
from stoa.tenancy.settings import Change
from stoa.tenancy.work import Work
from stoa.theming.texts import N_
from stoa.web import access, forms
from stoa.web.pages import go, page

AnyRequest = Request[Any, Any, Any]


class Reason(msgspec.Struct):
    reason: str = ""


class Note(msgspec.Struct):
    note: str = ""


@get("/desk/settings/changes", access=access.desk(Settings.AGREE))
async def listed(request: AnyRequest, work: NamedDependency[Work]) -> Response[str]:
    rows = await work.rows(
        select(SettingChange)
        .where(SettingChange.state.not_in(("draft", "asked", "dropped")))
        .order_by(SettingChange.id.desc())
        .limit(50)
    )
    return page(
        request,
        work,
        "desk/settings/changes.html",
        audience="desk",
        rows=[{"row": row, "label": label_of(row.slice)} for row in rows],
    )


@get("/desk/settings/changes/{change:uuid}", access=access.desk(Settings.AGREE))
async def one(
    request: AnyRequest, work: NamedDependency[Work], change: FromPath[UUID]
) -> Response[str]:
    row = await work.get(SettingChange, change)
    mine = row.asked_by == work.actor.id
    return page(
        request,
        work,
        "desk/settings/change.html",
        audience="desk",
        change=row,
        label=label_of(row.slice),
        sentences=told(slices(request).get(row.slice), [Change(**one) for one in row.changes]),
        may_agree=row.state == "waiting" and not mine and not work.actor.read_only,
        may_take_back=row.state == "waiting" and mine and work.actor.may(Settings.EDIT),
    )


@post("/desk/settings/changes/{change:uuid}/agree", access=access.desk(Settings.AGREE))
async def agree(
    request: AnyRequest, work: NamedDependency[Work], change: FromPath[UUID]
) -> Response[Any]:
    form = await forms.read(request, Note)
    row = await pending.agree(work, change, slices(request), form.note)
    notice = (
        N_("In force now.")
        if row.state == "in-force"
        else N_("The settings were changed since; it must be asked for again. Nothing has changed.")
    )
    return go(request, f"/desk/settings/changes/{change}", notice=notice)


@post("/desk/settings/changes/{change:uuid}/refuse", access=access.desk(Settings.AGREE))
async def refuse(
    request: AnyRequest, work: NamedDependency[Work], change: FromPath[UUID]
) -> Response[Any]:
    form = await forms.read(request, Reason)
    await pending.refuse(work, change, form.reason)
    return go(request, f"/desk/settings/changes/{change}", notice=N_("Refused. Nothing changed."))


@post("/desk/settings/changes/{change:uuid}/take-back", access=access.desk(Settings.EDIT))
async def take_back(
    request: AnyRequest, work: NamedDependency[Work], change: FromPath[UUID]
) -> Response[Any]:
    await pending.take_back(work, change)
    return go(request, "/desk/settings", notice=N_("Taken back. Nothing changed."))


ALL = [listed, one, agree, refuse, take_back]
