"""Live updates: which topics a screen of each audience may hear."""

from typing import Any, Final
from uuid import UUID

from litestar import Request, get
from litestar.response import ServerSentEvent

from brokerage.clients.proof import own
from stoa.kernel.refusals import NotFound
from stoa.tenancy.actor import VISITOR
from stoa.web import access
from stoa.web.open import admit
from stoa.web.visit import visit

AnyRequest = Request[Any, Any, Any]

DESK_TOPICS: Final = ("desk", "risk", "public")


@get(
    "/live",
    access=access.signed_in("room", "one hears of one's own things only", own_transaction=True),
)
async def room(request: AnyRequest) -> ServerSentEvent:
    """Of a client: their own things, and what concerns everyone."""
    tenant, client = await _who(request)
    return _stream(request, tenant, [f"client:{client}", f"person:{client}", "public"])


@get(
    "/desk/live",
    access=access.signed_in(
        "desk", "topics carry no data; what they wake asks again", own_transaction=True
    ),
)
async def desk(request: AnyRequest) -> ServerSentEvent:
    """Of staff: the desk's topics and their own notices."""
    tenant, person = await _who(request)
    return _stream(request, tenant, [*DESK_TOPICS, f"person:{person}"])


async def _who(request: AnyRequest) -> tuple[UUID, UUID]:
    """Sign-in is checked in a transaction that ends before the stream begins."""
    seen, state = visit(request), request.app.state.stoa
    if seen.tenant is None:
        raise NotFound
    async with state.door.open(seen.tenant, actor=VISITOR, purpose="live") as work:
        await admit(request, work)
        return seen.tenant.id, own(work)


def _stream(request: AnyRequest, tenant: UUID, topics: list[str]) -> ServerSentEvent:
    stream: ServerSentEvent = request.app.state.stoa.extras["listeners"].stream(tenant, topics)
    return stream


WEB: Final = [desk, room]
