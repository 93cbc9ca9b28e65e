"""Staff pages about clients: the list and its files, and one client on one page."""

from typing import Annotated, Any, Final
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response
from msgspec import Meta

from brokerage.clients import clients, details, gathered, hooks, listing, queries, timeline
from brokerage.clients.permissions import Clients
from brokerage.clients.settings import ClientSettings
from brokerage.clients.visitor import reads
from stoa.identity import factors
from stoa.identity.model import Person as Login
from stoa.kernel.refusals import Invalid
from stoa.product import Tab
from stoa.tenancy.facts import TenantFacts
from stoa.tenancy.work import Work
from stoa.theming.masks import mask
from stoa.theming.texts import N_
from stoa.web import access, forms, limits, tables
from stoa.web.pages import go, page

AnyRequest = Request[Any, Any, Any]

_FILES: Final = frozenset({"csv", "xlsx"})
_FILES_A_DAY: Final = 20
_SHORTEST_REASON: Final = 5

TABS: Final = (
    Tab("overview", N_("Overview"), "/desk/clients/{client}/overview", Clients.VIEW, order=0),
    Tab("audit", N_("Audit"), "/desk/clients/{client}/audit", Clients.SEE_AUDIT, order=90),
)


class Reason(msgspec.Struct):
    reason: Annotated[str, Meta(max_length=400)]


class Owner(msgspec.Struct):
    owner: UUID | None = None


class Tags(msgspec.Struct):
    tags: Annotated[str, Meta(max_length=1000)] = ""


class Text(msgspec.Struct):
    text: Annotated[str, Meta(max_length=4000)]
    replaces: UUID | None = None


class Country(msgspec.Struct):
    country: Annotated[str, Meta(min_length=2, max_length=2)]


class Person(msgspec.Struct):
    first_name: Annotated[str, Meta(max_length=80)]
    last_name: Annotated[str, Meta(max_length=80)]
    phone: Annotated[str, Meta(max_length=40)] = ""
    street: Annotated[str, Meta(max_length=160)] = ""
    city: Annotated[str, Meta(max_length=160)] = ""
    postcode: Annotated[str, Meta(max_length=160)] = ""


@get("/desk/clients", access=access.desk(Clients.VIEW))
async def listed(request: AnyRequest, work: NamedDependency[Work]) -> Response[Any]:
    """The list; asked for a file, the page that asks why."""
    wanted = str(request.query_params.get("format", ""))
    if wanted in _FILES:
        work.require(Clients.EXPORT)
        query = urlencode([(k, v) for k, v in request.query_params.items() if k != "format"])
        return page(
            request,
            work,
            "desk/clients/export.html",
            audience="desk",
            wanted=wanted,
            action=f"/desk/clients/export?{urlencode({'format': wanted})}&{query}",
            back=f"/desk/clients?{query}",
        )
    return await tables.answer(
        request,
        work,
        listing.table(work, reads(request, work)),
        audience="desk",
        template="desk/clients/list.html",
    )


@post("/desk/clients/export", access=access.desk(Clients.EXPORT), status_code=200)
async def export(request: AnyRequest, work: NamedDependency[Work]) -> Response[Any]:
    """The list as a file, with the reason in the audit log; so many a day and no more."""
    form = await forms.read(request, Reason)
    if len(form.reason) < _SHORTEST_REASON:
        raise Invalid("Say in a few words what the file is for.", field="reason")
    redis = request.app.state.stoa.redis
    what = f"export:{work.actor.id}"
    await limits.spend(redis, work.tenant.id, what, most=_FILES_A_DAY, per_s=86_400)
    work.reason = form.reason
    return await tables.answer(request, work, listing.table(work), audience="desk")


@get("/desk/clients/{client:uuid}", access=access.desk(Clients.VIEW))
async def whole(
    request: AnyRequest, work: NamedDependency[Work], client: FromPath[UUID]
) -> Response[str]:
    """Client 360: who it is and how things stand; each module brings its own tab."""
    found = await queries.brief(work, client)
    product = request.app.state.stoa.product
    shown = [tab for tab in product.tabs() if work.actor.may(tab.permission)]
    asked = str(request.query_params.get("tab", "overview"))
    here = next((tab for tab in shown if tab.key == asked), shown[0])
    steps = await gathered.needs(product, work, client)
    return page(
        request,
        work,
        "desk/clients/client.html",
        audience="desk",
        client=found,
        level=listing.level_word(found.level),
        currency=work.settings(TenantFacts).base_currency,
        tabs=[
            {
                "label": tab.label,
                "key": tab.key,
                "href": f"/desk/clients/{client}?tab={tab.key}",
                "fragment": tab.path.replace("{client}", str(client)),
                "active": tab is here,
            }
            for tab in shown
        ],
        fragment=here.path.replace("{client}", str(client)),
        next_step=next((one for one in steps if one.state != "done"), None),
        owners=await _staff(work),
        may=_may(work),
        protected=factors.has(await work.get(Login, client)),
        standing=await clients.stands_in_the_way(work, client),
        marks=[word for mark in hooks.marks for word in await mark(work, client)],
        blocked=sorted(work.settings(ClientSettings).blocked_countries),
    )


def _may(work: Work) -> dict[str, bool]:
    """What this reader may do here, by short name."""
    return {
        "assign": work.actor.may(Clients.ASSIGN),
        "tag": work.actor.may(Clients.TAG),
        "note": work.actor.may(Clients.NOTE),
        "edit": work.actor.may(Clients.EDIT) and work.actor.may(Clients.SEE_PII),
        "close": work.actor.may(Clients.CLOSE),
        "factor": work.actor.may(Clients.FACTOR),
        "pii": work.actor.may(Clients.SEE_PII),
    }


async def _staff(work: Work) -> list[tuple[str, str]]:
    if not work.actor.may(Clients.ASSIGN):
        return []
    return await queries.staff(work)


@get("/desk/clients/{client:uuid}/overview", access=access.desk(Clients.VIEW))
async def overview(
    request: AnyRequest, work: NamedDependency[Work], client: FromPath[UUID]
) -> Response[str]:
    """The timeline of all modules beside who the client is, masked."""
    found = await queries.brief(work, client)
    product = request.app.state.stoa.product
    return page(
        request,
        work,
        "desk/clients/overview.html",
        audience="desk",
        client=found,
        masks=_masks(found),
        moments=await gathered.moments(product, work, client),
        steps=await gathered.needs(product, work, client),
        partner=await _partner(work, found),
        currency=work.settings(TenantFacts).base_currency,
        may=_may(work),
    )


def _masks(found: queries.Brief) -> dict[str, str]:
    """Personal details as staff see them before they ask to see more."""
    return {
        "email": mask(found.email, "email"),
        "phone": mask(found.phone, "phone"),
        "birth_date": "••••-••-••" if found.birth_date else "",
        "address": "•••" if found.address else "",
    }


async def _partner(work: Work, found: queries.Brief) -> str:
    if found.partner is None:
        return ""
    return (await queries.names(work, [found.partner])).get(found.partner, "")


@post("/desk/clients/{client:uuid}/reveal/{field:str}", access=access.desk(Clients.SEE_PII))
async def reveal(
    request: AnyRequest, work: NamedDependency[Work], client: FromPath[UUID], field: FromPath[str]
) -> Response[str]:
    """One personal detail in clear; the reading is in the audit log."""
    value = await details.reveal(work, client, field)
    return page(
        request, work, "desk/clients/revealed.html", audience="desk", field=field, value=value
    )


@post("/desk/clients/{client:uuid}/assign", access=access.desk(Clients.ASSIGN))
async def assign(
    request: AnyRequest, work: NamedDependency[Work], client: FromPath[UUID]
) -> Response[None]:
    form = await forms.read(request, Owner)
    await clients.assign(work, client, form.owner)
    return go(request, f"/desk/clients/{client}", notice=N_("Given over."))


@post("/desk/clients/{client:uuid}/tags", access=access.desk(Clients.TAG))
async def tag(
    request: AnyRequest, work: NamedDependency[Work], client: FromPath[UUID]
) -> Response[None]:
    form = await forms.read(request, Tags)
    await clients.tag(work, client, form.tags.replace("\n", ",").split(","))
    return go(request, f"/desk/clients/{client}", notice=N_("Tags saved."))


@post("/desk/clients/{client:uuid}/notes", access=access.desk(Clients.NOTE))
async def note(
    request: AnyRequest, work: NamedDependency[Work], client: FromPath[UUID]
) -> Response[None]:
    form = await forms.read(request, Text)
    await timeline.note(work, client, "note", form.text, replaces=form.replaces)
    return go(request, f"/desk/clients/{client}", notice=N_("Note saved."))


@get("/desk/clients/notes/{note:uuid}", access=access.desk(Clients.VIEW))
async def note_history(
    request: AnyRequest, work: NamedDependency[Work], note: FromPath[UUID]
) -> Response[str]:
    """A note with everything it replaced."""
    found = await timeline.history(work, note)
    return page(
        request,
        work,
        "desk/clients/note.html",
        audience="desk",
        client=found[0].client,
        notes=found,
        may=_may(work),
    )


@post("/desk/clients/{client:uuid}/country", access=access.desk(Clients.EDIT))
async def country(
    request: AnyRequest, work: NamedDependency[Work], client: FromPath[UUID]
) -> Response[None]:
    form = await forms.read(request, Country)
    await clients.change_country(work, client, form.country)
    return go(request, f"/desk/clients/{client}", notice=N_("Country changed."))


@post("/desk/clients/{client:uuid}/details/open", access=access.desk(Clients.EDIT))
async def open_details(
    request: AnyRequest, work: NamedDependency[Work], client: FromPath[UUID]
) -> Response[str]:
    """The form to correct details holds them in clear, so that opening it is a reading too."""
    work.require(Clients.SEE_PII)
    found = await details.opened(work, client)
    return page(
        request,
        work,
        "desk/clients/details.html",
        audience="desk",
        client=found,
        address=details.address_of(found),
    )


@post("/desk/clients/{client:uuid}/details", access=access.desk(Clients.EDIT))
async def correct(
    request: AnyRequest, work: NamedDependency[Work], client: FromPath[UUID]
) -> Response[None]:
    """Correct name, telephone and address, with the paper in hand."""
    work.require(Clients.SEE_PII)
    form = await forms.read(request, Person)
    await details.rename(work, client, form.first_name, form.last_name)
    await details.change_phone(work, client, form.phone or None)
    address = details.Address(street=form.street, city=form.city, postcode=form.postcode)
    await details.change_address(work, client, address)
    return go(request, f"/desk/clients/{client}", notice=N_("Saved."))


@post("/desk/clients/{client:uuid}/close", access=access.desk(Clients.CLOSE))
async def close(
    request: AnyRequest, work: NamedDependency[Work], client: FromPath[UUID]
) -> Response[None]:
    form = await forms.read(request, Reason)
    work.reason = form.reason
    await clients.close(work, client, form.reason)
    return go(request, f"/desk/clients/{client}", notice=N_("The account is closed."))


@post("/desk/clients/{client:uuid}/second-factor/reset", access=access.desk(Clients.FACTOR))
async def reset_factor(
    request: AnyRequest, work: NamedDependency[Work], client: FromPath[UUID]
) -> Response[None]:
    form = await forms.read(request, Reason)
    if len(form.reason.strip()) < _SHORTEST_REASON:
        raise Invalid("Say in a few words how you made sure who it is.", field="reason")
    await clients.reset_factor(work, client, form.reason.strip())
    return go(
        request,
        f"/desk/clients/{client}",
        notice=N_("Reset. They set up a new app when they sign in next, and were told by letter."),
    )


WEB: Final = [
    assign,
    close,
    correct,
    country,
    export,
    listed,
    note,
    note_history,
    open_details,
    overview,
    reset_factor,
    reveal,
    tag,
    whole,
]
