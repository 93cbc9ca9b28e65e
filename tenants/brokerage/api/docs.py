"""The published document, and the page that shows it in the broker's own brand."""

from typing import Any, Final

import msgspec
from litestar import Request, get
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response

from brokerage.api import reference
from brokerage.api.document import document
from stoa.kernel.refusals import NotFound
from stoa.tenancy.work import Work
from stoa.theming.brand import Brand
from stoa.web import access
from stoa.web.pages import page
from stoa.web.state import State
from stoa.web.visit import visit

AnyRequest = Request[Any, Any, Any]

_WHY: Final = "the reference is the same for every broker and holds nothing of this one"


def _home(request: AnyRequest) -> str:
    state: State = request.app.state.stoa
    return state.config.url(visit(request).host, "").rstrip("/")


@get("/api/docs/openapi.json", access=access.public(_WHY))
async def openapi(request: AnyRequest, work: NamedDependency[Work]) -> Response[bytes]:
    """The document with this host as its server."""
    base = document()
    told = base | {
        "info": base["info"] | {"title": f"{work.settings(Brand).name} API"},
        "servers": [{"url": _home(request)}],
    }
    return Response(msgspec.json.encode(told), media_type="application/json")


@get("/api/docs", access=access.public(_WHY))
async def docs(request: AnyRequest, work: NamedDependency[Work]) -> Response[str]:
    """The contents of the reference for people: no script of others, no outside address."""
    return _page(request, work, None)


@get("/api/docs/{subject:str}", access=access.public(_WHY))
async def subject_page(
    request: AnyRequest, work: NamedDependency[Work], subject: FromPath[str]
) -> Response[str]:
    """Every call of one subject. Raises NotFound."""
    found = next((one for one in reference.subjects() if one.code == subject), None)
    if found is None:
        raise NotFound("There is no such page in the reference.")
    return _page(request, work, found)


def _page(request: AnyRequest, work: Work, here: reference.Subject | None) -> Response[str]:
    told = document()["info"]
    return page(
        request,
        work,
        "desk/api/docs.html",
        audience="public",
        name=work.settings(Brand).name,
        home=_home(request),
        about=told["description"].replace("`", ""),
        version=told["version"],
        contents=reference.subjects(),
        here=here,
    )
