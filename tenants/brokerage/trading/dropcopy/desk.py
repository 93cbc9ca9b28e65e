"""A drop copy's session at the desk: its numbers, what waits, and the two things a person may do."""

from typing import Any

import msgspec
from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response

from brokerage.trading.dropcopy import mapping, queries
from brokerage.trading.dropcopy.attendant import is_drop_copy
from brokerage.trading.permissions import Trading
from brokerage.trading.settings import Server, TradingSettings
from stoa.identity import people
from stoa.kernel.refusals import Invalid, NotFound
from stoa.tenancy.work import Work
from stoa.theming.texts import N_
from stoa.web import access, forms
from stoa.web.pages import go, page

AnyRequest = Request[Any, Any, Any]


class Why(msgspec.Struct):
    reason: str = ""


class Whose(msgspec.Struct):
    """Whose account a name of theirs is."""

    name: str
    email: str
    currency: str


def _server(work: Work, code: str) -> Server:
    found = work.settings(TradingSettings).server(code)
    if found is None or not is_drop_copy(found):
        raise NotFound
    return found


@get("/desk/servers/{code:str}/session", access=access.desk(Trading.SERVERS))
async def session(
    request: AnyRequest, work: NamedDependency[Work], code: FromPath[str]
) -> Response[str]:
    server = _server(work, code)
    row = await queries.session(work, code)
    return page(
        request,
        work,
        "desk/trading/session.html",
        audience="desk",
        server=server,
        version=server.settings.get("version", "FIX.4.4"),
        names=(server.settings.get("sender", ""), server.settings.get("target", "")),
        row=row,
        waiting=queries.waiting(row) if row else [],
        incidents=queries.incidents(row) if row else [],
        passed=await queries.passed(work, row) if row else [],
        aside=await queries.put_aside(work, code),
        currencies=sorted({work.tenant.base_currency, "USD", "EUR", "GBP"}),
        may_edit=work.actor.may(Trading.EDIT),
    )


@post("/desk/servers/{code:str}/session/anew", access=access.desk(Trading.EDIT))
async def anew(
    request: AnyRequest, work: NamedDependency[Work], code: FromPath[str]
) -> Response[None]:
    form = await forms.read(request, Why)
    await mapping.begin_anew(work, _server(work, code).code, form.reason)
    return go(
        request,
        f"/desk/servers/{code}/session",
        notice=N_("The session logs on anew within seconds, with its numbers at one."),
    )


@post("/desk/servers/{code:str}/session/accounts", access=access.desk(Trading.EDIT))
async def adopt(
    request: AnyRequest, work: NamedDependency[Work], code: FromPath[str]
) -> Response[None]:
    form = await forms.read(request, Whose)
    server = _server(work, code)
    person = await people.by_email(work, "client", form.email)
    if person is None:
        raise Invalid("No client has this e-mail address. Nothing was connected.", field="email")
    await mapping.adopt(work, server.code, form.name, client=person.id, currency=form.currency)
    return go(
        request,
        f"/desk/servers/{code}/session",
        notice=N_("Connected. What waited for it is booked within seconds."),
    )


ALL = [session, anew, adopt]
