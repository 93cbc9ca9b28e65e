"""The inbox of each audience, and the way out of campaign letters."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response

from stoa.kernel.refusals import NotFound
from stoa.notices import notices, unsubscribing
from stoa.notices.model import Notice
from stoa.notices.permissions import Notices
from stoa.tenancy.work import Work
from stoa.web import access
from stoa.web.pages import go, page

AnyRequest = Request[Any, Any, Any]
WHY = "everyone reads what was told to them"


@dataclass(frozen=True, slots=True)
class Line:
    """A notice as its page shows it; `title` and `body` are message ids."""

    title: str
    body: str
    places: dict[str, Any]
    path: str
    at: datetime
    fresh: bool

    @classmethod
    def of(cls, row: Notice) -> "Line":
        return cls(
            row.title, row.body, row.params, row.path or "", row.told_at, row.read_at is None
        )


def _reader(work: Work) -> UUID:
    """Who reads; a support session has no inbox of its own."""
    if work.actor.id is None or work.actor.read_only:
        raise NotFound
    return work.actor.id


async def _inbox(request: AnyRequest, work: Work, audience: str) -> Response[str]:
    rows = await notices.newest(work, _reader(work))
    return page(
        request,
        work,
        f"{audience}/notices/inbox.html",
        audience=audience,
        lines=[Line.of(row) for row in rows],
        read_url="/desk/notices/read" if audience == "desk" else "/notices/read",
    )


@get("/notices", access=access.room(Notices.INBOX_OWN))
async def room_inbox(request: AnyRequest, work: NamedDependency[Work]) -> Response[str]:
    return await _inbox(request, work, "room")


@post("/notices/read", access=access.room(Notices.INBOX_OWN, while_suspended=True))
async def room_read(request: AnyRequest, work: NamedDependency[Work]) -> Response[None]:
    await notices.read(work, _reader(work))
    return go(request, "/notices")


@get("/desk/notices", access=access.signed_in("desk", WHY))
async def desk_inbox(request: AnyRequest, work: NamedDependency[Work]) -> Response[str]:
    return await _inbox(request, work, "desk")


@post("/desk/notices/read", access=access.signed_in("desk", WHY, while_suspended=True))
async def desk_read(request: AnyRequest, work: NamedDependency[Work]) -> Response[None]:
    await notices.read(work, _reader(work))
    return go(request, "/desk/notices")


@get("/unsubscribe/{proof:str}", access=access.public("the link in a letter proves itself"))
async def leaving(
    request: AnyRequest, work: NamedDependency[Work], proof: FromPath[str]
) -> Response[str]:
    """Looking changes nothing: mail scanners follow links."""
    await unsubscribing.letter_of(work, proof)
    return page(
        request, work, "auth/unsubscribe.html", audience="auth", action=f"/unsubscribe/{proof}"
    )


@post(
    "/unsubscribe/{proof:str}",
    status_code=200,
    # Mail programs press it without a session or a page of ours (RFC 8058).
    access=access.callback("the link in a letter proves itself"),
)
async def left(
    request: AnyRequest, work: NamedDependency[Work], proof: FromPath[str]
) -> Response[str]:
    await unsubscribing.leave(work, proof)
    return page(request, work, "auth/unsubscribed.html", audience="auth")


ALL = [room_inbox, room_read, desk_inbox, desk_read, leaving, left]
