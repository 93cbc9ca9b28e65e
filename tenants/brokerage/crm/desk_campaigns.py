"""Campaigns and letters at the desk."""

from collections.abc import Mapping
from typing import Annotated, Any, Final
from uuid import UUID

import msgspec
from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response
from msgspec import Meta
from sqlalchemy import select

from brokerage.clients import queries as clients
from brokerage.crm import (
    campaign_tables,
    campaigns,
    figures,
    rules,
    segments,
    suppression,
    words,
)
from brokerage.crm.model import Campaign, Segment
from brokerage.crm.permissions import Crm
from brokerage.partners.tree import picking
from stoa.kernel.refusals import Invalid
from stoa.tenancy.facts import TenantFacts
from stoa.tenancy.work import Work
from stoa.theming.texts import LANGUAGES, N_
from stoa.web import access, forms
from stoa.web import tables as engine
from stoa.web.pages import go, page

AnyRequest = Request[Any, Any, Any]
_Subject = Annotated[str, Meta(max_length=200)]
_Body = Annotated[str, Meta(max_length=10_000)]
_Action = Annotated[str, Meta(max_length=40)]


class Form(msgspec.Struct):
    """One letter in up to three languages."""

    name: Annotated[str, Meta(max_length=80)] = ""
    segment: UUID | None = None
    path: Annotated[str, Meta(max_length=200)] = ""
    subject_en: _Subject = ""
    body_en: _Body = ""
    action_en: _Action = ""
    subject_es: _Subject = ""
    body_es: _Body = ""
    action_es: _Action = ""
    subject_ar: _Subject = ""
    body_ar: _Body = ""
    action_ar: _Action = ""

    def texts(self) -> dict[str, campaigns.Text]:
        return {
            code: campaigns.Text(
                subject=getattr(self, f"subject_{code}"),
                body=getattr(self, f"body_{code}"),
                action=getattr(self, f"action_{code}"),
            )
            for code in LANGUAGES
        }


class Start(msgspec.Struct):
    override: Annotated[str, Meta(max_length=400)] = ""


class Language(msgspec.Struct):
    language: Annotated[str, Meta(max_length=8)] = "en"


_SAMPLE: Final[Mapping[str, tuple[str, str]]] = {
    "en": ("Maria Lopez", "Maria"),
    "es": ("María López", "María"),
    "ar": ("مريم حسن", "مريم"),
}


def _previews(work: Work, texts: Mapping[str, campaigns.Text]) -> list[dict[str, Any]]:
    """Each language as its reader would see it, with a made-up name."""
    found: list[dict[str, Any]] = []
    for code, text in texts.items():
        name, first = _SAMPLE[code]
        values = campaigns.open_values(work, "C-7K3M-9QXR", "ES") | {
            "name": name,
            "first_name": first,
        }
        found.append(
            {
                "language": code,
                "subject": rules.fill(text.subject, values),
                "paragraphs": rules.fill(text.body, values).split("\n\n"),
                "action": text.action,
            }
        )
    return found


async def _segments(work: Work) -> list[tuple[str, str]]:
    rows = await work.table(
        select(Segment.id, Segment.name)
        .where(Segment.archived_at.is_(None))
        .order_by(Segment.name)
        .limit(500)
    )
    return [(str(row.id), row.name) for row in rows]


@get("/desk/campaigns", access=access.desk(Crm.CAMPAIGNS_VIEW))
async def listed(request: AnyRequest, work: NamedDependency[Work]) -> Response[Any]:
    return await engine.answer(
        request,
        work,
        campaign_tables.CAMPAIGNS,
        template="desk/crm/campaigns.html",
        may_edit=work.actor.may(Crm.CAMPAIGNS_EDIT),
    )


@get("/desk/campaigns/new", access=access.desk(Crm.CAMPAIGNS_EDIT))
async def new(request: AnyRequest, work: NamedDependency[Work]) -> Response[str]:
    return await _editor(request, work, None)


async def _editor(request: AnyRequest, work: Work, row: Campaign | None) -> Response[str]:
    empty = campaigns.Text(subject="", body="")
    texts = dict.fromkeys(work.settings(TenantFacts).languages, empty)
    if row is not None:
        texts |= campaigns.texts_of(row)
    return page(
        request,
        work,
        "desk/crm/campaign_edit.html",
        audience="desk",
        campaign={"id": row.id, "name": row.name, "path": row.path or ""} if row else None,
        segment=str(row.segment) if row else str(request.query_params.get("segment", "")),
        segments=await _segments(work),
        texts=texts,
        places=["{" + one + "}" for one in rules.PLACES],
        previews=_previews(work, {k: v for k, v in texts.items() if v.subject}),
    )


@post("/desk/campaigns/preview", access=access.desk(Crm.CAMPAIGNS_EDIT))
async def preview(request: AnyRequest, work: NamedDependency[Work]) -> Response[str]:
    """What is written so far, as it would be read."""
    form = await forms.read(request, Form)
    trouble, found = None, list[dict[str, Any]]()
    try:
        found = _previews(work, campaigns.checked(form.texts()))
    except Invalid as why:
        trouble = {"sentence": why.sentence, "places": why.places}
    return page(
        request,
        work,
        "desk/crm/campaign_preview.html",
        audience="desk",
        previews=found,
        trouble=trouble,
    )


def _wanted(form: Form) -> dict[str, Any]:
    if form.segment is None:
        raise Invalid("Choose a segment.", field="segment")
    return {"name": form.name, "segment": form.segment, "texts": form.texts(), "path": form.path}


@post("/desk/campaigns", access=access.desk(Crm.CAMPAIGNS_EDIT))
async def create(request: AnyRequest, work: NamedDependency[Work]) -> Response[None]:
    row = await campaigns.save(work, **_wanted(await forms.read(request, Form)))
    return go(request, f"/desk/campaigns/{row.id}", notice=N_("The draft is saved."))


@get("/desk/campaigns/{campaign:uuid}", access=access.desk(Crm.CAMPAIGNS_VIEW))
async def one(
    request: AnyRequest, work: NamedDependency[Work], campaign: FromPath[UUID]
) -> Response[str]:
    """A draft: whom it would reach. One that began: how far it is."""
    row = await work.get(Campaign, campaign)
    segment = await work.get(Segment, row.segment)
    draft = row.state == "draft"
    conditions = segments.read(segment.conditions if row.conditions is None else row.conditions)
    texts = campaigns.texts_of(row)
    people = [one for one in (row.made_by, row.started_by, row.override_by) if one]
    return page(
        request,
        work,
        "desk/crm/campaign.html",
        audience="desk",
        campaign=row_view(row),
        segment={"id": segment.id, "name": segment.name},
        said=words.of(
            conditions,
            work.settings(TenantFacts).base_currency,
            await picking.name_of(work, conditions.partner),
        ),
        figures=await (figures.foreseen(work, conditions) if draft else figures.of(work, row.id)),
        reasons=suppression.WHY,
        previews=_previews(work, texts),
        names={str(key): name for key, name in (await clients.names(work, people)).items()},
        may={
            "edit": work.actor.may(Crm.CAMPAIGNS_EDIT),
            "send": work.actor.may(Crm.CAMPAIGNS_SEND),
            "override": work.actor.may(Crm.SUPPRESSION_OVERRIDE),
        },
    )


def row_view(row: Campaign) -> dict[str, Any]:
    return {
        "id": row.id,
        "name": row.name,
        "state": row.state,
        "path": row.path or "",
        "made_at": row.made_at,
        "made_by": str(row.made_by),
        "started_at": row.started_at,
        "started_by": str(row.started_by),
        "ended_at": row.ended_at,
        "override_why": row.override_why or "",
        "override_by": str(row.override_by),
        "languages": list(campaigns.texts_of(row)),
    }


@get("/desk/campaigns/{campaign:uuid}/edit", access=access.desk(Crm.CAMPAIGNS_EDIT))
async def edit(
    request: AnyRequest, work: NamedDependency[Work], campaign: FromPath[UUID]
) -> Response[str]:
    return await _editor(request, work, await work.get(Campaign, campaign))


@post("/desk/campaigns/{campaign:uuid}", access=access.desk(Crm.CAMPAIGNS_EDIT))
async def save(
    request: AnyRequest, work: NamedDependency[Work], campaign: FromPath[UUID]
) -> Response[None]:
    form = await forms.read(request, Form)
    await campaigns.save(work, campaign=campaign, **_wanted(form))
    return go(request, f"/desk/campaigns/{campaign}", notice=N_("The draft is saved."))


@post("/desk/campaigns/{campaign:uuid}/try", access=access.desk(Crm.CAMPAIGNS_EDIT))
async def try_out(
    request: AnyRequest, work: NamedDependency[Work], campaign: FromPath[UUID]
) -> Response[None]:
    form = await forms.read(request, Language)
    await campaigns.try_out(work, campaign, form.language)
    return go(
        request, f"/desk/campaigns/{campaign}", notice=N_("A test letter is on its way to you.")
    )


@post("/desk/campaigns/{campaign:uuid}/start", access=access.desk(Crm.CAMPAIGNS_SEND))
async def start(
    request: AnyRequest, work: NamedDependency[Work], campaign: FromPath[UUID]
) -> Response[None]:
    form = await forms.read(request, Start)
    await campaigns.start(work, campaign, override=form.override)
    return go(request, f"/desk/campaigns/{campaign}", notice=N_("The letters are being sent."))


@post("/desk/campaigns/{campaign:uuid}/stop", access=access.desk(Crm.CAMPAIGNS_SEND))
async def stop(
    request: AnyRequest, work: NamedDependency[Work], campaign: FromPath[UUID]
) -> Response[None]:
    await campaigns.stop(work, campaign)
    return go(request, f"/desk/campaigns/{campaign}", notice=N_("Stopped."))


@post("/desk/campaigns/{campaign:uuid}/resume", access=access.desk(Crm.CAMPAIGNS_SEND))
async def resume(
    request: AnyRequest, work: NamedDependency[Work], campaign: FromPath[UUID]
) -> Response[None]:
    await campaigns.resume(work, campaign)
    return go(request, f"/desk/campaigns/{campaign}", notice=N_("The letters are being sent."))


WEB: Final = [
    listed,
    new,
    preview,
    create,
    one,
    edit,
    save,
    try_out,
    start,
    stop,
    resume,
]
