"""Pages anyone may read: a partner's link, and the legal texts."""

import re
from typing import Any, Final

from litestar import Request, get
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response

from brokerage.clients import draft, hooks
from brokerage.clients.settings import ClientSettings
from stoa.kernel.refusals import NotFound, TooMany
from stoa.tenancy.work import Work
from stoa.web import access, limits
from stoa.web.pages import go, look, page
from stoa.web.visit import visit

AnyRequest = Request[Any, Any, Any]

_CODE: Final = re.compile(r"[A-Za-z0-9_-]{2,40}")
_TOUCHES_A_MINUTE: Final = 30


def reads(request: AnyRequest, work: Work) -> str:
    """The language this reader sees: their choice in this browser, else their own."""
    return look(request, work, "public").language


async def note_touch(
    request: AnyRequest, work: Work, code: str | None, source: str | None = None
) -> None:
    """Keep how someone came here: for the partner of a link, or the campaign of an advert."""
    if code is None and not request.query_params.get("utm_source"):
        return
    redis = request.app.state.stoa.redis
    seen = visit(request)
    try:
        await limits.spend(
            redis, work.tenant.id, f"touch:{seen.ip}", most=_TOUCHES_A_MINUTE, per_s=60
        )
    except TooMany:
        return
    touch = draft.new_touch(request, code, source)
    for hook in hooks.on_touch:
        await hook(work, touch)
    draft.remember(request, touch)


@get("/r/{code:str}", access=access.public("a partner's link is for everyone"))
async def by_link(
    request: AnyRequest, work: NamedDependency[Work], code: FromPath[str]
) -> Response[Any]:
    """Remember whose link it was and lead to the page it names among those the broker lists, else to
    the first one; an unknown code is no error.
    """
    source, path = None, "/"
    for lead in hooks.leads:
        source, path = await lead(work, request.query_params)
    if _CODE.fullmatch(code):
        await note_touch(request, work, code.upper(), source)
    if path.startswith("https://"):
        return Response("", status_code=303, media_type="text/plain", headers={"location": path})
    return go(request, path)


@get("/legal/{code:str}", access=access.public("legal texts are for everyone"))
async def legal(
    request: AnyRequest, work: NamedDependency[Work], code: FromPath[str]
) -> Response[str]:
    """A legal text in the reader's language."""
    document = work.settings(ClientSettings).document(code)
    if document is None:
        raise NotFound
    text = document.in_language(reads(request, work))
    return page(
        request,
        work,
        "public/legal.html",
        audience="public",
        title=text.title,
        version=document.version,
        paragraphs=[part.strip() for part in text.body.split("\n\n") if part.strip()],
    )


WEB: Final = [by_link, legal]
