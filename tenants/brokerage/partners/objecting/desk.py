"""Objections at the desk: by deadline, both sides lined up, a word, the decision."""

from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response
from msgspec import Meta
from sqlalchemy import select

from brokerage.clients import queries as client_queries
from brokerage.partners.model import Objection, Partner
from brokerage.partners.objecting import deciding, shown
from brokerage.partners.objecting.raising import SHEET
from brokerage.partners.permissions import Partners
from stoa.files import store
from stoa.files.model import StoredFile
from stoa.identity import people
from stoa.kernel.refusals import NotFound
from stoa.tenancy.work import Work
from stoa.theming.texts import N_
from stoa.web import access, forms, tables
from stoa.web.pages import go, page

AnyRequest = Request[Any, Any, Any]


class Word(msgspec.Struct):
    says: Annotated[str, Meta(max_length=2000)]


class Decision(msgspec.Struct):
    reason: Annotated[str, Meta(max_length=2000)] = ""
    line: list[int] = []


def _query(work: Any) -> Any:
    return (
        select(
            Objection.id,
            Objection.reference,
            Objection.partner,
            Objection.month,
            Objection.state,
            Objection.currency,
            Objection.claimed,
            Objection.ours,
            Objection.adjusted,
            Objection.opened_at,
            Objection.due_at,
            Partner.code,
        )
        .join(Partner, Partner.id == Objection.partner)
        .where(client_queries.within(work, Objection.partner))
    )


async def _view(work: Any, rows: Sequence[Any]) -> list[tables.Shown]:
    names = await client_queries.names(work, [row.partner for row in rows])
    return [
        tables.Shown(
            key=str(row.id),
            href=f"/desk/partners/objections/{row.id}",
            tone="stopped" if row.state == "open" and row.due_at < work.now else "",
            cells=(
                {"name": names.get(row.partner, ""), "note": row.code},
                row.reference,
                tables.Coded(f"objection {row.state}", row.state),
                row.month or "",
                row.claimed,
                row.ours,
                row.claimed - row.ours,
                row.adjusted,
                row.currency,
                row.due_at,
                row.opened_at,
            ),
        )
        for row in rows
    ]


OBJECTIONS = tables.Table(
    name="partner-objections",
    title=N_("Objections of partners"),
    columns=(
        tables.Column("partner", N_("Partner"), "person", beside=N_("Code"), fixed=True),
        tables.Column("reference", N_("Reference"), "code"),
        tables.Column("state", N_("State"), "status", coded=True),
        tables.Column("month", N_("Month"), "dated"),
        tables.Column("theirs", N_("Their figure"), "num"),
        tables.Column("ours", N_("Our figure"), "num"),
        tables.Column("difference", N_("Difference"), "num"),
        tables.Column("added", N_("Added"), "num"),
        tables.Column("currency", N_("Currency"), "code"),
        tables.Column("due", N_("Answer by"), "when", sort=Objection.due_at),
        tables.Column("opened", N_("Raised"), "when", sort=Objection.opened_at),
    ),
    query=_query,
    view=_view,
    id=Objection.id,
    order="opened",
    live="partner-objections",
    filters=(
        tables.choice(
            "state",
            N_("State"),
            Objection.state,
            (
                ("open", N_("To be answered")),
                ("agreed", N_("Agreed")),
                ("refused", N_("Not agreed")),
                ("withdrawn", N_("Taken back")),
            ),
        ),
    ),
    search=lambda _w, typed: Partner.code.startswith(typed.lower(), autoescape=True),
    search_label=N_("Find a partner's code"),
    export_permission=Partners.VIEW,
    empty_title=N_("No objections"),
    empty_text=N_("Partners raise them in their portal, on a reward or by their own sheet."),
)


@get("/desk/partners/objections", access=access.desk(Partners.VIEW))
async def listed(request: AnyRequest, work: NamedDependency[Work]) -> Response[Any]:
    return await tables.answer(request, work, OBJECTIONS)


@get("/desk/partners/objections/{objection:uuid}", access=access.desk(Partners.VIEW))
async def one(
    request: AnyRequest, work: NamedDependency[Work], objection: FromPath[UUID]
) -> Response[str]:
    row = await work.get(Objection, objection)
    await client_queries.seen(work, row.partner)
    partner = await work.get(Partner, row.partner)
    told = shown.of(row, page=shown.page_of(request), desk=True)
    authors = {one["by"] for one in told["story"] if one["by"]}
    return page(
        request,
        work,
        "desk/partners/objection.html",
        audience="desk",
        row=row,
        partner=partner,
        name=(await client_queries.names(work, [row.partner])).get(row.partner, ""),
        told=told,
        authors=await people.names(work, authors),
        late=row.state == "open" and row.due_at < work.now,
        may_decide=work.actor.may(Partners.DECIDE) and row.state == "open",
    )


@get("/desk/partners/objections/{objection:uuid}/sheet", access=access.desk(Partners.VIEW))
async def sheet(work: NamedDependency[Work], objection: FromPath[UUID]) -> Response[bytes]:
    """The partner's own file, as they sent it."""
    row = await work.get(Objection, objection)
    await client_queries.seen(work, row.partner)
    if row.sheet is None:
        raise NotFound
    file = await work.get(StoredFile, row.sheet)
    assert file.kind == SHEET  # noqa: S101 - nothing else is put there
    work.record("objection.sheet-read", objection=str(objection))
    content = await store.read(work, file)
    ending = "csv" if file.media_type == "text/csv" else "xlsx"
    return Response(
        content,
        media_type="application/octet-stream",
        headers={
            "content-disposition": f'attachment; filename="{row.reference}.{ending}"',
            "x-content-type-options": "nosniff",
        },
    )


@post("/desk/partners/objections/{objection:uuid}/say", access=access.desk(Partners.DECIDE))
async def say(
    request: AnyRequest, work: NamedDependency[Work], objection: FromPath[UUID]
) -> Response[None]:
    form = await forms.read(request, Word)
    await deciding.say(work, objection, form.says)
    return go(request, f"/desk/partners/objections/{objection}")


@post("/desk/partners/objections/{objection:uuid}/agree", access=access.desk(Partners.DECIDE))
async def agree(
    request: AnyRequest, work: NamedDependency[Work], objection: FromPath[UUID]
) -> Response[None]:
    form = await forms.read(request, Decision)
    await deciding.agree(work, objection, lines=form.line, why=form.reason)
    return go(
        request,
        f"/desk/partners/objections/{objection}",
        notice=N_("Agreed. The difference is in their rewards; they are told."),
    )


@post("/desk/partners/objections/{objection:uuid}/refuse", access=access.desk(Partners.DECIDE))
async def refuse(
    request: AnyRequest, work: NamedDependency[Work], objection: FromPath[UUID]
) -> Response[None]:
    form = await forms.read(request, Decision)
    await deciding.refuse(work, objection, why=form.reason)
    return go(
        request,
        f"/desk/partners/objections/{objection}",
        notice=N_("Not agreed. They read the reason."),
    )


WEB = [listed, one, sheet, say, agree, refuse]
