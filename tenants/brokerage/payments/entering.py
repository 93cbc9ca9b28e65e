"""What pages about payments ask before they begin: who it is, and whether new ones are taken."""

from typing import Any
from uuid import UUID

from litestar import Request

from stoa.kernel.refusals import Conflict, NotFound
from stoa.tenancy.actor import VISITOR
from stoa.tenancy.door import OpenWork
from stoa.web.open import admit
from stoa.web.visit import visit

AnyRequest = Request[Any, Any, Any]


async def entered(request: AnyRequest) -> tuple[UUID, OpenWork]:
    """Who asks, checked as any handler checks; and the door for work in several transactions."""
    state, seen = request.app.state.stoa, visit(request)
    if seen.tenant is None:
        raise NotFound
    purpose = f"{request.method} {request.scope['path_template']}"
    async with state.door.open(seen.tenant, actor=VISITOR, purpose=purpose) as work:
        work.request = seen.request_id
        await admit(request, work)
        actor = work.actor
    if actor.id is None:
        raise NotFound
    return actor.id, state.door.opener(seen.tenant, actor=actor, purpose=purpose)


def running(request: AnyRequest) -> None:
    tenant = visit(request).tenant
    if tenant is None or tenant.state != "active":
        raise Conflict(
            "New deposits are not taken at the moment. No money has moved; withdrawals work."
        )
