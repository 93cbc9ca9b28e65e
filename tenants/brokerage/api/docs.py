"""The published document, and the page that shows it in the broker's own brand."""

from typing import Any, Final

import msgspec
from litestar import Request, get
from litestar.di import NamedDependency
from litestar.response import Response

from brokerage.api import reference
from brokerage.api.document import document
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
    """The reference for people: no script of others, no outside address."""
    return page(
        request,
        work,
        "desk/api/docs.html",
        audience="public",
        name=work.settings(Brand).name,
        home=_home(request),
        about=document()["info"]["description"].replace("`", ""),
        version=document()["info"]["version"],
        subjects=reference.subjects(),
        events=reference.events(),
    )
