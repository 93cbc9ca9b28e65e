"""The schedule at the desk: what is in force and was, and a change tried on the last month first."""

import tomllib
from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response
from msgspec import Meta

from brokerage.fees import lineforms, previewing, words
from brokerage.fees.permissions import Fees
from brokerage.fees.quoting import SLICE
from brokerage.fees.settings import FeeSettings
from stoa.kernel.refusals import Conflict, Invalid, NotFound, Refusal
from stoa.settingsdesk import drafts, pending
from stoa.settingsdesk.sections import as_text
from stoa.tenancy import settings
from stoa.tenancy.model import SettingChange
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


class Named(msgspec.Struct):
    name: Annotated[str, Meta(max_length=120)]


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
        drafts=await drafts.listed(work, SLICE) if work.actor.may(Settings.EDIT) else [],
        may_change=work.actor.may(Settings.EDIT) and not work.actor.read_only,
    )


def _tried(text: str) -> tuple[FeeSettings | None, str]:
    """The schedule a text says, or why it says none yet."""
    try:
        return _read(text), ""
    except Refusal as why:
        return None, str(why)


async def _editor(
    request: AnyRequest, work: Work, row: SettingChange, *, tried: bool = False
) -> Response[str]:
    """One draft, with what it would have cost clients in the last 30 days where it can be read."""
    text = drafts.text_of(row)
    value, problem = _tried(text)
    return page(
        request,
        work,
        "desk/fees/edit.html",
        audience="desk",
        draft=row,
        text=text,
        problem=problem,
        seen=await previewing.preview(work, value) if value is not None else None,
        what=words.WHAT,
        lines=[words.said(one) for one in value.lines] if value is not None else [],
        outdated=row.version != await drafts.version(work, SLICE),
        tried=tried,
    )


async def _own(work: Work, draft: UUID) -> SettingChange:
    row = await work.get(SettingChange, draft)
    if row.slice != SLICE or row.state not in drafts.STATES:
        raise NotFound
    return row


@post(f"{HERE}/drafts", access=access.desk(Settings.EDIT))
async def draft_begin(request: AnyRequest, work: NamedDependency[Work]) -> Response[None]:
    """A copy of the schedule in force, to be changed over days by whoever may."""
    form = await forms.read(request, Named)
    row = await drafts.begin(work, SLICE, form.name, as_text(work.settings(FeeSettings)))
    return go(request, f"{HERE}/drafts/{row.id}")


@get(f"{HERE}/drafts/{{draft:uuid}}", access=access.desk(Settings.EDIT))
async def draft_page(
    request: AnyRequest, work: NamedDependency[Work], draft: FromPath[UUID]
) -> Response[str]:
    return await _editor(request, work, await _own(work, draft))


@post(f"{HERE}/drafts/{{draft:uuid}}", access=access.desk(Settings.EDIT), status_code=200)
async def draft_write(
    request: AnyRequest, work: NamedDependency[Work], draft: FromPath[UUID]
) -> Response[str]:
    """Keep the text, whatever it says, and try it on what was done in the last 30 days."""
    form = await forms.read(request, Draft)
    await _own(work, draft)
    return await _editor(request, work, await drafts.write(work, draft, form.text), tried=True)


@post(f"{HERE}/drafts/{{draft:uuid}}/ask", access=access.desk(Settings.EDIT))
async def draft_ask(
    request: AnyRequest, work: NamedDependency[Work], draft: FromPath[UUID]
) -> Response[None]:
    """Ask for the change: it waits for a second person, with the same preview beside it."""
    form = await forms.read(request, Draft)
    if len(form.why.strip()) < 3:
        raise Invalid("Say why, in a few words.", field="why")
    await _own(work, draft)
    await drafts.write(work, draft, form.text)
    value = _read(form.text)
    if value == work.settings(FeeSettings):
        raise Conflict("This is the schedule in force. Nothing was changed.")
    row = await drafts.asked(work, draft)
    why = f"{row.why}: {form.why.strip()}"[:400]
    waits = await settings.put(work, SLICE, value, why=why) is None
    return go(
        request,
        "/desk/approvals" if waits else HERE,
        notice=N_("It waits for a second person to agree. Nothing has changed yet.")
        if waits
        else N_("The schedule is in force."),
    )


@post(f"{HERE}/drafts/{{draft:uuid}}/again", access=access.desk(Settings.EDIT))
async def draft_again(
    request: AnyRequest, work: NamedDependency[Work], draft: FromPath[UUID]
) -> Response[None]:
    await _own(work, draft)
    if await pending.waiting(work, SLICE) is not None:
        raise Conflict("It waits for a second person. Have it decided or take it back first.")
    await drafts.again(work, draft)
    return go(request, f"{HERE}/drafts/{draft}")


@post(f"{HERE}/drafts/{{draft:uuid}}/drop", access=access.desk(Settings.EDIT))
async def draft_drop(
    request: AnyRequest, work: NamedDependency[Work], draft: FromPath[UUID]
) -> Response[None]:
    await _own(work, draft)
    await drafts.drop(work, draft)
    return go(request, HERE, notice=N_("The draft is dropped."))


ALL = [
    schedule,
    *lineforms.ALL,
    draft_begin,
    draft_page,
    draft_write,
    draft_ask,
    draft_again,
    draft_drop,
]
