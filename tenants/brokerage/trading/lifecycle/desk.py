"""Wanted changes at the desk: the queue, one of them with its effect, and a person's word on it."""

from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response
from sqlalchemy import ColumnElement, Select, select

from brokerage.clients import queries as clients
from brokerage.trading.lifecycle import deciding, evidence, shown, wording
from brokerage.trading.lifecycle.model import AccountRequest, RequestState, Wish
from brokerage.trading.lifecycle.tables import REQUESTS
from brokerage.trading.model import TradingAccount
from brokerage.trading.permissions import Trading
from stoa.product import Card, Item
from stoa.tenancy.statements import kept
from stoa.tenancy.work import Work
from stoa.theming.texts import N_
from stoa.web import access, forms, tables
from stoa.web.pages import go, page

AnyRequest = Request[Any, Any, Any]


class Yes(msgspec.Struct):
    seen: str = ""


class Why(msgspec.Struct):
    reason: str = ""


@get("/desk/requests", access=access.desk(Trading.VIEW))
async def listed(request: AnyRequest, work: NamedDependency[Work]) -> Response[Any]:
    return await tables.answer(request, work, REQUESTS)


@get("/desk/requests/{row:uuid}", access=access.desk(Trading.VIEW))
async def one(
    request: AnyRequest, work: NamedDependency[Work], row: FromPath[UUID]
) -> Response[str]:
    wanted = await work.get(AccountRequest, row)
    await clients.seen(work, wanted.client)
    account = await work.get(TradingAccount, wanted.account)
    people = [one for one in (wanted.asked_by, wanted.decided_by) if one is not None]
    names = await clients.names(work, [wanted.client, *people])
    waits = wanted.state == RequestState.ASKED
    effect = await deciding.effect_now(work, wanted, account) if waits else shown.effect_of(wanted)
    mine = wanted.asked_by == work.actor.id and wanted.asked_kind == "staff"
    return page(
        request,
        work,
        "desk/trading/request.html",
        audience="desk",
        row=wanted,
        line=shown.line(work, wanted),
        account=account,
        name=names.get(wanted.client, ""),
        asked_by=names.get(wanted.asked_by, "") if wanted.asked_by else "",
        decided_by=names.get(wanted.decided_by, "") if wanted.decided_by else "",
        effect=effect if effect is not None and effect.margin else None,
        document=evidence.of(wanted) is not None,
        may_decide=waits and not mine and work.actor.may(Trading.DECIDE),
        mine=waits and mine,
    )


@post("/desk/requests/{row:uuid}/approve", access=access.desk(Trading.DECIDE))
async def approve(
    request: AnyRequest, work: NamedDependency[Work], row: FromPath[UUID]
) -> Response[Any]:
    form = await forms.read(request, Yes)
    await deciding.approve(work, row, form.seen)
    return go(request, f"/desk/requests/{row}", notice=N_("It is sent to the server in its turn."))


@post("/desk/requests/{row:uuid}/refuse", access=access.desk(Trading.DECIDE))
async def refuse(
    request: AnyRequest, work: NamedDependency[Work], row: FromPath[UUID]
) -> Response[Any]:
    form = await forms.read(request, Why)
    await deciding.refuse(work, row, form.reason)
    return go(request, "/desk/requests", notice=N_("Refused. Nothing was changed."))


@post("/desk/requests/{row:uuid}/cancel", access=access.desk(Trading.EDIT))
async def cancel(
    request: AnyRequest, work: NamedDependency[Work], row: FromPath[UUID]
) -> Response[Any]:
    await deciding.cancel(work, row)
    return go(request, f"/desk/requests/{row}", notice=N_("Taken back."))


@kept
def _asked(within: ColumnElement[bool]) -> Select[Any]:
    return (
        select(AccountRequest)
        .where(AccountRequest.state == RequestState.ASKED, within)
        .order_by(AccountRequest.asked_at)
    )


async def today(work: Work) -> list[Card]:
    """What clients want of their accounts and nobody has decided yet."""
    if not work.actor.may(Trading.DECIDE):
        return []
    mine = _asked(clients.within(work, AccountRequest.client))
    found, count = await clients.named(work, mine, AccountRequest.client, 6, {})
    if not found:
        return []
    return [
        Card(
            "requests",
            N_("Account requests to decide"),
            count,
            tone="needs",
            path="/desk/requests",
            items=[
                Item(
                    title=wording.KINDS[Wish(row.kind)],
                    path=f"/desk/requests/{row.id}",
                    detail=name,
                    status="needs_you",
                    since=row.asked_at,
                )
                for row, name in found
            ],
            order=14,
            worklist=True,
        )
    ]


ALL = [listed, one, approve, refuse, cancel]
