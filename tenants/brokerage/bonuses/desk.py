"""Bonuses at the desk: campaigns, the list of grants, one grant's story, a client's tab."""

from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response

from brokerage.bonuses import abuse, campaigns, grants, queries, serverside, turnover
from brokerage.bonuses.model import Campaign, Grant
from brokerage.bonuses.permissions import Bonuses
from brokerage.bonuses.tables import GRANTS
from brokerage.bonuses.terms import Terms
from brokerage.clients import queries as clients
from brokerage.kyc import standing
from stoa.kernel import money
from stoa.kernel.refusals import Invalid
from stoa.tenancy.work import Work
from stoa.theming.texts import N_
from stoa.web import access, forms, tables
from stoa.web.pages import go, page

AnyRequest = Request[Any, Any, Any]


class Preset(msgspec.Struct):
    """The form of a campaign; lists are typed with commas."""

    title: str
    most: str
    kind: str = "deposit"
    percent: str = "0"
    tiers: str = ""
    currency: str = ""
    code: str = ""
    least_deposit: str = "0"
    first: int = 1
    last: int = 1
    valid_days: int = 30
    lots_per_100: str = "1"
    release: str = "whole"
    symbols: str = ""
    hold_s: int = 60
    burn: str = "all"
    burn_negative: bool = False
    countries: str = ""
    levels: str = ""
    tags: str = ""
    promo_code: str = ""
    once_household: bool = False
    once_device: bool = False
    once_instrument: bool = False
    ask: bool = False


class Why(msgspec.Struct):
    reason: str = ""


class ByHand(msgspec.Struct):
    campaign: UUID
    amount: str
    currency: str
    reason: str = ""


def _terms(form: Preset) -> Terms:
    """Raises Invalid naming what is wrong."""
    once = [
        name
        for name, on in (
            ("household", form.once_household),
            ("device", form.once_device),
            ("instrument", form.once_instrument),
        )
        if on
    ]
    sent = {
        "kind": form.kind,
        "tiers": _tiers(form.tiers) if form.kind == "cashback" else [],
        "percent": _number(form.percent or "0", "percent"),
        "most": _number(form.most, "most"),
        "currency": form.currency,
        "least_deposit": _number(form.least_deposit or "0", "least_deposit"),
        "first": form.first,
        "last": form.last,
        "valid_days": form.valid_days,
        "lots_per_100": _number(form.lots_per_100 or "0", "lots_per_100"),
        "release": form.release,
        "symbols": _listed(form.symbols),
        "hold_s": form.hold_s,
        "burn": form.burn,
        "burn_negative": form.burn_negative,
        "countries": [one.upper() for one in _listed(form.countries)],
        "levels": _listed(form.levels),
        "tags": _listed(form.tags),
        "promo_code": form.promo_code.strip().upper(),
        "once_per": once,
        "ask": form.ask,
    }
    try:
        return msgspec.convert(sent, Terms)
    except msgspec.ValidationError as why:
        raise Invalid("This does not fit: {problem}. Nothing was kept.", problem=str(why)) from why


def _number(typed: str, field: str) -> Decimal:
    try:
        return Decimal(typed.strip().replace(",", "."))
    except InvalidOperation as why:
        raise Invalid("Enter a number.", field=field) from why


def _tiers(typed: str) -> list[dict[str, Decimal]]:
    """`0 = 2, 10 = 3`: from so many lots on, so much for each. Raises Invalid."""
    found: list[dict[str, Decimal]] = []
    for one in _listed(typed):
        start, sign, amount = one.partition("=")
        if not sign:
            raise Invalid("Write tiers as 0 = 2, 10 = 3.", field="tiers")
        found.append({"from_lots": _number(start, "tiers"), "amount": _number(amount, "tiers")})
    return found


def _listed(typed: str) -> list[str]:
    return [one.strip() for one in typed.replace("\n", ",").split(",") if one.strip()]


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


@get("/desk/bonuses/campaigns/new", access=access.desk(Bonuses.CAMPAIGNS))
async def campaign_new(request: AnyRequest, work: NamedDependency[Work]) -> Response[str]:
    terms = Terms(percent=Decimal(30), most=Decimal(500), currency=work.tenant.base_currency)
    return page(
        request,
        work,
        "desk/bonuses/campaign.html",
        audience="desk",
        campaign=None,
        terms=terms,
        conditions=[],
        may_edit=True,
    )


@post("/desk/bonuses/campaigns", access=access.desk(Bonuses.CAMPAIGNS))
async def campaign_make(request: AnyRequest, work: NamedDependency[Work]) -> Response[None]:
    form = await forms.read(request, Preset)
    row = await campaigns.make(work, form.code.strip(), form.title, _terms(form))
    return go(request, f"/desk/bonuses/campaigns/{row.id}", notice=N_("Kept as a draft."))


@get("/desk/bonuses/campaigns/{campaign:uuid}", access=access.desk(Bonuses.VIEW))
async def campaign_page(
    request: AnyRequest, work: NamedDependency[Work], campaign: FromPath[UUID]
) -> Response[str]:
    row = await work.get(Campaign, campaign)
    terms = grants.terms_of(row)
    return page(
        request,
        work,
        "desk/bonuses/campaign.html",
        audience="desk",
        campaign=row,
        terms=terms,
        conditions=queries.conditions(terms),
        may_edit=work.actor.may(Bonuses.CAMPAIGNS),
    )


@post("/desk/bonuses/campaigns/{campaign:uuid}", access=access.desk(Bonuses.CAMPAIGNS))
async def campaign_change(
    request: AnyRequest, work: NamedDependency[Work], campaign: FromPath[UUID]
) -> Response[None]:
    form = await forms.read(request, Preset)
    await campaigns.change(work, campaign, form.title, _terms(form))
    return go(
        request,
        f"/desk/bonuses/campaigns/{campaign}",
        notice=N_("Kept. Who has one keeps the terms it was given under."),
    )


@post("/desk/bonuses/campaigns/{campaign:uuid}/live", access=access.desk(Bonuses.CAMPAIGNS))
async def campaign_live(
    request: AnyRequest, work: NamedDependency[Work], campaign: FromPath[UUID]
) -> Response[None]:
    await campaigns.move(work, campaign, "live")
    return go(request, f"/desk/bonuses/campaigns/{campaign}", notice=N_("Live now."))


@post("/desk/bonuses/campaigns/{campaign:uuid}/end", access=access.desk(Bonuses.CAMPAIGNS))
async def campaign_end(
    request: AnyRequest, work: NamedDependency[Work], campaign: FromPath[UUID]
) -> Response[None]:
    await campaigns.move(work, campaign, "ended")
    return go(
        request, f"/desk/bonuses/campaigns/{campaign}", notice=N_("Ended. Who has one keeps it.")
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
    campaign_new,
    campaign_make,
    campaign_page,
    campaign_change,
    campaign_live,
    campaign_end,
    grant_page,
    grant_revoke,
    grant_clear,
    client_tab,
    client_give,
]
