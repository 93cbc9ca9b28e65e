"""What staff may do with one account: limits, money operations, terms, sleep; each with its reason."""

from datetime import UTC, date, datetime, time
from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response

from brokerage.clients import queries as clients
from brokerage.kyc import standing
from brokerage.trading import groups, queries, switches, terms
from brokerage.trading.connector import Access, Which
from brokerage.trading.lifecycle import asking, limiting, shown, sleeping, wording
from brokerage.trading.model import TradingAccount
from brokerage.trading.permissions import Trading
from brokerage.trading.settings import RIGHTS, Right, TradingSettings
from stoa.tenancy.work import Work
from stoa.theming.texts import N_
from stoa.web import access, forms
from stoa.web.pages import go, page

AnyRequest = Request[Any, Any, Any]
NOTED = N_("Written down. It is sent to the server in its turn, or waits for a second person.")


class Limit(msgspec.Struct):
    access: Access
    reason: str = ""


class Switch(msgspec.Struct):
    right: Right
    on: bool
    reason: str = ""


class Terms(msgspec.Struct):
    reason: str = ""
    leverage: int | None = None
    product: str = ""
    group: str = ""


class Sleep(msgspec.Struct):
    reason: str = ""
    until: date | None = None


class Why(msgspec.Struct):
    reason: str = ""


@get("/desk/accounts/{account:uuid}/manage", access=access.desk(Trading.EDIT))
async def manage(
    request: AnyRequest, work: NamedDependency[Work], account: FromPath[UUID]
) -> Response[str]:
    row = await work.get(TradingAccount, account)
    await clients.seen(work, row.client)
    names = await clients.names(work, [row.client])
    settings = work.settings(TradingSettings)
    limits = await standing.limits(work, row.client)
    product = settings.product(row.product)
    cap = terms.cap_for(limits, product) if row.kind == "live" else None
    able = limiting.possible(work, row.server)
    there = await groups.known(work, row.server)
    return page(
        request,
        work,
        "desk/trading/manage.html",
        audience="desk",
        account=queries.card(work, row),
        row=row,
        name=names.get(row.client, ""),
        limits=row.limits or {},
        accesses=[(str(one), wording.ACCESS[str(one)]) for one in Access if one in able],
        rights=[(one, switches.NAMES[one], switches.why_shut(work, row, one)) for one in RIGHTS],
        leverages=sorted(product.leverages, reverse=True) if product else [],
        cap=cap.leverage if cap else None,
        products=[
            one
            for one in settings.offered(limits.pack.code, staff=True)
            if one.kind == row.kind and one.server == row.server and one.code != row.product
        ],
        groups=sorted(one.group for one in there.values() if one.group != row.server_group),
        group=row.server_group,
        lines=await shown.of_account(work, row.id, 30),
        sleeps=settings.dormancy.on,
    )


def _back(request: AnyRequest, account: UUID, notice: str = NOTED) -> Response[Any]:
    return go(request, f"/desk/accounts/{account}/manage", notice=notice)


@post("/desk/accounts/{account:uuid}/access", access=access.desk(Trading.EDIT))
async def limit(
    request: AnyRequest, work: NamedDependency[Work], account: FromPath[UUID]
) -> Response[Any]:
    form = await forms.read(request, Limit)
    await limiting.access(work, account, form.access, form.reason)
    return _back(request, account)


@post("/desk/accounts/{account:uuid}/rights", access=access.desk(Trading.EDIT))
async def switch(
    request: AnyRequest, work: NamedDependency[Work], account: FromPath[UUID]
) -> Response[Any]:
    form = await forms.read(request, Switch)
    await switches.set_right(work, account, form.right, on=form.on, why=form.reason)
    return _back(request, account, N_("It holds from now on."))


@post("/desk/accounts/{account:uuid}/terms", access=access.desk(Trading.EDIT))
async def change(
    request: AnyRequest, work: NamedDependency[Work], account: FromPath[UUID]
) -> Response[Any]:
    """One of leverage, kind and group; more than one is asked for one after the other."""
    form = await forms.read(request, Terms)
    if form.leverage is not None:
        made = await asking.leverage(work, account, form.leverage, form.reason)
    elif form.product:
        made = await asking.product(work, account, form.product, form.reason)
    else:
        made = await asking.group(work, account, form.group, form.reason)
    return go(request, f"/desk/requests/{made.id}", notice=NOTED)


@post("/desk/accounts/{account:uuid}/password", access=access.desk(Trading.EDIT))
async def password(
    request: AnyRequest, work: NamedDependency[Work], account: FromPath[UUID]
) -> Response[Any]:
    """A new password for its owner, who alone sees it."""
    await asking.password(work, account, Which.MAIN)
    return _back(request, account)


@post("/desk/accounts/{account:uuid}/archive", access=access.desk(Trading.EDIT))
async def archive(
    request: AnyRequest, work: NamedDependency[Work], account: FromPath[UUID]
) -> Response[Any]:
    form = await forms.read(request, Why)
    made = await asking.archive(work, account, form.reason)
    return go(request, f"/desk/requests/{made.id}", notice=NOTED)


@post("/desk/accounts/{account:uuid}/restore", access=access.desk(Trading.EDIT))
async def restore(
    request: AnyRequest, work: NamedDependency[Work], account: FromPath[UUID]
) -> Response[Any]:
    form = await forms.read(request, Why)
    made = await asking.restore(work, account, form.reason)
    return go(request, f"/desk/requests/{made.id}", notice=NOTED)


@post("/desk/accounts/{account:uuid}/awake", access=access.desk(Trading.EDIT))
async def awake(
    request: AnyRequest, work: NamedDependency[Work], account: FromPath[UUID]
) -> Response[Any]:
    """Keep an account from sleeping until a day; without a day the rule holds again."""
    form = await forms.read(request, Sleep)
    until = datetime.combine(form.until, time.max, UTC) if form.until else None
    await sleeping.exempt(work, account, until, form.reason)
    return _back(request, account, N_("It holds from now on."))


@get("/desk/dormancy", access=access.desk(Trading.VIEW))
async def dormancy(request: AnyRequest, work: NamedDependency[Work]) -> Response[str]:
    """Which accounts the rule would touch tonight, by step."""
    settings = work.settings(TradingSettings)
    found = await sleeping.preview(work) if settings.dormancy.steps else {}
    rows = await sleeping.idle(work, UUID(int=0), 100) if settings.dormancy.steps else []
    due = [one for one in rows if one.dormant != one.due]
    names = await clients.names(work, [one.client for one in due])
    return page(
        request,
        work,
        "desk/trading/dormancy.html",
        audience="desk",
        told=settings.dormancy,
        found=found,
        rows=[{"row": one, "name": names.get(one.client, "")} for one in due],
    )


ALL = [manage, limit, switch, change, password, archive, restore, awake, dormancy]
