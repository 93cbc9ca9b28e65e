"""Leads at the desk: the board, the list, one lead, files."""

from typing import Annotated, Any, Final
from uuid import UUID

import msgspec
from litestar import Request, get, post
from litestar.datastructures import UploadFile
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response
from msgspec import Meta

from brokerage.clients import queries as clients
from brokerage.crm import imports, leads, queries, tables
from brokerage.crm.model import LeadImport
from brokerage.crm.permissions import Crm
from brokerage.crm.settings import CrmSettings
from stoa.kernel.refusals import Invalid, NotFound
from stoa.tenancy.work import Work
from stoa.theming.texts import N_
from stoa.web import access, forms
from stoa.web import tables as engine
from stoa.web.pages import go, page

AnyRequest = Request[Any, Any, Any]

_MOST_KEYS: Final = 200
_SHOWN_FAULTS: Final = 200
_REVEALED: Final = frozenset({"email", "phone"})


class Written(msgspec.Struct):
    name: Annotated[str, Meta(max_length=80)]
    email: Annotated[str, Meta(max_length=254)]
    phone: Annotated[str, Meta(max_length=40)] = ""
    country: Annotated[str, Meta(max_length=2)] = ""
    language: Annotated[str, Meta(max_length=8)] = "en"
    source: Annotated[str, Meta(max_length=60)] = "desk"
    campaign: Annotated[str, Meta(max_length=120)] = ""


class Moved(msgspec.Struct):
    card: UUID
    column: Annotated[str, Meta(max_length=24)]


class Stage(msgspec.Struct):
    stage: Annotated[str, Meta(max_length=24)]


class Owner(msgspec.Struct):
    owner: UUID | None = None


class Text(msgspec.Struct):
    text: Annotated[str, Meta(max_length=4000)]
    kind: Annotated[str, Meta(pattern="^(note|call)$")] = "note"
    replaces: UUID | None = None


class Keys(msgspec.Struct):
    keys: list[UUID]
    go: bool = False


class File(msgspec.Struct):
    file: Any = None
    source: Annotated[str, Meta(max_length=60)] = "file"
    campaign: Annotated[str, Meta(max_length=120)] = ""


@get("/desk/leads", access=access.desk(Crm.LEADS_VIEW))
async def board(request: AnyRequest, work: NamedDependency[Work]) -> Response[str]:
    return page(
        request,
        work,
        "desk/crm/board.html",
        audience="desk",
        columns=await queries.board(work),
        may=_may(work),
    )


def _may(work: Work) -> dict[str, bool]:
    return {
        "edit": work.actor.may(Crm.LEADS_EDIT),
        "assign": work.actor.may(Crm.LEADS_ASSIGN),
        "file": work.actor.may(Crm.LEADS_IMPORT),
        "contact": work.actor.may(Crm.CONTACT_VIEW),
        "tasks": work.actor.may(Crm.TASKS_EDIT),
    }


@get("/desk/leads/list", access=access.desk(Crm.LEADS_VIEW))
async def listed(request: AnyRequest, work: NamedDependency[Work]) -> Response[Any]:
    return await engine.answer(
        request, work, tables.leads_table(work), template="desk/crm/leads.html", may=_may(work)
    )


@post("/desk/leads/move", access=access.desk(Crm.LEADS_EDIT))
async def moved(request: AnyRequest, work: NamedDependency[Work]) -> Response[Any]:
    """A card dropped on another column."""
    form = await forms.read(request, Moved)
    await leads.move(work, form.card, form.column)
    return Response("", status_code=204)


@get("/desk/leads/new", access=access.desk(Crm.LEADS_EDIT))
async def new(request: AnyRequest, work: NamedDependency[Work]) -> Response[str]:
    return page(request, work, "desk/crm/lead_new.html", audience="desk")


@post("/desk/leads", access=access.desk(Crm.LEADS_EDIT))
async def create(request: AnyRequest, work: NamedDependency[Work]) -> Response[None]:
    form = await forms.read(request, Written)
    row = await leads.create(work, leads.Wish(**msgspec.structs.asdict(form)))
    return go(request, f"/desk/leads/{row.id}", notice=N_("The lead is written down."))


@post("/desk/leads/spread", access=access.desk(Crm.LEADS_ASSIGN))
async def spread(request: AnyRequest, work: NamedDependency[Work]) -> Response[Any]:
    """Preview, then give the chosen ones out in turn."""
    form = await forms.read(request, Keys)
    if not form.keys or len(form.keys) > _MOST_KEYS:
        raise Invalid("Choose between one and 200 leads. Nothing was changed.")
    for key in form.keys:
        await queries.seen_lead(work, key)
    if not form.go:
        turns = await leads.turns(work, len(form.keys))
        named = await clients.names(work, {one for one, _ in turns})
        shares = {name: sum(1 for one, _ in turns if one == who) for who, name in named.items()}
        return page(
            request,
            work,
            "desk/crm/spread.html",
            audience="desk",
            keys=[str(key) for key in form.keys],
            shares=sorted(shares.items()),
            role=work.settings(CrmSettings).assign_role,
        )
    await leads.spread(work, form.keys)
    return go(request, "/desk/leads/list", notice=N_("Given over."))


@get("/desk/leads/{lead:uuid}", access=access.desk(Crm.LEADS_VIEW))
async def one(
    request: AnyRequest, work: NamedDependency[Work], lead: FromPath[UUID]
) -> Response[str]:
    found = await queries.lead_view(work, lead)
    settings = work.settings(CrmSettings)
    stage = settings.stage(found.stage)
    return page(
        request,
        work,
        "desk/crm/lead.html",
        audience="desk",
        lead=found,
        stage=stage.label if stage else found.stage,
        outcome=stage.outcome if stage else "open",
        stages=[
            (s.code, s.label) for s in settings.stages if s.outcome != "won" or found.converted_at
        ],
        labels={s.code: s.label for s in settings.stages},
        story=await queries.story(work, lead),
        tasks=await queries.tasks_about(work, lead),
        owners=await clients.staff(work) if work.actor.may(Crm.LEADS_ASSIGN) else [],
        may=_may(work),
    )


@post("/desk/leads/{lead:uuid}/stage", access=access.desk(Crm.LEADS_EDIT))
async def stage(
    request: AnyRequest, work: NamedDependency[Work], lead: FromPath[UUID]
) -> Response[None]:
    form = await forms.read(request, Stage)
    await leads.move(work, lead, form.stage)
    return go(request, f"/desk/leads/{lead}", notice=N_("Moved."))


@post("/desk/leads/{lead:uuid}/owner", access=access.desk(Crm.LEADS_ASSIGN))
async def owner(
    request: AnyRequest, work: NamedDependency[Work], lead: FromPath[UUID]
) -> Response[None]:
    form = await forms.read(request, Owner)
    await leads.assign(work, lead, form.owner)
    return go(request, f"/desk/leads/{lead}", notice=N_("Given over."))


@post("/desk/leads/{lead:uuid}/notes", access=access.desk(Crm.LEADS_EDIT))
async def note(
    request: AnyRequest, work: NamedDependency[Work], lead: FromPath[UUID]
) -> Response[None]:
    form = await forms.read(request, Text)
    await leads.note(work, lead, form.text, kind=form.kind, replaces=form.replaces)
    return go(request, f"/desk/leads/{lead}", notice=N_("Note saved."))


@post("/desk/leads/{lead:uuid}/reveal/{field:str}", access=access.desk(Crm.CONTACT_VIEW))
async def reveal(
    request: AnyRequest, work: NamedDependency[Work], lead: FromPath[UUID], field: FromPath[str]
) -> Response[str]:
    """The address or the number in clear; the reading is in the audit log."""
    work.require(Crm.CONTACT_VIEW)
    row = await queries.seen_lead(work, lead)
    if field not in _REVEALED:
        raise NotFound
    work.subject = lead
    work.record("lead.revealed", lead=str(lead), field=field)
    value = work.unseal(row.id, f"lead.{field}", getattr(row, f"{field}_sealed"))
    return page(
        request, work, "desk/clients/revealed.html", audience="desk", field=field, value=value
    )


@get("/desk/leads/imports", access=access.desk(Crm.LEADS_IMPORT))
async def files(request: AnyRequest, work: NamedDependency[Work]) -> Response[Any]:
    return await engine.answer(request, work, tables.IMPORTS, template="desk/crm/imports.html")


@post("/desk/leads/imports", access=access.desk(Crm.LEADS_IMPORT))
async def upload(request: AnyRequest, work: NamedDependency[Work]) -> Response[None]:
    form = await forms.read(request, File)
    if not isinstance(form.file, UploadFile):
        raise Invalid("Choose a CSV file.", field="file")
    content = await form.file.read(imports.MOST_BYTES + 1)
    row = await imports.upload(
        work,
        content,
        name=form.file.filename or "leads.csv",
        source=form.source,
        campaign=form.campaign,
    )
    return go(request, f"/desk/leads/imports/{row.id}")


@get("/desk/leads/imports/{batch:uuid}", access=access.desk(Crm.LEADS_IMPORT))
async def file(
    request: AnyRequest, work: NamedDependency[Work], batch: FromPath[UUID]
) -> Response[Any]:
    """How each row fares; `format=csv` gives all of it."""
    row = await work.get(LeadImport, batch)
    if request.query_params.get("format") == "csv":
        lines = ["line,outcome,reason\n"]
        lines += [f'{line},{outcome},"{why}"\n' for line, outcome, why in row.results]
        return Response(
            "".join(lines).encode(),
            media_type="text/csv",
            headers={"content-disposition": f'attachment; filename="{batch}.csv"'},
        )
    faults = [
        {"line": line, "field": why.partition(": ")[0], "sentence": why.partition(": ")[2]}
        for line, outcome, why in row.results
        if outcome == "refused"
    ]
    return page(
        request,
        work,
        "desk/crm/import.html",
        audience="desk",
        file=row,
        faults=faults[:_SHOWN_FAULTS],
        more=max(0, len(faults) - _SHOWN_FAULTS),
    )


@post("/desk/leads/imports/{batch:uuid}/apply", access=access.desk(Crm.LEADS_IMPORT))
async def apply(
    request: AnyRequest, work: NamedDependency[Work], batch: FromPath[UUID]
) -> Response[None]:
    await imports.apply(work, batch)
    return go(request, f"/desk/leads/imports/{batch}")


WEB: Final = [
    board,
    listed,
    moved,
    new,
    create,
    spread,
    one,
    stage,
    owner,
    note,
    reveal,
    files,
    upload,
    file,
    apply,
]
