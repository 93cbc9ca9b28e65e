"""One campaign at the desk: its terms as a form, put live, ended."""

from decimal import Decimal
from typing import Any, Final
from uuid import UUID

import msgspec
from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response

from brokerage.bonuses import campaigns, grants, queries
from brokerage.bonuses.model import Campaign
from brokerage.bonuses.permissions import Bonuses
from brokerage.bonuses.terms import Terms
from stoa.drawn import whole
from stoa.tenancy.work import Work
from stoa.theming.texts import N_
from stoa.web import access
from stoa.web.forms import one_of, sent_of
from stoa.web.pages import go, look, page

AnyRequest = Request[Any, Any, Any]
HERE: Final = "/desk/bonuses/campaigns"
_OWN: Final = frozenset({"title", "code"})
GROUPS: Final = (
    (
        N_("What is given"),
        (
            "kind",
            "percent",
            "most",
            "currency",
            "least_deposit",
            "first",
            "last",
            "valid_days",
            "tiers",
        ),
    ),
    (N_("What earns it"), ("lots_per_100", "hold_s", "release", "symbols")),
    (N_("What takes it away"), ("burn", "burn_negative")),
    (
        N_("For whom"),
        ("countries", "levels", "tags", "promo_code", "once_per", "ask"),
    ),
)


def _opened(work: Work, row: Campaign | None) -> whole.Whole:
    base = work.tenant.base_currency
    usual = Terms(percent=Decimal(30), most=Decimal(500), currency=base)
    return whole.opened(Terms, usual if row is None else grants.terms_of(row))


def _page(
    request: AnyRequest,
    work: Work,
    row: Campaign | None,
    form: whole.Whole,
    *,
    title: str = "",
    code: str = "",
) -> Response[str]:
    return page(
        request,
        work,
        "desk/bonuses/campaign.html",
        audience="desk",
        status=422 if form.faults else 200,
        campaign=row,
        form=form.drawn(look(request, work, "desk").texts, groups=GROUPS, beside=_OWN),
        title=title,
        code=code,
        conditions=queries.conditions(grants.terms_of(row)) if row is not None else [],
        may_edit=work.actor.may(Bonuses.CAMPAIGNS),
    )


async def _step(request: AnyRequest, work: Work, row: Campaign | None) -> Response[Any]:
    """A step of the form, or the terms kept; what is wrong is said at its field."""
    sent = await sent_of(request)
    title, code = one_of(sent, "title"), one_of(sent, "code")
    told = {name: value for name, value in sent.items() if name not in _OWN}
    form = await whole.kept(
        whole.sent(_opened(work, row), told),
        work,
        lambda form: _kept(work, row, code, title, form.value),
        exact=True,
    )
    if form.kept:
        notice = (
            N_("Kept as a draft.")
            if row is None
            else N_("Kept. Who has one keeps the terms it was given under.")
        )
        return go(request, f"{HERE}/{form.answer.id}", notice=notice)
    return _page(request, work, row, form, title=title, code=code)


async def _kept(work: Work, row: Campaign | None, code: str, title: str, typed: Terms) -> Campaign:
    terms = msgspec.structs.replace(
        typed,
        countries=tuple(one.upper() for one in typed.countries),
        promo_code=typed.promo_code.strip().upper(),
        tiers=typed.tiers if typed.kind == "cashback" else (),
    )
    if row is None:
        return await campaigns.make(work, code, title, terms)
    return await campaigns.change(work, row.id, title, terms)


@get(f"{HERE}/new", access=access.desk(Bonuses.CAMPAIGNS))
async def campaign_new(request: AnyRequest, work: NamedDependency[Work]) -> Response[str]:
    return _page(request, work, None, _opened(work, None))


@post(HERE, access=access.desk(Bonuses.CAMPAIGNS), status_code=200)
async def campaign_make(request: AnyRequest, work: NamedDependency[Work]) -> Response[Any]:
    return await _step(request, work, None)


@get(f"{HERE}/{{campaign:uuid}}", access=access.desk(Bonuses.VIEW))
async def campaign_page(
    request: AnyRequest, work: NamedDependency[Work], campaign: FromPath[UUID]
) -> Response[str]:
    row = await work.get(Campaign, campaign)
    return _page(request, work, row, _opened(work, row), title=row.title)


@post(f"{HERE}/{{campaign:uuid}}", access=access.desk(Bonuses.CAMPAIGNS), status_code=200)
async def campaign_change(
    request: AnyRequest, work: NamedDependency[Work], campaign: FromPath[UUID]
) -> Response[Any]:
    return await _step(request, work, await work.get(Campaign, campaign))


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


ALL: Final = [
    campaign_new,
    campaign_make,
    campaign_page,
    campaign_change,
    campaign_live,
    campaign_end,
]
