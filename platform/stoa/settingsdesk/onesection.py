"""One section: as a form, as text, and its versions. A change is looked at before it is put in force."""

import tomllib
from collections.abc import Sequence
from typing import Annotated, Any, Final

import msgspec
from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response
from msgspec import Meta

from stoa.kernel.refusals import Invalid
from stoa.settingsdesk import forming, meanwhile, pending
from stoa.settingsdesk.sections import (
    PAGES,
    WAITS,
    about_of,
    as_text,
    label_of,
    section_type,
    slices,
)
from stoa.settingsdesk.telling import told
from stoa.tenancy import settings
from stoa.tenancy.module import Settings
from stoa.tenancy.work import Work
from stoa.theming import reasons
from stoa.theming.texts import N_
from stoa.web import access, forms
from stoa.web.pages import go, look, page

AnyRequest = Request[Any, Any, Any]
_LONGEST: Final = 400_000
"""Characters of one section; the starting one of verification has some 28,000."""
_SHOWN: Final = 12


class Draft(msgspec.Struct):
    text: Annotated[str, Meta(max_length=_LONGEST)]
    why: str = ""
    version: int | None = None


def here(name: str) -> str:
    return f"/desk/settings/sections/{name}"


async def _page(
    request: AnyRequest, work: Work, name: str, template: str, *, status: int = 200, **more: Any
) -> Response[str]:
    """One tab of a section."""
    return page(
        request,
        work,
        f"desk/settings/{template}.html",
        audience="desk",
        status=status,
        name=name,
        label=label_of(name),
        about=about_of(name),
        here=here(name),
        waits=await pending.waiting(work, name),
        may_edit=work.actor.may(Settings.EDIT) and not work.actor.read_only,
        **more,
    )


async def _form(request: AnyRequest, work: Work, name: str, form: forming.Form) -> Response[str]:
    drawn = form.drawn(look(request, work, "desk").texts)
    status = 422 if form.faults else 200
    return await _page(request, work, name, "section", status=status, form=drawn)


@get("/desk/settings/sections/{name:str}", access=access.desk(Settings.VIEW))
async def section(
    request: AnyRequest, work: NamedDependency[Work], name: FromPath[str]
) -> Response[Any]:
    """The section in force as a form, opened at a place (`?at=withdrawals.approvers`)."""
    kind = section_type(request, name)
    if name in PAGES:
        return go(request, PAGES[name])
    form = forming.opened(
        kind,
        work.settings(kind),
        await settings.version_of(work, name),
        at=str(request.query_params.get("at", ""))[:200],
    )
    return await _form(request, work, name, form)


@post("/desk/settings/sections/{name:str}/form", access=access.desk(Settings.EDIT), status_code=200)
async def step(
    request: AnyRequest, work: NamedDependency[Work], name: FromPath[str]
) -> Response[Any]:
    """One step of the form: a row more, another part, what would change; at last, in force."""
    kind = section_type(request, name)
    form = await forming.sent(request, kind)
    if form.value is None:
        return await _form(request, work, name, form)
    if form.version != await settings.version_of(work, name):
        if form.do != "beside":
            return await meanwhile.shown(
                request,
                work,
                name,
                form,
                label=label_of(name),
                here=here(name),
                action=f"{here(name)}/form",
            )
        form = await meanwhile.brought_up(work, name, form)
    form = forming.finished(work, name, form)
    if form.do == "keep":
        if len(form.why) >= 3:
            return await _kept(request, work, name, form)
        problem = N_("Say why, in a few words.")
        return await _looked(request, work, name, form, problem=problem)
    return await _looked(request, work, name, form)


async def _kept(request: AnyRequest, work: Work, name: str, form: forming.Form) -> Response[Any]:
    version = await settings.put(work, name, form.value, why=form.why)
    return go(request, here(name), notice=WAITS if version is None else N_("In force now."))


async def _looked(
    request: AnyRequest, work: Work, name: str, form: forming.Form, *, problem: str = ""
) -> Response[str]:
    """What would change, in sentences, before a reason is asked for."""
    kind = section_type(request, name)
    now = work.settings(kind)
    rehearsal = await pending.rehearsed(work, name, now, form.value)
    return await _page(
        request,
        work,
        name,
        "look",
        status=422 if problem else 200,
        form=form.drawn(look(request, work, "desk").texts),
        changes=told(kind, settings.diff(now, form.value)),
        rehearsal=rehearsal,
        guarded=pending.guarded(name, now, form.value),
        problem=problem,
    )


@get("/desk/settings/sections/{name:str}/versions", access=access.desk(Settings.VIEW))
async def versions(
    request: AnyRequest, work: NamedDependency[Work], name: FromPath[str]
) -> Response[str]:
    """What it was, who changed it and why, newest first; any of them can be restored."""
    kind = section_type(request, name)
    rows = await settings.versions(work, name)
    names = await meanwhile.names_of(work, rows)
    history: list[dict[str, Any]] = []
    for later, row in enumerate(rows):
        before = rows[later + 1].body if later + 1 < len(rows) else {}
        changes = settings.diff(before, row.body) if before else []
        history.append(
            {
                "version": row.version,
                "at": row.set_at,
                "why": row.why,
                "by": names.get(row.set_by, "") if row.set_by else "",
                "changes": told(kind, changes[:_SHOWN]),
                "more": max(0, len(changes) - _SHOWN),
            }
        )
    return await _page(request, work, name, "versions", history=history)


@get("/desk/settings/sections/{name:str}/text", access=access.desk(Settings.VIEW))
async def in_text(
    request: AnyRequest, work: NamedDependency[Work], name: FromPath[str]
) -> Response[str]:
    """The section as a settings file has it, for those who prefer to write it."""
    kind = section_type(request, name)
    return await _text(
        request,
        work,
        name,
        text=as_text(work.settings(kind)),
        version=await settings.version_of(work, name),
    )


async def _text(
    request: AnyRequest,
    work: Work,
    name: str,
    *,
    text: str,
    version: int,
    why: str = "",
    theirs: Sequence[Any] = (),
) -> Response[str]:
    return await _page(
        request,
        work,
        name,
        "text",
        status=422 if theirs else 200,
        text=text,
        version=version,
        why=why,
        theirs=theirs,
    )


@post("/desk/settings/sections/{name:str}/preview", access=access.desk(Settings.VIEW))
async def preview(
    request: AnyRequest, work: NamedDependency[Work], name: FromPath[str]
) -> Response[str]:
    """What would change, in sentences; nothing is stored."""
    form = await forms.read(request, Draft)
    kind = section_type(request, name)
    value = read_text(name, kind, form.text)
    changes = told(kind, settings.diff(work.settings(kind), value))
    return page(request, work, "desk/settings/difference.html", audience="desk", changes=changes)


@post("/desk/settings/sections/{name:str}", access=access.desk(Settings.EDIT))
async def change(
    request: AnyRequest, work: NamedDependency[Work], name: FromPath[str]
) -> Response[Any]:
    """The text, put in force. What somebody else changed meanwhile is shown first."""
    form = await forms.read(request, Draft)
    if len(form.why.strip()) < 3:
        raise Invalid("Say why, in a few words.", field="why")
    kind = section_type(request, name)
    value = read_text(name, kind, form.text)
    newest = await settings.version_of(work, name)
    if form.version is not None and form.version != newest:
        base = await meanwhile.of_version(work, name, kind, form.version)
        theirs = told(kind, settings.diff(base, work.settings(kind)))
        return await _text(
            request, work, name, text=form.text, version=newest, why=form.why, theirs=theirs
        )
    version = await settings.put(work, name, value, why=form.why.strip()[:400])
    notice = WAITS if version is None else N_("In force now.")
    return go(request, here(name), notice=notice)


@post(
    "/desk/settings/sections/{name:str}/versions/{version:int}/restore",
    access=access.desk(Settings.EDIT),
)
async def restore(
    request: AnyRequest,
    work: NamedDependency[Work],
    name: FromPath[str],
    version: FromPath[int],
) -> Response[Any]:
    section_type(request, name)
    why = reasons.restored(version)
    done = await settings.restore(work, name, version, slices(request), why=why)
    notice = WAITS if done is None else N_("In force now.")
    return go(request, here(name), notice=notice)


def read_text(name: str, kind: type[msgspec.Struct], text: str) -> msgspec.Struct:
    """A section from its text. Raises Invalid naming what is wrong."""
    try:
        body = tomllib.loads(text)
    except tomllib.TOMLDecodeError as why:
        raise Invalid(
            "This cannot be read: {problem}. Nothing was changed.", field="text", problem=str(why)
        ) from why
    return settings.parse(name, kind, body)


ALL: Final = [section, step, in_text, versions, preview, change, restore]
