"""The schedule at the desk: what is in force and was, and a change tried on the last month first."""

import tomllib
from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.response import Response
from msgspec import Meta

from brokerage.fees import previewing, words
from brokerage.fees.permissions import Fees
from brokerage.fees.quoting import SLICE
from brokerage.fees.settings import FeeSettings
from stoa.kernel.refusals import Invalid, NotFound
from stoa.settingsdesk import pending
from stoa.settingsdesk.sections import as_text
from stoa.tenancy import settings
from stoa.tenancy.module import Settings
from stoa.tenancy.work import Work
from stoa.theming.texts import N_
from stoa.web import access, forms
from stoa.web.pages import go, page

AnyRequest = Request[Any, Any, Any]
HERE = "/desk/fees"


class Draft(msgspec.Struct):
    text: Annotated[str, Meta(max_length=200_000)]
    why: Annotated[str, Meta(max_length=200)] = ""


def _read(text: str) -> FeeSettings:
    try:
        body = tomllib.loads(text)
    except tomllib.TOMLDecodeError as why:
        raise Invalid(
            "This cannot be read: {problem}. Nothing was changed.", field="text", problem=str(why)
        ) from why
    return _of(body)


def _of(body: Mapping[str, Any]) -> FeeSettings:
    found = settings.parse(SLICE, FeeSettings, body)
    assert isinstance(found, FeeSettings)  # noqa: S101 - what parse was asked for
    return found


@get(HERE, access=access.desk(Fees.VIEW))
async def schedule(request: AnyRequest, work: NamedDependency[Work]) -> Response[str]:
    """The one in force, or an earlier one by its version, as it was when something was charged."""
    past = await settings.versions(work, SLICE)
    asked = request.query_params.get("version", "")
    row = next((one for one in past if str(one.version) == asked), None)
    if asked and row is None:
        raise NotFound
    known = work.settings(FeeSettings)
    if row is not None:
        known = _of(row.body)
    newest = past[0] if past else None
    return page(
        request,
        work,
        "desk/fees/schedule.html",
        audience="desk",
        lines=[words.said(one) for one in known.lines],
        known=known,
        version=row.version if row else newest.version if newest else 0,
        since=row.set_at if row else newest.set_at if newest else None,
        current=row is None or row is newest,
        past=past,
        seen=await previewing.preview(work, work.settings(FeeSettings)),
        what=words.WHAT,
        waits=await pending.waiting(work, SLICE) is not None,
        may_change=work.actor.may(Settings.EDIT) and not work.actor.read_only,
    )


async def _editor(
    request: AnyRequest, work: Work, text: str, why: str, seen: Any = None
) -> Response[str]:
    return page(
        request,
        work,
        "desk/fees/edit.html",
        audience="desk",
        text=text,
        why=why,
        seen=seen,
        what=words.WHAT,
        lines=[words.said(one) for one in _read(text).lines] if seen else [],
    )


@get(f"{HERE}/edit", access=access.desk(Settings.EDIT))
async def edit(request: AnyRequest, work: NamedDependency[Work]) -> Response[str]:
    return await _editor(request, work, as_text(work.settings(FeeSettings)), "")


@post(f"{HERE}/preview", access=access.desk(Settings.EDIT), status_code=200)
async def preview(request: AnyRequest, work: NamedDependency[Work]) -> Response[str]:
    """The draft on what was done in the last 30 days; nothing is stored."""
    form = await forms.read(request, Draft)
    seen = await previewing.preview(work, _read(form.text))
    return await _editor(request, work, form.text, form.why, seen)


@post(HERE, access=access.desk(Settings.EDIT))
async def change(request: AnyRequest, work: NamedDependency[Work]) -> Response[None]:
    """Ask for the change: it waits for a second person, with the same preview beside it."""
    form = await forms.read(request, Draft)
    if len(form.why.strip()) < 3:
        raise Invalid("Say why, in a few words.", field="why")
    stored = await settings.put(work, SLICE, _read(form.text), why=form.why.strip())
    waits = stored is None
    return go(
        request,
        "/desk/approvals" if waits else HERE,
        notice=N_("It waits for a second person to agree. Nothing has changed yet.")
        if waits
        else N_("The schedule is in force."),
    )


ALL = [schedule, edit, preview, change]
