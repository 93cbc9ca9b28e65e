"""Strategy providers at the desk."""

from typing import Any, Final
from uuid import UUID

import msgspec
from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response
from sqlalchemy import func, select

from brokerage.clients import queries as clients
from brokerage.risk import exposure, providers
from brokerage.risk.ground import read
from brokerage.risk.model import RiskAlert
from brokerage.risk.permissions import Risk
from brokerage.trading.model import TradingAccount
from brokerage.trading.permissions import Trading
from stoa.kernel.refusals import NotFound
from stoa.tenancy.work import Work
from stoa.theming.texts import N_
from stoa.web import access, forms, tables
from stoa.web.pages import go, page

AnyRequest = Request[Any, Any, Any]
_SHOWN: Final = 60


class Logins(msgspec.Struct):
    logins: str = ""


class Follower(msgspec.Struct):
    follower: UUID


class Account(msgspec.Struct):
    login: int


@get("/desk/providers", access=access.desk(Trading.EXPOSURE))
async def listed(request: AnyRequest, work: NamedDependency[Work]) -> Response[Any]:
    ground = await read(work)
    within = clients.within(work, TradingAccount.client)
    return await tables.answer(
        request,
        work,
        providers.table(ground, within),
        template="desk/risk/providers.html",
        ground=ground,
        may=work.actor.may(Risk.FOLLOWERS),
    )


@post("/desk/providers", access=access.desk(Risk.FOLLOWERS))
async def opened(request: AnyRequest, work: NamedDependency[Work]) -> Response[Any]:
    """To the page of a live account by its login, to name its followers there."""
    form = await forms.read(request, Account)
    found = await work.first(
        select(TradingAccount.id).where(
            TradingAccount.login == form.login,
            TradingAccount.kind == "live",
            clients.within(work, TradingAccount.client),
        )
    )
    if found is None:
        raise NotFound("We know no live account with this login.")
    return go(request, f"/desk/providers/{found}")


@get("/desk/providers/{account:uuid}", access=access.desk(Trading.EXPOSURE))
async def one(
    request: AnyRequest, work: NamedDependency[Work], account: FromPath[UUID]
) -> Response[Any]:
    """What the followers of one account hold together, and who they are."""
    row = await work.get(TradingAccount, account)
    await clients.seen(work, row.client)
    ground = await read(work)
    where = {"provider": str(account)}
    parts = await exposure.parts(work, ground, "symbol", where=where)
    followers, count = await work.some(
        select(TradingAccount)
        .where(TradingAccount.follows == account, clients.within(work, TradingAccount.client))
        .order_by(TradingAccount.equity.desc(), TradingAccount.id),
        _SHOWN,
    )
    sums = await work.table(
        select(TradingAccount.currency, func.sum(TradingAccount.equity))
        .where(TradingAccount.follows == account)
        .group_by(TradingAccount.currency)
    )
    standing = await work.rows(
        select(RiskAlert)
        .where(RiskAlert.account == account, RiskAlert.scope == "provider")
        .order_by(RiskAlert.breached_at.desc())
        .limit(20)
    )
    named = await clients.names(work, [row.client, *(one.client for one in followers)])
    limit = next((one for one in ground.settings.limits if one.by == "provider"), None)
    return page(
        request,
        work,
        "desk/risk/provider.html",
        audience="desk",
        ground=ground,
        account=row,
        name=named.get(row.client, ""),
        parts=parts,
        total=sum(one.open for one in parts),
        limit=limit,
        followers=[(one, named.get(one.client, "")) for one in followers],
        count=count,
        equity=[(code, amount) for code, amount in sums],
        alerts=standing,
        may=work.actor.may(Risk.FOLLOWERS),
    )


@post("/desk/providers/{account:uuid}/followers", access=access.desk(Risk.FOLLOWERS))
async def follow(
    request: AnyRequest, work: NamedDependency[Work], account: FromPath[UUID]
) -> Response[Any]:
    form = await forms.read(request, Logins)
    await providers.follow(work, account, providers.logins(form.logins))
    return go(request, f"/desk/providers/{account}", notice=N_("Written down."))


@post("/desk/providers/{account:uuid}/unfollow", access=access.desk(Risk.FOLLOWERS))
async def unfollow(
    request: AnyRequest, work: NamedDependency[Work], account: FromPath[UUID]
) -> Response[Any]:
    form = await forms.read(request, Follower)
    await providers.unfollow(work, account, form.follower)
    return go(request, f"/desk/providers/{account}", notice=N_("Taken off."))


ALL: Final = [listed, opened, one, follow, unfollow]
