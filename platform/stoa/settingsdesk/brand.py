"""The brand: a form, a preview of what is typed, and no publishing what cannot be read."""

from dataclasses import replace
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import msgspec
from litestar import MediaType, Request, get, post
from litestar.di import NamedDependency
from litestar.response import Response

from stoa.kernel.money import Money
from stoa.kernel.refusals import Invalid, ManyInvalid
from stoa.tenancy import settings
from stoa.tenancy.work import Work
from stoa.theming import contrast, themes
from stoa.theming import forms as drawn
from stoa.theming.brand import Brand
from stoa.theming.module import Branding
from stoa.theming.render import render
from stoa.web import access
from stoa.web.pages import go, look, page

AnyRequest = Request[Any, Any, Any]


@get("/desk/brand", access=access.desk(Branding.VIEW))
async def editor(request: AnyRequest, work: NamedDependency[Work]) -> Response[str]:
    brand = work.settings(Brand)
    versions = await settings.versions(work, "brand", 20)
    return page(
        request,
        work,
        "desk/settings/brand.html",
        audience="desk",
        brand=brand,
        fields=drawn.describe(
            Brand,
            brand,
            options={"theme": [(theme.name, theme.label) for theme in themes.installed()]},
        ),
        themes=themes.installed(),
        problems=[str(one) for one in contrast.problems(brand)],
        versions=versions,
        may_edit=work.actor.may(Branding.EDIT),
    )


async def _typed(request: AnyRequest) -> Brand:
    """The brand as the form says it. Raises ManyInvalid."""
    form = await request.form()
    sent = {str(key): value for key, value in form.items() if not str(key).startswith("_")}
    sent.pop("why", None)
    brand: Brand = drawn.convert(Brand, sent)
    return brand


@post("/desk/brand/preview", access=access.desk(Branding.VIEW))
async def preview(request: AnyRequest, work: NamedDependency[Work]) -> Response[str]:
    """The typed brand on sample pages, with every contrast that fails; nothing is stored."""
    try:
        brand = await _typed(request)
    except (Invalid, ManyInvalid):
        brand = work.settings(Brand)
    return page(
        request,
        work,
        "desk/settings/brand_preview.html",
        audience="desk",
        brand=brand,
        problems=[str(one) for one in contrast.problems(brand)],
        query=_query(brand),
    )


def _query(brand: Brand) -> str:
    return urlencode(
        {k: v for k, v in msgspec.to_builtins(brand).items() if v is not None and v != ""}
    )


@get("/desk/brand/sample", access=access.desk(Branding.VIEW))
async def sample(request: AnyRequest, work: NamedDependency[Work]) -> Response[str]:
    """A trader-room page in the brand of the query, shown inside the editor's frame."""
    mode = request.query_params.get("mode", "light")
    try:
        sent = {k: v for k, v in request.query_params.items() if k != "mode"}
        brand = msgspec.convert(sent, Brand, strict=False)
    except (msgspec.ValidationError, ValueError) as why:
        raise Invalid("{problem}", problem=str(why)) from why
    base = look(request, work, "room")
    dressed = replace(
        base,
        brand=brand,
        mode="dark" if mode == "dark" else "light",
        banners=(),
        flashes=(),
        viewer=None,
        nav=(),
        live_url="",
    )
    text = render(
        dressed,
        "desk/settings/sample.html",
        equity=Money(Decimal("12480.55"), "EUR"),
        wallet=Money(Decimal(2000), "EUR"),
    )
    csp = (
        f"default-src 'none'; script-src 'nonce-{base.nonce}'; "
        f"style-src 'self' 'nonce-{base.nonce}'; img-src 'self' data:; font-src 'self'; "
        "base-uri 'none'; frame-ancestors 'self'; form-action 'none'"
    )
    return Response(
        text,
        media_type=MediaType.HTML,
        headers={"content-security-policy": csp, "x-frame-options": "SAMEORIGIN"},
    )


@post("/desk/brand", access=access.desk(Branding.EDIT))
async def publish(request: AnyRequest, work: NamedDependency[Work]) -> Response[Any]:
    """Publish as a new version. Refused with the failing pair when it cannot be read."""
    brand = await _typed(request)
    before = work.settings(Brand)
    brand = msgspec.structs.replace(
        brand, logo_light=before.logo_light, logo_dark=before.logo_dark, icon=before.icon
    )
    problems = contrast.problems(brand)
    if problems:
        raise Invalid(
            "Not published: {problem}. Change one of the two colours.",
            code="contrast",
            problem=str(problems[0]),
        )
    await settings.put(work, "brand", brand, why="brand editor")
    return go(request, "/desk/brand", notice="Published.")
