"""A draft of the schedule as a form: kept in the draft line by line, then tried like any draft."""

from typing import Any
from uuid import UUID

from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response

from brokerage.fees.quoting import SLICE
from brokerage.fees.settings import FeeSettings
from stoa.kernel.refusals import Conflict, NotFound, Refusal
from stoa.settingsdesk import drafts, forming
from stoa.settingsdesk.onesection import read_text
from stoa.settingsdesk.sections import as_text
from stoa.tenancy.model import SettingChange
from stoa.tenancy.module import Settings
from stoa.tenancy.work import Work
from stoa.theming.texts import N_
from stoa.web import access
from stoa.web.pages import go, look, page

AnyRequest = Request[Any, Any, Any]
HERE = "/desk/fees/drafts"


async def _written(work: Work, draft: UUID) -> SettingChange:
    row = await work.get(SettingChange, draft)
    if row.slice != SLICE or row.state not in drafts.STATES:
        raise NotFound
    if row.state != "draft":
        raise Conflict("This draft is not being written any more. Nothing was changed.")
    return row


def _page(request: AnyRequest, work: Work, row: SettingChange, form: forming.Form) -> Response[str]:
    return page(
        request,
        work,
        "desk/fees/form.html",
        audience="desk",
        status=422 if form.faults else 200,
        draft=row,
        form=form.drawn(look(request, work, "desk").texts),
    )


@get(f"{HERE}/{{draft:uuid}}/form", access=access.desk(Settings.EDIT))
async def show(
    request: AnyRequest, work: NamedDependency[Work], draft: FromPath[UUID]
) -> Response[Any]:
    """The draft's lines as fields; a text that cannot be read yet is mended as text first."""
    row = await _written(work, draft)
    try:
        value = read_text(SLICE, FeeSettings, drafts.text_of(row))
    except Refusal:
        return go(
            request,
            f"{HERE}/{draft}",
            notice=N_("This text cannot be read as a form yet: mend it here first."),
        )
    at = str(request.query_params.get("at", ""))[:200]
    return _page(request, work, row, forming.opened(FeeSettings, value, row.version, at=at))


@post(f"{HERE}/{{draft:uuid}}/form", access=access.desk(Settings.EDIT), status_code=200)
async def step(
    request: AnyRequest, work: NamedDependency[Work], draft: FromPath[UUID]
) -> Response[Any]:
    """One step; at the end it is kept in the draft, which is then tried on the last 30 days."""
    row = await _written(work, draft)
    form = await forming.sent(request, FeeSettings)
    if form.value is None:
        return _page(request, work, row, form)
    await drafts.write(work, draft, as_text(form.value))
    notice = N_("Kept. Nothing is in force before a second person agrees.")
    return go(request, f"{HERE}/{draft}", notice=notice)


ALL = [show, step]
