"""Bonuses at the desk: the list of grants, one grant's story, a client's tab."""

from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response

from brokerage.bonuses import abuse, campaigns, grants, queries, serverside, turnover
from brokerage.bonuses.model import Grant
from brokerage.bonuses.permissions import Bonuses
from brokerage.bonuses.tables import GRANTS
from brokerage.clients import queries as clients
from brokerage.kyc import standing
from stoa.kernel import money
from stoa.tenancy.work import Work
from stoa.theming.texts import N_
from stoa.web import access, forms, tables
from stoa.web.pages import go, page

AnyRequest = Request[Any, Any, Any]


class Why(msgspec.Struct):
    reason: str = ""


class ByHand(msgspec.Struct):
    campaign: UUID
    amount: str
    currency: str
    reason: str = ""


@get("/desk/bonuses", access=access.desk(Bonuses.VIEW))
async def listed(request: AnyRequest, work: NamedDependency[Work]) -> Response[Any]:
    known = await queries.figures(work)
    return await tables.answer(
        request,
        work,
        GRANTS,
        template="desk/bonuses/bonuses.html",
        campaigns=[{"row": row, "of": known.get(row.id)} for row in await campaigns.all_of(work)],
        may_edit=work.actor.may(Bonuses.CAMPAIGNS),
    )


@get("/desk/bonuses/grants/{grant:uuid}", access=access.desk(Bonuses.VIEW))
async def grant_page(
    request: AnyRequest, work: NamedDependency[Work], grant: FromPath[UUID]
) -> Response[str]:
    row = await work.get(Grant, grant)
    brief = await clients.brief(work, row.client)
    return page(
        request,
        work,
        "desk/bonuses/grant.html",
        audience="desk",
        grant=row,
        client=brief,
        progress=queries.progress(row),
        conditions=queries.conditions(grants.terms_of(row)),
        story=await queries.story(work, row, staff=True),
        evidence=await queries.evidence(work, row),
        cases=queries.cases(row),
        on_server=await serverside.credit_there(work, row),
        may_clear=work.actor.may(Bonuses.REVOKE) and abuse.open_case(row),
        may_revoke=work.actor.may(Bonuses.REVOKE) and row.state in {"chosen", "active"},
    )


@post("/desk/bonuses/grants/{grant:uuid}/revoke", access=access.desk(Bonuses.REVOKE))
async def grant_revoke(
    request: AnyRequest, work: NamedDependency[Work], grant: FromPath[UUID]
) -> Response[None]:
    form = await forms.read(request, Why)
    await grants.revoke(work, grant, form.reason)
    return go(
        request, f"/desk/bonuses/grants/{grant}", notice=N_("Taken back. The client was told why.")
    )


@post("/desk/bonuses/grants/{grant:uuid}/clear", access=access.desk(Bonuses.REVOKE))
async def grant_clear(
    request: AnyRequest, work: NamedDependency[Work], grant: FromPath[UUID]
) -> Response[None]:
    form = await forms.read(request, Why)
    row = await abuse.clear(work, grant, form.reason)
    await turnover.release_due(work, row.id)
    return go(request, f"/desk/bonuses/grants/{grant}", notice=N_("Cleared. It goes on."))


@get("/desk/clients/{client:uuid}/bonuses", access=access.desk(Bonuses.VIEW))
async def client_tab(
    request: AnyRequest, work: NamedDependency[Work], client: FromPath[UUID]
) -> Response[str]:
    await clients.seen(work, client)
    mine = await queries.of_client(work, client)
    forbidden = (await standing.limits(work, client)).forbids("bonuses")
    live = [row for row in await campaigns.all_of(work) if row.state == "live"]
    had = {row.campaign for row in mine}
    return page(
        request,
        work,
        "desk/bonuses/client_tab.html",
        audience="desk",
        client=client,
        grants=mine,
        forbidden=forbidden,
        campaigns=[
            row for row in live if row.id not in had and grants.terms_of(row).kind == "deposit"
        ],
        may_give=work.actor.may(Bonuses.GIVE) and not forbidden,
        base=work.tenant.base_currency,
    )


@post("/desk/clients/{client:uuid}/bonuses", access=access.desk(Bonuses.GIVE))
async def client_give(
    request: AnyRequest, work: NamedDependency[Work], client: FromPath[UUID]
) -> Response[None]:
    form = await forms.read(request, ByHand)
    amount = money.parse(form.amount, form.currency)
    row = await grants.give(work, client, form.campaign, amount, form.reason)
    return go(request, f"/desk/bonuses/grants/{row.id}", notice=N_("Credited."))


ALL = [
    listed,
    grant_page,
    grant_revoke,
    grant_clear,
    client_tab,
    client_give,
]
