"""Marketing material at the desk: banners with what they brought, landing pages, hosts."""

from typing import Annotated, Any, Final

import msgspec
from litestar import Request, get, post
from litestar.datastructures import UploadFile
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response
from msgspec import Meta

from brokerage.partners.marketing import material, queries
from brokerage.partners.marketing.settings import MarketingSettings
from brokerage.partners.permissions import Partners
from stoa.files.inspection import Kind
from stoa.files.workshop import Workshop
from stoa.kernel.refusals import Invalid
from stoa.tenancy.work import Work
from stoa.theming.texts import LANGUAGES, N_
from stoa.web import access, forms
from stoa.web.open import entered
from stoa.web.pages import go, page

AnyRequest = Request[Any, Any, Any]
HERE: Final = "/desk/partners/material"
PICTURES: Final = frozenset({Kind.JPEG, Kind.PNG, Kind.WEBP})
WORKSHOP: Final = Workshop(at_once=1)
_CODE = r"^[a-z][a-z0-9-]{0,38}$"
Code = Annotated[str, Meta(pattern=_CODE)]


class NewBanner(msgspec.Struct):
    code: Code
    title: Annotated[str, Meta(min_length=1, max_length=80)]
    language: Annotated[str, Meta(pattern=r"^[a-z]{2}$")]
    landing: Annotated[str, Meta(max_length=40)] = ""
    file: Any = None


class NewPage(msgspec.Struct):
    code: Code
    title: Annotated[str, Meta(min_length=1, max_length=80)]
    language: Annotated[str, Meta(pattern=r"^[a-z]{2}$")]
    url: Annotated[str, Meta(max_length=500)]


class Hosts(msgspec.Struct):
    hosts: Annotated[str, Meta(max_length=2000)] = ""


@get(HERE, access=access.desk(Partners.VIEW))
async def shown(request: AnyRequest, work: NamedDependency[Work]) -> Response[str]:
    mine = work.settings(MarketingSettings)
    counted = await queries.brought(work)
    return page(
        request,
        work,
        "desk/partners/material.html",
        audience="desk",
        banners=[
            {"row": one, "brought": queries.total(counted, f"banner:{one.code}")}
            for one in sorted(mine.banners, key=lambda one: one.ended_at is not None)
        ],
        pages=[
            {"row": one, "brought": queries.total(counted, f"page:{one.code}")}
            for one in mine.landings
        ],
        hosts=mine.hosts,
        languages=sorted(LANGUAGES),
        may_edit=work.actor.may(Partners.EDIT),
    )


@post(f"{HERE}/banners", access=access.desk(Partners.EDIT, own_transaction=True))
async def add_banner(request: AnyRequest) -> Response[None]:
    """The picture is made anew in a process of its own, and only then is a transaction opened."""
    _, open_work = await entered(request)
    async with open_work() as work:
        work.require(Partners.EDIT)
    form = await forms.read(request, NewBanner)
    if not isinstance(form.file, UploadFile):
        raise Invalid("Choose a file first.", field="file")
    content = await form.file.read()

    seen, made = await WORKSHOP.prepare(
        content,
        form.file.filename,
        accept=PICTURES,
        keep_alpha=True,
        longest_side=material.SIDE_MOST,
    )

    async with open_work() as work:
        await material.add_banner(
            work,
            code=form.code,
            title=form.title,
            language=form.language,
            landing=form.landing,
            seen=seen,
            made=made,
        )
    return go(request, HERE, notice=N_("The banner is with your partners."))


@post(HERE + "/banners/{code:str}/end", access=access.desk(Partners.EDIT))
async def end_banner(
    request: AnyRequest, work: NamedDependency[Work], code: FromPath[str]
) -> Response[None]:
    await material.end_banner(work, code)
    return go(request, HERE, notice=N_("Ended. Where it is embedded it stays and counts."))


@post(f"{HERE}/pages", access=access.desk(Partners.EDIT))
async def add_page(request: AnyRequest, work: NamedDependency[Work]) -> Response[None]:
    form = await forms.read(request, NewPage)
    await material.add_landing(
        work, code=form.code, title=form.title, url=form.url, language=form.language
    )
    return go(request, HERE, notice=N_("The page is with your partners."))


@post(HERE + "/pages/{code:str}/remove", access=access.desk(Partners.EDIT))
async def remove_page(
    request: AnyRequest, work: NamedDependency[Work], code: FromPath[str]
) -> Response[None]:
    await material.remove_landing(work, code)
    return go(request, HERE, notice=N_("Removed. Links to it lead to the first page."))


@post(f"{HERE}/hosts", access=access.desk(Partners.EDIT))
async def set_hosts(request: AnyRequest, work: NamedDependency[Work]) -> Response[None]:
    form = await forms.read(request, Hosts)
    hosts = tuple(dict.fromkeys(form.hosts.replace(",", " ").lower().split()))
    await material.set_hosts(work, hosts)
    return go(request, HERE, notice=N_("Saved."))


ALL = [shown, add_banner, end_banner, add_page, remove_page, set_hosts]
