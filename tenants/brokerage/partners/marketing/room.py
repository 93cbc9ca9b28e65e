"""Marketing material for partners, with their own code in it; and the pictures, for everyone."""

from typing import Any, Final
from uuid import UUID

from litestar import Request, get
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response
from markupsafe import Markup

from brokerage.partners import campaigns
from brokerage.partners.marketing import material, queries
from brokerage.partners.marketing.settings import Banner, MarketingSettings
from brokerage.partners.permissions import Partners
from brokerage.partners.room import mine
from stoa.files import serve, store
from stoa.kernel.refusals import NotFound
from stoa.tenancy.work import Work
from stoa.web import access
from stoa.web.pages import page

AnyRequest = Request[Any, Any, Any]
_CACHED_S: Final = 86_400


@get("/partner/material", access=access.room(Partners.OWN))
async def shown(request: AnyRequest, work: NamedDependency[Work]) -> Response[str]:
    """Everything that is on offer, for the campaign chosen by `link` and the language by `in`."""
    row = await mine(work)
    known = work.settings(MarketingSettings)
    counted = await queries.brought(work, row.id)
    links = [
        one
        for one in await campaigns.brought(work, row.id)
        if one.rates is None and one.ended_at is None
    ]
    asked = str(request.query_params.get("link", ""))
    code = next((one.code for one in links if one.code == asked), row.code)
    offered = [one for one in known.banners if one.ended_at is None]
    tongues = {one.language for one in offered} | {one.language for one in known.landings}
    languages = sorted(tongues)
    said = str(request.query_params.get("in", ""))
    only = said if said in languages else ""
    return page(
        request,
        work,
        "partner/material.html",
        audience="partner",
        partner=row,
        code=code,
        links=[(one.code, one.name) for one in links],
        languages=languages,
        only=only,
        banners=[
            {
                "row": one,
                "src": f"/banners/{one.file}",
                "url": _url(request, f"/r/{code}?b={one.code}"),
                "embed": _embed(request, one, code),
                "brought": queries.total(counted, f"banner:{one.code}", code),
            }
            for one in offered
            if only in ("", one.language)
        ],
        pages=[
            {
                "row": one,
                "url": _url(request, f"/r/{code}?to={one.code}"),
                "brought": queries.total(counted, f"page:{one.code}", code),
            }
            for one in known.landings
            if only in ("", one.language)
        ],
    )


def _url(request: AnyRequest, path: str) -> str:
    url: str = request.app.state.stoa.config.url(request.scope["state"]["visit"].host, path)
    return url


def _embed(request: AnyRequest, one: Banner, code: str) -> str:
    """What a partner copies into a page of theirs: a picture that is a link, no script."""
    shape = Markup(
        '<a href="{}" rel="sponsored"><img src="{}" width="{}" height="{}" alt="{}"></a>'
    )
    return str(
        shape.format(
            _url(request, f"/r/{code}?b={one.code}"),
            _url(request, f"/banners/{one.file}"),
            one.width,
            one.height,
            one.title,
        )
    )


@get("/banners/{file:uuid}", access=access.public("a banner is shown on other people's pages"))
async def picture(work: NamedDependency[Work], file: FromPath[UUID]) -> Response[bytes]:
    """A banner's picture; anything else that is stored does not exist here."""
    row = await store.find(work, file)
    if row.kind != material.KIND:
        raise NotFound
    sheet = await store.sheet(work, row, 1)
    answer = serve.answer(
        sheet.content, sheet.media_type, "banner", inline=True, cached_s=_CACHED_S
    )
    answer.headers["cross-origin-resource-policy"] = "cross-origin"
    return answer


ALL = [shown, picture]
