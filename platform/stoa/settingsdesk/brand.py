"""The brand: a form, a preview of what is typed, and no publishing what cannot be read."""

from dataclasses import replace
from decimal import Decimal
from typing import Any, Final
from urllib.parse import urlencode

import msgspec
from litestar import MediaType, Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response

from stoa.drawn import whole
from stoa.drawn.given import Given
from stoa.kernel.money import Money
from stoa.kernel.refusals import Invalid, ManyInvalid
from stoa.settingsdesk import meanwhile
from stoa.settingsdesk.pictures import SHOWN_AS
from stoa.tenancy import settings
from stoa.tenancy.actor import Kind
from stoa.tenancy.module import Settings
from stoa.tenancy.work import Work
from stoa.theming import brand as colours
from stoa.theming import contrast, reasons, themes
from stoa.theming.brand import Brand
from stoa.theming.module import Branding
from stoa.theming.render import render
from stoa.theming.texts import N_
from stoa.web import access
from stoa.web.forms import sent_of
from stoa.web.pages import go, look, page

AnyRequest = Request[Any, Any, Any]


GROUPS: Final = (
    (N_("Words"), ("name", "strapline", "support_email")),
    (N_("Appearance"), ("theme", "mode", "fonts", "density", "radius")),
    (N_("Colours"), colours.COLOURS),
    (N_("Dark mode"), colours.DARK_COLOURS),
)


@get("/desk/brand", access=access.desk(Branding.VIEW))
async def editor(request: AnyRequest, work: NamedDependency[Work]) -> Response[str]:
    return await _page(request, work, _opened(work), work.settings(Brand))


async def _page(request: AnyRequest, work: Work, form: whole.Whole, brand: Brand) -> Response[str]:
    """The form beside what it looks like: as typed where that can be read, else as published."""
    versions = await settings.versions(work, "brand", 20)
    names = await meanwhile.names_of(work, versions)
    return page(
        request,
        work,
        "desk/settings/brand.html",
        audience="desk",
        status=422 if form.faults else 200,
        form=form.drawn(look(request, work, "desk").texts, groups=GROUPS),
        problems=[one.refusal() for one in contrast.problems(brand)],
        query=_query(brand),
        pictures=[
            (code, *said, getattr(work.settings(Brand), code)) for code, said in SHOWN_AS.items()
        ],
        versions=[(one, names.get(one.set_by, "")) for one in versions],
        may_edit=work.actor.may(Branding.EDIT),
        may_see=work.actor.may(Settings.VIEW),
    )


def _opened(work: Work) -> whole.Whole:
    layouts = tuple((theme.name, theme.label) for theme in themes.installed())
    return whole.opened(Brand, work.settings(Brand), given=Given(options={"theme": layouts}))


async def _typed(request: AnyRequest, work: Work) -> whole.Whole:
    """The brand as the form says it, read or with what is wrong."""
    return whole.read(whole.sent(_opened(work), await sent_of(request)), exact=True)


@post("/desk/brand/preview", access=access.desk(Branding.VIEW))
async def preview(request: AnyRequest, work: NamedDependency[Work]) -> Response[str]:
    """The typed brand on sample pages, with every contrast that fails; nothing is stored."""
    form = await _typed(request, work)
    brand: Brand = work.settings(Brand) if form.faults else form.value
    return page(
        request,
        work,
        "desk/settings/brand_preview.html",
        audience="desk",
        problems=[one.refusal() for one in contrast.problems(brand)],
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


@post("/desk/brand", access=access.desk(Branding.EDIT), status_code=200)
async def publish(request: AnyRequest, work: NamedDependency[Work]) -> Response[Any]:
    """Publish as a new version, or only look at it. What cannot be read is said at its colour."""
    form = await _typed(request, work)
    if form.faults:
        return await _page(request, work, form, work.settings(Brand))
    brand: Brand = form.value
    if form.do == "look":
        return await _page(request, work, form, brand)
    if problems := contrast.problems(brand):
        return await _page(request, work, whole.refused(form, _unreadable(problems)), brand)
    await settings.put(work, "brand", brand, why=reasons.COLOURS)
    return go(request, "/desk/brand", notice=N_("Published."))


@post("/desk/brand/versions/{version:int}/restore", access=access.desk(Branding.EDIT))
async def restore(
    request: AnyRequest, work: NamedDependency[Work], version: FromPath[int]
) -> Response[Any]:
    """An earlier look, published anew as the newest version."""
    why = reasons.restored(version)
    await settings.restore(work, "brand", version, {"brand": Brand}, why=why)
    return go(request, "/desk/brand", notice=N_("Published."))


def _unreadable(problems: list[contrast.ContrastProblem]) -> ManyInvalid:
    said = Invalid(
        "Not published: colours that cannot be read stand beside one another. Change one of each "
        "two.",
        code="contrast",
    )
    return ManyInvalid([said, *(one.refusal() for one in problems)])


async def _readable(work: Work, name: str, value: msgspec.Struct, version: int, why: str) -> bool:
    """On whichever way a changed brand comes, what cannot be read is not published."""
    del name, version, why
    if not isinstance(value, Brand) or work.actor.kind is Kind.SYSTEM:
        return False
    now = work.settings(Brand)
    changed = any(
        getattr(now, one) != getattr(value, one)
        for one in (*colours.COLOURS, *colours.DARK_COLOURS)
    )
    if changed and (problems := contrast.problems(value)):
        raise _unreadable(problems)
    return False


settings.gates.append(_readable)
