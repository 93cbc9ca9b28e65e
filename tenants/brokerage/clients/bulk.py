"""The same done to many clients: what it would touch is shown before it happens."""

from typing import Annotated, Any, Final
from uuid import UUID

import msgspec
from litestar import Request, post
from litestar.di import NamedDependency
from litestar.response import Response
from msgspec import Meta
from sqlalchemy import select

from brokerage.clients import clients, queries
from brokerage.clients.model import Client
from brokerage.clients.permissions import Clients
from stoa.kernel.refusals import Invalid
from stoa.tenancy.work import Work
from stoa.theming.texts import N_
from stoa.web import access, forms
from stoa.web.pages import go, page

AnyRequest = Request[Any, Any, Any]

MOST: Final = 200
_SAMPLE: Final = 8


class Keys(msgspec.Struct):
    """`go` is absent while the preview is asked for."""

    keys: list[UUID]
    go: bool = False
    owner: UUID | None = None
    tags: Annotated[str, Meta(max_length=400)] = ""


@post("/desk/clients/assign", access=access.desk(Clients.ASSIGN))
async def assign(request: AnyRequest, work: NamedDependency[Work]) -> Response[Any]:
    """Preview, then give all of them to one member of staff."""
    form = await forms.read(request, Keys)
    rows = await _chosen(work, form.keys)
    if not form.go:
        return await _preview(request, work, rows, "assign")
    for one in rows:
        await clients.assign(work, one.id, form.owner)
    work.record("clients.assigned", count=len(rows))
    return go(request, "/desk/clients", notice=N_("Given over."))


@post("/desk/clients/tag", access=access.desk(Clients.TAG))
async def tag(request: AnyRequest, work: NamedDependency[Work]) -> Response[Any]:
    """Preview, then add the tags to what each already carries."""
    form = await forms.read(request, Keys)
    rows = await _chosen(work, form.keys)
    if not form.go:
        return await _preview(request, work, rows, "tag")
    added = [one for one in form.tags.split(",") if one.strip()]
    if not added:
        raise Invalid("Write at least one tag.", field="tags")
    for one in rows:
        await clients.tag(work, one.id, [*one.tags, *added])
    work.record("clients.tagged", count=len(rows))
    return go(request, "/desk/clients", notice=N_("Tags saved."))


async def _chosen(work: Work, keys: list[UUID]) -> list[Client]:
    """Those of the keys that are in scope, in a stable order so that locks never cross."""
    if not keys:
        raise Invalid("Choose at least one client.")
    if len(keys) > MOST:
        raise Invalid("200 clients at a time are the most. Nothing was changed.")
    return list(
        await work.rows(
            select(Client).where(Client.id.in_(keys), queries.visible(work)).order_by(Client.id)
        )
    )


async def _preview(request: AnyRequest, work: Work, rows: list[Client], what: str) -> Response[str]:
    named = await queries.names(work, [one.id for one in rows[:_SAMPLE]])
    return page(
        request,
        work,
        "desk/clients/bulk.html",
        audience="desk",
        what=what,
        keys=[str(one.id) for one in rows],
        sample=list(named.values()),
        more=max(0, len(rows) - _SAMPLE),
        owners=await queries.staff(work) if what == "assign" else [],
    )


WEB: Final = [assign, tag]
