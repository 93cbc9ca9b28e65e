"""Ratios at the desk: seen over time, tried on the last thirty days, asked for, decided."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response
from msgspec import Meta

from brokerage.clients import queries as client_queries
from brokerage.partners.model import Partner
from brokerage.partners.permissions import Partners
from brokerage.partners.settings import PartnerSettings
from brokerage.partners.tree import previewing, ratios, standings
from stoa.kernel.clock import business_day, day_bounds
from stoa.kernel.refusals import NotFound
from stoa.tenancy.facts import TenantFacts
from stoa.tenancy.work import Work
from stoa.theming.texts import N_
from stoa.web import access, forms
from stoa.web.pages import go, page

AnyRequest = Request[Any, Any, Any]


class Wish(msgspec.Struct):
    """Ratios as percentages. `until` is the last day they hold."""

    ratio: Decimal
    master: Decimal
    since: date | None = None
    until: date | None = None
    reason: Annotated[str, Meta(max_length=200)] = ""


class Why(msgspec.Struct):
    reason: Annotated[str, Meta(max_length=400)] = ""


def _bounds(work: Work, form: Wish) -> tuple[datetime, datetime | None]:
    """From the first instant of a day to come, today from now; to the end of the last day."""
    zone = work.settings(TenantFacts).time_zone
    today = form.since is None or form.since == business_day(work.now, zone)
    since = work.now if today or form.since is None else day_bounds(form.since, zone)[0]
    return since, day_bounds(form.until, zone)[1] if form.until else None


@get("/desk/partners/{partner:uuid}/ratios", access=access.desk(Partners.VIEW))
async def shown(
    request: AnyRequest, work: NamedDependency[Work], partner: FromPath[UUID]
) -> Response[str]:
    row = await _row(work, partner)
    names = await client_queries.names(work, [partner])
    try:
        now = await standings.at(work, partner, work.now)
    except NotFound:
        now = None
    asked = row.wanted
    seen = None
    if asked is not None and work.actor.may(Partners.EDIT):
        seen = await previewing.of_ratios(
            work, partner, ratio=Decimal(asked["ratio"]), master=Decimal(asked["master"])
        )
    return page(
        request,
        work,
        "desk/partners/ratios.html",
        audience="desk",
        partner=row,
        name=names.get(partner, row.code),
        now=now,
        ratios=await ratios.shown(work, partner),
        wanted=_told(asked) if asked else None,
        found=seen,
        mine=asked is not None and asked["by"] == str(work.actor.id),
        two=work.settings(PartnerSettings).ratios_two,
        may_edit=work.actor.may(Partners.EDIT),
        may_agree=work.actor.may(Partners.APPROVE),
        today=business_day(work.now, work.settings(TenantFacts).time_zone).isoformat(),
    )


def _told(asked: dict[str, Any]) -> dict[str, Any]:
    return {
        "ratio": Decimal(asked["ratio"]),
        "master": Decimal(asked["master"]),
        "since": datetime.fromisoformat(asked["since"]),
        "until": datetime.fromisoformat(asked["until"]) if asked["until"] else None,
        "at": datetime.fromisoformat(asked["at"]),
        "why": asked["why"],
        "name": asked["name"],
    }


async def _row(work: Work, partner: UUID) -> Partner:
    await client_queries.seen(work, partner)
    return await work.get(Partner, partner)


@get("/desk/partners/{partner:uuid}/ratios/preview", access=access.desk(Partners.EDIT))
async def preview(
    request: AnyRequest, work: NamedDependency[Work], partner: FromPath[UUID]
) -> Response[str]:
    """Who would have gained and lost in the last thirty days; nothing is changed."""
    form = forms.asked(request, Wish)
    row = await _row(work, partner)
    names = await client_queries.names(work, [partner])
    since, until = _bounds(work, form)
    ratios.checked(form.ratio / 100, form.master / 100, since, until, work.now)
    return page(
        request,
        work,
        "desk/partners/ratios_preview.html",
        audience="desk",
        partner=row,
        name=names.get(partner, row.code),
        form=form,
        found=await previewing.of_ratios(
            work, partner, ratio=form.ratio / 100, master=form.master / 100
        ),
        two=work.settings(PartnerSettings).ratios_two,
    )


@post("/desk/partners/{partner:uuid}/ratios", access=access.desk(Partners.EDIT))
async def ask(
    request: AnyRequest, work: NamedDependency[Work], partner: FromPath[UUID]
) -> Response[None]:
    form = await forms.read(request, Wish)
    since, until = _bounds(work, form)
    row = await ratios.ask(
        work,
        partner,
        ratio=form.ratio / 100,
        master=form.master / 100,
        since=since,
        until=until,
        why=form.reason,
    )
    said = N_("Asked for. A second person agrees.") if row.wanted else N_("In force as planned.")
    return go(request, f"/desk/partners/{partner}/ratios", notice=said)


@post("/desk/partners/{partner:uuid}/ratios/agree", access=access.desk(Partners.APPROVE))
async def agree(
    request: AnyRequest, work: NamedDependency[Work], partner: FromPath[UUID]
) -> Response[None]:
    await ratios.agree(work, partner)
    return go(request, f"/desk/partners/{partner}/ratios", notice=N_("In force as planned."))


@post("/desk/partners/{partner:uuid}/ratios/refuse", access=access.desk(Partners.APPROVE))
async def refuse(
    request: AnyRequest, work: NamedDependency[Work], partner: FromPath[UUID]
) -> Response[None]:
    form = await forms.read(request, Why)
    await ratios.refuse(work, partner, why=form.reason)
    return go(request, f"/desk/partners/{partner}/ratios", notice=N_("Refused. Nothing changed."))


WEB = [shown, preview, ask, agree, refuse]
