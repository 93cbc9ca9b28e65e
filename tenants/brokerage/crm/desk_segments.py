"""Segments at the desk: conditions with a live count, and who is in them."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Final
from uuid import UUID

import msgspec
from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response
from msgspec import Meta

from brokerage.clients import listing
from brokerage.clients.permissions import Clients
from brokerage.clients.settings import ClientSettings
from brokerage.crm import campaign_tables, figures, segments, words
from brokerage.crm.model import Segment
from brokerage.crm.permissions import Crm
from brokerage.partners.permissions import Partners
from brokerage.partners.tree import picking
from stoa.kernel.refusals import Invalid, Refusal
from stoa.tenancy.facts import TenantFacts
from stoa.tenancy.work import Work
from stoa.theming.texts import N_
from stoa.web import access, forms
from stoa.web import tables as engine
from stoa.web.pages import go, page

AnyRequest = Request[Any, Any, Any]
_Code = Annotated[str, Meta(max_length=24)]


class Form(msgspec.Struct):
    """What the form of a segment posts; the same fields, drawn flat."""

    name: Annotated[str, Meta(max_length=80)] = ""
    deposits_min: Decimal | None = None
    deposits_max: Decimal | None = None
    trade: _Code | None = None
    trade_days: int | None = None
    partner: _Code | None = None
    states: list[_Code] = []
    levels: list[_Code] = []
    countries: list[_Code] = []
    risks: list[_Code] = []
    languages: list[_Code] = []
    registered_from: date | None = None
    registered_to: date | None = None
    registered_days: int | None = None
    tag: Annotated[str, Meta(max_length=40)] | None = None

    def conditions(self) -> segments.Conditions:
        """Raises Invalid for what no segment can hold."""
        raw = msgspec.structs.asdict(self)
        raw.pop("name")
        try:
            return segments.tidy(
                msgspec.convert(msgspec.to_builtins(raw), segments.Conditions, strict=False)
            )
        except msgspec.ValidationError as why:
            field = str(why).partition("$.")[2].partition("`")[0].partition("[")[0]
            raise Invalid("This does not look right.", field=field or "name") from why


def _choices(work: Work) -> dict[str, Any]:
    return {
        "states": [(str(k), v) for k, v in listing.STATES],
        "levels": [
            (one, listing.LEVELS.get(one, one.capitalize()))
            for one in work.settings(ClientSettings).levels
        ],
        "risks": [(str(k), v) for k, v in listing.RISKS],
        "languages": work.settings(TenantFacts).languages,
        "currency": work.settings(TenantFacts).base_currency,
    }


@get("/desk/segments", access=access.desk(Crm.SEGMENTS_VIEW))
async def listed(request: AnyRequest, work: NamedDependency[Work]) -> Response[Any]:
    return await engine.answer(
        request,
        work,
        campaign_tables.SEGMENTS,
        template="desk/crm/segments.html",
        may_edit=work.actor.may(Crm.SEGMENTS_EDIT),
    )


@get("/desk/segments/new", access=access.desk(Crm.SEGMENTS_EDIT))
async def new(request: AnyRequest, work: NamedDependency[Work]) -> Response[str]:
    return page(
        request,
        work,
        "desk/crm/segment_edit.html",
        audience="desk",
        segment=None,
        c=segments.Conditions(),
        choices=_choices(work),
        may_pick=work.actor.may(Partners.VIEW),
    )


@post("/desk/segments/count", access=access.desk(Crm.SEGMENTS_VIEW))
async def count(request: AnyRequest, work: NamedDependency[Work]) -> Response[str]:
    """How many it would be now, while one is still choosing."""
    trouble, found, said = "", None, list[words.Words]()
    try:
        conditions = (await forms.read(request, Form)).conditions()
        named = await picking.name_of(work, conditions.partner)
        said = words.of(conditions, work.settings(TenantFacts).base_currency, named)
        found = await figures.foreseen(work, conditions)
    except Refusal as why:
        trouble = why.sentence
    return page(
        request,
        work,
        "desk/crm/segment_count.html",
        audience="desk",
        figures=found,
        said=said,
        trouble=trouble,
    )


@post("/desk/segments", access=access.desk(Crm.SEGMENTS_EDIT))
async def create(request: AnyRequest, work: NamedDependency[Work]) -> Response[None]:
    form = await forms.read(request, Form)
    row = await segments.save(work, form.name, form.conditions())
    return go(request, f"/desk/segments/{row.id}", notice=N_("The segment is saved."))


@get("/desk/segments/{segment:uuid}", access=access.desk(Crm.SEGMENTS_VIEW))
async def one(
    request: AnyRequest, work: NamedDependency[Work], segment: FromPath[UUID]
) -> Response[str]:
    """Who is in it now. Files of clients are asked for on the clients' page, with a reason."""
    work.require(Clients.VIEW)
    row = await work.get(Segment, segment)
    conditions = segments.read(row.conditions)
    found = figures.foreseen(work, conditions)
    shown = replace(
        listing.table(work),
        name="segment",
        query=lambda w: listing.query(w).where(*segments.where(w, conditions)),
        bulk=(),
        empty_title=N_("Nobody is in it now"),
        empty_text=N_("As soon as the conditions hold for someone, they are here."),
    )
    table = await engine.shell(request, work, shown)
    for kind in ("csv_url", "xlsx_url"):
        table.pop(kind, None)
    return page(
        request,
        work,
        "desk/crm/segment.html",
        audience="desk",
        segment={
            "id": row.id,
            "name": row.name,
            "changed_at": row.changed_at,
            "archived": row.archived_at,
        },
        said=words.of(
            conditions,
            work.settings(TenantFacts).base_currency,
            await picking.name_of(work, conditions.partner),
        ),
        figures=await found,
        table=table,
        may_edit=work.actor.may(Crm.SEGMENTS_EDIT),
        may_write=work.actor.may(Crm.CAMPAIGNS_EDIT),
    )


@get("/desk/segments/{segment:uuid}/edit", access=access.desk(Crm.SEGMENTS_EDIT))
async def edit(
    request: AnyRequest, work: NamedDependency[Work], segment: FromPath[UUID]
) -> Response[str]:
    row = await work.get(Segment, segment)
    return page(
        request,
        work,
        "desk/crm/segment_edit.html",
        audience="desk",
        segment={"id": row.id, "name": row.name},
        c=segments.read(row.conditions),
        choices=_choices(work),
        may_pick=work.actor.may(Partners.VIEW),
    )


@post("/desk/segments/{segment:uuid}", access=access.desk(Crm.SEGMENTS_EDIT))
async def save(
    request: AnyRequest, work: NamedDependency[Work], segment: FromPath[UUID]
) -> Response[None]:
    form = await forms.read(request, Form)
    await segments.save(work, form.name, form.conditions(), segment=segment)
    return go(request, f"/desk/segments/{segment}", notice=N_("The segment is saved."))


@post("/desk/segments/{segment:uuid}/archive", access=access.desk(Crm.SEGMENTS_EDIT))
async def archive(
    request: AnyRequest, work: NamedDependency[Work], segment: FromPath[UUID]
) -> Response[None]:
    await segments.archive(work, segment)
    return go(request, "/desk/segments", notice=N_("Put away."))


WEB: Final = [listed, new, count, create, one, edit, save, archive]
