"""The trader room's own pages: home, welcome, profile, one's data, leaving."""

from typing import Annotated, Any, Final

import msgspec
from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response
from msgspec import Meta

from brokerage.clients import clients, details, download, gathered, hooks, money, needs, queries
from brokerage.clients.details import Address
from brokerage.clients.permissions import Clients
from brokerage.clients.proof import own
from brokerage.clients.settings import ClientSettings
from brokerage.clients.visitor import note_touch, reads
from brokerage.ledger import queries as books
from stoa.identity import passwords, people
from stoa.identity.model import Person
from stoa.kernel.refusals import Invalid
from stoa.tenancy.facts import TenantFacts
from stoa.tenancy.work import Work
from stoa.theming.texts import N_
from stoa.web import access, cookies, forms, limits
from stoa.web.open import recognise
from stoa.web.pages import go, page
from stoa.web.visit import visit

AnyRequest = Request[Any, Any, Any]

_SHOWN_APART: Final = frozenset({"equity", "movements"})
"""The ledger's cards that this page draws itself, with open positions counted in."""
_DOWNLOADS_A_DAY: Final = 5
_TRIES_A_QUARTER: Final = 5


class Contact(msgspec.Struct):
    phone: Annotated[str, Meta(max_length=40)] = ""
    street: Annotated[str, Meta(max_length=160)] = ""
    city: Annotated[str, Meta(max_length=160)] = ""
    postcode: Annotated[str, Meta(max_length=160)] = ""


class Language(msgspec.Struct):
    language: Annotated[str, Meta(max_length=8)]


class Accept(msgspec.Struct):
    version: Annotated[str, Meta(max_length=20)]


class Leave(msgspec.Struct):
    password: Annotated[str, Meta(max_length=200)]
    why: Annotated[str, Meta(max_length=400)] = ""


@get("/", access=access.public("the landing page to a visitor, their own home to a client"))
async def home(request: AnyRequest, work: NamedDependency[Work]) -> Response[Any]:
    """Everything at a glance; before signing in, who we are and how to join."""
    if not await recognise(request, work, "room"):
        await note_touch(request, work, None)
        settings = work.settings(ClientSettings)
        return page(
            request,
            work,
            "public/landing.html",
            audience="public",
            joining=settings.open,
            documents=_titles(request, work, settings),
            figures={name: await read(work) for name, read in hooks.public_figures.items()},
        )
    work.require(Clients.HOME_OWN)
    client = own(work)
    product = request.app.state.stoa.product
    cards = await gathered.home(product, work, client)
    return page(
        request,
        work,
        "room/home/home.html",
        audience="room",
        standing=await money.standing(work, client, cards),
        movements=await books.movements(work, client, money.LAST),
        cards=[card for card in cards if card.key not in _SHOWN_APART],
        steps=await gathered.needs(product, work, client),
        name=await queries.first_name(work, client),
        may=_ways(request),
    )


def _ways(request: AnyRequest) -> dict[str, bool]:
    """Whether the money pages are there to lead to."""
    paths = {item.path for item in request.app.state.stoa.product.nav("room")}
    return {"money": "/money" in paths}


def _titles(request: AnyRequest, work: Work, settings: ClientSettings) -> list[dict[str, str]]:
    language = reads(request, work)
    return [
        {"code": one.code, "title": one.in_language(language).title} for one in settings.documents
    ]


@get("/welcome", access=access.room(Clients.HOME_OWN))
async def welcome(request: AnyRequest, work: NamedDependency[Work]) -> Response[str]:
    """The first page after joining: what is possible now, what comes next."""
    client = own(work)
    product = request.app.state.stoa.product
    return page(
        request,
        work,
        "room/clients/welcome.html",
        audience="room",
        name=(await queries.brief(work, client)).first_name,
        steps=await gathered.needs(product, work, client),
    )


@get("/profile", access=access.room(Clients.PROFILE_OWN))
async def profile(request: AnyRequest, work: NamedDependency[Work]) -> Response[str]:
    client = own(work)
    found = await queries.brief(work, client)
    settings = work.settings(ClientSettings)
    accepted = await needs.agreed(work, client)
    language = reads(request, work)
    return page(
        request,
        work,
        "room/clients/profile.html",
        audience="room",
        client=found,
        address=details.address_of(found),
        languages=work.settings(TenantFacts).languages,
        language=language,
        agreements=[
            {
                "code": one.code,
                "title": one.in_language(language).title,
                "version": one.version,
                "accepted": accepted.get(one.code),
                "current": one.code in accepted and accepted[one.code].version == one.version,
            }
            for one in settings.documents
        ],
        steps=await gathered.needs(request.app.state.stoa.product, work, client),
        standing=await clients.stands_in_the_way(work, client),
        kept=await download.kept(work, client),
    )


@post("/profile/contact", access=access.room(Clients.PROFILE_OWN))
async def contact(request: AnyRequest, work: NamedDependency[Work]) -> Response[None]:
    form = await forms.read(request, Contact)
    client = own(work)
    await details.change_phone(work, client, form.phone or None)
    address = Address(street=form.street, city=form.city, postcode=form.postcode)
    await details.change_address(work, client, address)
    return go(request, "/profile", notice=N_("Saved."))


@post("/profile/language", access=access.room(Clients.PROFILE_OWN))
async def language(request: AnyRequest, work: NamedDependency[Work]) -> Response[None]:
    """The language of pages and letters."""
    form = await forms.read(request, Language)
    await details.change_language(work, own(work), form.language)
    visit(request).set_cookies.append(("language", form.language, 365 * 86_400))
    return go(request, "/profile", notice=N_("Saved."))


@post("/profile/agreements/{code:str}", access=access.room(Clients.PROFILE_OWN))
async def agree(
    request: AnyRequest, work: NamedDependency[Work], code: FromPath[str]
) -> Response[None]:
    form = await forms.read(request, Accept)
    await clients.accept(work, own(work), code, form.version, reads(request, work))
    work.announce(f"client:{own(work)}|profile")
    return go(request, "/profile", notice=N_("Thank you. It is noted."))


@get("/profile/data", access=access.room(Clients.PROFILE_OWN))
async def data(request: AnyRequest, work: NamedDependency[Work]) -> Response[bytes]:
    """All that is held about oneself, as a ZIP of JSON files."""
    client = own(work)
    redis = request.app.state.stoa.redis
    what = f"data:{client}"
    await limits.spend(redis, work.tenant.id, what, most=_DOWNLOADS_A_DAY, per_s=86_400)
    packed = await download.pack(work, client)
    name = f"my-data-{work.now:%Y-%m-%d}.zip"
    return Response(
        packed,
        media_type="application/zip",
        headers={"content-disposition": f'attachment; filename="{name}"'},
    )


@post("/profile/close", access=access.room(Clients.PROFILE_OWN, while_suspended=True))
async def close(request: AnyRequest, work: NamedDependency[Work]) -> Response[Any]:
    """Leave for good: the password again, nothing open, and every session ends."""
    form = await forms.read(request, Leave)
    client = own(work)
    state = request.app.state.stoa
    await limits.spend(
        state.redis, work.tenant.id, f"close:{client}", most=_TRIES_A_QUARTER, per_s=900
    )
    person = await work.get(Person, client)
    if not await passwords.fits(people.hash_of(work, person), form.password):
        raise Invalid("This is not your password. Nothing was changed.", field="password")
    await clients.close(work, client, form.why or "asked by the client")
    cookies.sign_out(visit(request), "room", secure=state.secure)
    return go(request, "/", notice=N_("Your account is closed. Thank you for your trust."))


WEB: Final = [agree, close, contact, data, home, language, profile, welcome]
