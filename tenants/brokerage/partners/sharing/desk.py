"""Shares at the desk: what waits for a yes, and what is in force."""

from typing import Annotated, Any, Final
from uuid import UUID

import msgspec
from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response
from msgspec import Meta

from brokerage.clients import queries as client_queries
from brokerage.partners.permissions import Partners
from brokerage.partners.settings import PartnerSettings
from brokerage.partners.sharing import terms
from stoa.tenancy.work import Work
from stoa.theming.texts import N_
from stoa.web import access, forms
from stoa.web.pages import go, page

AnyRequest = Request[Any, Any, Any]
HERE: Final = "/desk/partners/shares"


class Verdict(msgspec.Struct):
    key: Annotated[str, Meta(max_length=12)]
    reason: Annotated[str, Meta(max_length=200)] = ""


@get(HERE, access=access.desk(Partners.VIEW))
async def shown(request: AnyRequest, work: NamedDependency[Work]) -> Response[str]:
    rows = await terms.listed(work)
    people = {row.partner for row in rows} | {row.client for row in rows}
    names = await client_queries.names(work, people)
    return page(
        request,
        work,
        "desk/partners/shares.html",
        audience="desk",
        rows=[
            {
                "row": row,
                "partner": names.get(row.partner, row.code),
                "client": names.get(row.client, ""),
            }
            for row in rows
        ],
        sharing=work.settings(PartnerSettings).sharing,
        may_agree=work.actor.may(Partners.APPROVE),
    )


@post(HERE + "/{partner:uuid}/{client:uuid}/agree", access=access.desk(Partners.APPROVE))
async def agree(
    request: AnyRequest,
    work: NamedDependency[Work],
    partner: FromPath[UUID],
    client: FromPath[UUID],
) -> Response[None]:
    form = await forms.read(request, Verdict)
    await terms.decide(work, partner, client, form.key, agreed=True, why=form.reason)
    return go(request, HERE, notice=N_("Agreed. It is paid with the partner's payouts."))


@post(HERE + "/{partner:uuid}/{client:uuid}/refuse", access=access.desk(Partners.APPROVE))
async def refuse(
    request: AnyRequest,
    work: NamedDependency[Work],
    partner: FromPath[UUID],
    client: FromPath[UUID],
) -> Response[None]:
    form = await forms.read(request, Verdict)
    await terms.decide(work, partner, client, form.key, agreed=False, why=form.reason)
    return go(request, HERE, notice=N_("Refused. Nothing changed."))


WEB = [shown, agree, refuse]
