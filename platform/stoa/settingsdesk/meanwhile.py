"""Somebody else changed a section while a form of it was being filled in: nothing is overwritten."""

from typing import Any

import msgspec
from litestar import Request
from litestar.response import Response
from sqlalchemy import select

from stoa.identity.model import Person
from stoa.settingsdesk import forming
from stoa.settingsdesk.telling import told
from stoa.tenancy import settings
from stoa.tenancy.model import Setting
from stoa.tenancy.work import Work
from stoa.web.pages import look, page

AnyRequest = Request[Any, Any, Any]


async def of_version(work: Work, name: str, kind: type[msgspec.Struct], version: int) -> Any:
    """A section as it was; as the product sets it where there is no such version."""
    row = await work.first(select(Setting).where(Setting.slice == name, Setting.version == version))
    return kind() if row is None else settings.parse(name, kind, row.body)


async def names_of(work: Work, rows: list[Setting]) -> dict[Any, str]:
    """Who set these versions, by name."""
    people = {row.set_by for row in rows if row.set_by}
    return {
        row.id: work.unseal(row.id, "person.name", row.name_sealed) or ""
        for row in await work.table(
            select(Person.id, Person.name_sealed).where(Person.id.in_(people))
        )
    }


async def brought_up(work: Work, name: str, form: forming.Form) -> forming.Form:
    """The form with what others changed since in it, and all that its writer changed on top."""
    kind = form.hint.kind
    base = await of_version(work, name, kind, form.version)
    beside, _ = forming.rebased(form.value, base, work.settings(kind))
    return forming.begun_again(form, beside, await settings.version_of(work, name))


async def shown(
    request: AnyRequest,
    work: Work,
    name: str,
    form: forming.Form,
    *,
    label: str,
    here: str,
    action: str,
) -> Response[str]:
    """Both changes beside one another, and what may be done about it."""
    kind = form.hint.kind
    now = work.settings(kind)
    base = await of_version(work, name, kind, form.version)
    _, both = forming.rebased(form.value, base, now)
    rows = await settings.versions(work, name, 1)
    names = await names_of(work, rows)
    return page(
        request,
        work,
        "desk/settings/stale.html",
        audience="desk",
        status=422,
        label=label,
        here=here,
        action=action,
        form=form.drawn(look(request, work, "desk").texts),
        theirs=told(kind, settings.diff(base, now)),
        mine=told(kind, settings.diff(base, form.value)),
        clash=told(kind, [settings.Change(one, "", "") for one in both]),
        by=names.get(rows[0].set_by, "") if rows and rows[0].set_by else "",
        at=rows[0].set_at if rows else work.now,
    )
