"""Bonuses in the trader room: what is offered, how far it is earned, what would be lost."""

from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response

from brokerage.bonuses import campaigns, grants, queries
from brokerage.bonuses.model import Grant
from brokerage.bonuses.permissions import Bonuses
from brokerage.kyc import standing
from stoa.kernel.refusals import NotFound
from stoa.tenancy.work import Work
from stoa.theming.texts import N_
from stoa.web import access, forms
from stoa.web.pages import go, page

AnyRequest = Request[Any, Any, Any]


class Take(msgspec.Struct):
    campaign: UUID | None = None
    promo: str = ""


def _shown(row: Grant) -> dict[str, Any]:
    return {
        "row": row,
        "progress": queries.progress(row),
        "conditions": queries.conditions(grants.terms_of(row)),
    }


@get("/bonuses", access=access.room(Bonuses.OWN))
async def bonuses_page(request: AnyRequest, work: NamedDependency[Work]) -> Response[str]:
    assert work.actor.id is not None  # noqa: S101 - a client's session names them
    mine = await queries.of_client(work, work.actor.id)
    return page(
        request,
        work,
        "room/bonuses/bonuses.html",
        audience="room",
        forbidden=(await standing.limits(work, work.actor.id)).forbids("bonuses"),
        offers=[
            {"row": row, "conditions": queries.conditions(grants.terms_of(row))}
            for row in await campaigns.offered(work, work.actor.id)
        ],
        running=[_shown(row) for row in mine if row.ended_at is None],
        ended=[row for row in mine if row.ended_at is not None],
    )


@post("/bonuses", access=access.room(Bonuses.OWN))
async def bonus_take(request: AnyRequest, work: NamedDependency[Work]) -> Response[None]:
    form = await forms.read(request, Take)
    assert work.actor.id is not None  # noqa: S101 - a client's session names them
    row = await grants.take(work, work.actor.id, campaign=form.campaign, promo=form.promo)
    return go(
        request, f"/bonuses/{row.id}", notice=N_("Taken. The next deposit that fits brings it.")
    )


@get("/bonuses/{grant:uuid}", access=access.room(Bonuses.OWN))
async def bonus_page(
    request: AnyRequest, work: NamedDependency[Work], grant: FromPath[UUID]
) -> Response[str]:
    row = await work.get(Grant, grant)
    if row.client != work.actor.id:
        raise NotFound
    return page(
        request,
        work,
        "room/bonuses/bonus.html",
        audience="room",
        **_shown(row),
        story=await queries.story(work, row, staff=False),
    )


ALL = [bonuses_page, bonus_take, bonus_page]
