"""The tenant's side of a support session: redeeming the ticket, and leaving."""

from typing import Any

from litestar import Request, get, post
from litestar.params import FromQuery
from litestar.response import Response
from sqlalchemy import select

from stoa.control import tenants
from stoa.identity import sessions
from stoa.identity.model import Operator, Session
from stoa.kernel.refusals import NotFound
from stoa.tenancy.model import SupportSession
from stoa.web import access, cookies
from stoa.web.state import State
from stoa.web.visit import visit

AnyRequest = Request[Any, Any, Any]


@get(
    "/desk/support/enter",
    access=access.public("a one-time ticket proves the operator's grant", own_transaction=True),
)
async def enter(request: AnyRequest, ticket: FromQuery[str]) -> Response[None]:
    seen = visit(request)
    state: State = request.app.state.stoa
    if seen.tenant is None:
        raise NotFound
    async with state.door.platform(purpose="support.name") as work:
        name = await work.value(
            select(Operator.name)
            .join(SupportSession, SupportSession.operator == Operator.id)
            .where(SupportSession.ticket_hash == sessions.hash_token(ticket))
        )
    bearer = await tenants.enter(
        state.door, seen.tenant, ticket, operator=name or "support", ip=seen.ip
    )
    longest = tenants.LONGEST_SUPPORT_MIN * 60
    cookies.sign_in(seen, "desk", bearer, secure=state.secure, max_age_s=longest)
    return Response(None, status_code=303, headers={"location": "/desk"})


@post(
    "/desk/support/leave",
    access=access.public("ends the visitor's own support session", own_transaction=True),
)
async def leave(request: AnyRequest) -> Response[None]:
    seen = visit(request)
    state: State = request.app.state.stoa
    bearer = request.cookies.get(state.cookie("desk"))
    if seen.tenant is None or bearer is None:
        raise NotFound
    async with state.door.open(seen.tenant, purpose="support.leave") as work:
        row = await work.first(
            select(Session).where(
                Session.token_hash == sessions.hash_token(bearer), Session.ended_at.is_(None)
            )
        )
        if row is None or row.support is None:
            raise NotFound
        work.actor = sessions.support_actor(row)
        row.ended_at = work.now
        support = row.support
    await tenants.leave(state.door, seen.tenant, support)
    cookies.sign_out(seen, "desk", secure=state.secure)
    target = state.config.url(state.config.control_host)
    if request.headers.get("hx-request") == "true":
        # Another host: the page itself goes there, as no request of its may.
        return Response(None, status_code=204, headers={"hx-redirect": target})
    return Response(None, status_code=303, headers={"location": target})
