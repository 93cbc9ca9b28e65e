"""The browser's way to the single sign-on provider and back."""

import hashlib
from typing import Any, Final
from urllib.parse import quote
from uuid import UUID

from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response

from stoa.connectors.outside import Outside
from stoa.identity import carried, invitations, sessions, sso
from stoa.identity.model import Person
from stoa.identity.oidc import Claims, Discovery, NotConfirmed, Party, Trip
from stoa.identity.settings import Oidc
from stoa.identity.side import DESK, admit, caller, oneself
from stoa.identity.sso import Carried
from stoa.kernel.refusals import NotFound, Unavailable
from stoa.tenancy.registry import TenantRef
from stoa.tenancy.work import Work
from stoa.theming.texts import N_
from stoa.vault import credentials
from stoa.web import access
from stoa.web.open import admit as check
from stoa.web.open import recognise
from stoa.web.pages import go, safe_next
from stoa.web.state import State
from stoa.web.visit import visit

AnyRequest = Request[Any, Any, Any]

COOKIE: Final = "sso"
_PLACE: Final = "cookie.sso"
_OPEN: Final = "whoever signs in has no session yet"
_OWN: Final = "everyone links their own company account"


def discovery(state: State) -> Discovery:
    """One a process, so that a provider's documents are read once."""
    if "oidc" not in state.extras:
        state.extras["oidc"] = Discovery(Outside(state.config).egress)
    found: Discovery = state.extras["oidc"]
    return found


def redirect_uri(state: State, tenant: TenantRef) -> str:
    """From the tenant's own record: never from what a request says its host is."""
    return state.config.url(tenant.host, "/desk/sso/callback")


def _tenant(request: AnyRequest) -> TenantRef:
    tenant = visit(request).tenant
    if tenant is None:
        raise NotFound
    return tenant


def _row(request: AnyRequest) -> UUID:
    """The visitor as an id: the trip opens only in the browser it began in."""
    visitor = visit(request).visitor or ""
    return UUID(bytes=hashlib.sha256(visitor.encode()).digest()[:16])


async def party(state: State, work: Work, settings: Oidc) -> Party:
    known = await credentials.known(work, [settings.secret])
    secret = await credentials.read(work, settings.secret) if known else ""
    return Party(discovery(state), settings, secret, redirect_uri(state, work.tenant))


async def depart(
    request: AnyRequest, we: Party, why: str, *, person: UUID | None = None, invitation: str = ""
) -> Response[None]:
    """Off to the provider. Nothing is written: the browser carries the trip, sealed."""
    state: State = request.app.state.stoa
    keys = state.door.keys(_tenant(request))
    trip = Trip.new()
    url = await we.way_out(trip)
    kept = Carried(
        state=trip.state,
        nonce=trip.nonce,
        verifier=trip.verifier,
        issuer=we.settings.issuer,
        why=why,
        next=safe_next(request, DESK.home),
        person=person,
        invitation=invitation,
    )
    carried.put(
        request,
        COOKIE,
        kept,
        lambda raw: keys.seal(_PLACE, _row(request), raw),
        life_s=sso.LIFE_S,
    )
    return Response(None, status_code=303, headers={"location": url})


def _home_first(request: AnyRequest) -> Response[None] | None:
    """The provider sends back to the tenant's canonical host; the cookie has to lie there."""
    state: State = request.app.state.stoa
    tenant = _tenant(request)
    if visit(request).host == tenant.host:
        return None
    here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return Response(
        None, status_code=303, headers={"location": state.config.url(tenant.host, here)}
    )


@get("/desk/sso", access=access.public(_OPEN, own_transaction=True))
async def start(request: AnyRequest) -> Response[None]:
    state: State = request.app.state.stoa
    if (elsewhere := _home_first(request)) is not None:
        return elsewhere
    async with state.door.open(_tenant(request), purpose="GET /desk/sso") as work:
        we = await party(state, work, sso.provider(work))
    try:
        return await depart(request, we, "sign-in")
    except Unavailable:
        target = safe_next(request, DESK.home)
        return go(request, DESK.path(f"/sign-in?silent=1&next={quote(target)}"))


@get("/desk/sso/invitation/{bearer:str}", access=access.public(_OPEN, own_transaction=True))
async def start_invited(request: AnyRequest, bearer: FromPath[str]) -> Response[None]:
    state: State = request.app.state.stoa
    if (elsewhere := _home_first(request)) is not None:
        return elsewhere
    async with state.door.open(_tenant(request), purpose="GET /desk/sso/invitation") as work:
        await invitations.open_one(work, bearer)
        we = await party(state, work, sso.provider(work))
    return await depart(request, we, "invitation", invitation=bearer)


@get("/desk/sso/link", access=access.signed_in("desk", _OWN, step_up=True, own_transaction=True))
async def start_link(request: AnyRequest) -> Response[None]:
    state: State = request.app.state.stoa
    if (elsewhere := _home_first(request)) is not None:
        return elsewhere
    async with state.door.open(_tenant(request), purpose="GET /desk/sso/link") as work:
        await check(request, work)
        person, _ = await oneself(request, work)
        we = await party(state, work, sso.provider(work))
    return await depart(request, we, "link", person=person.id)


@post("/desk/me/sso/unlink", access=access.signed_in("desk", _OWN, step_up=True))
async def unlink(request: AnyRequest, work: NamedDependency[Work]) -> Response[None]:
    person, _ = await oneself(request, work)
    await sso.unlink(work, await work.lock(Person, person.id))
    return go(request, DESK.me, notice=N_("Your company account is no longer connected."))


@get("/desk/sso/callback", access=access.public(_OPEN, own_transaction=True))
async def callback(request: AnyRequest) -> Response[None]:
    """Back from the provider: believe nothing that was not asked for from this very browser."""
    state: State = request.app.state.stoa
    tenant = _tenant(request)
    keys = state.door.keys(tenant)
    trip = carried.read(
        request, COOKIE, Carried, lambda sealed: keys.unseal(_PLACE, _row(request), sealed)
    )
    carried.drop(request, COOKIE)
    if trip is None:
        raise NotConfirmed("no trip began in this browser")
    async with state.door.open(tenant, purpose="GET /desk/sso/callback") as work:
        settings = sso.provider(work)
        we, now = await party(state, work, settings), work.now
    if settings.issuer != trip.issuer:
        raise NotConfirmed("the provider was changed meanwhile")
    await sso.once(state.redis, tenant.id, trip.state)

    told = {key: str(value) for key, value in request.query_params.items()}
    claims = await we.way_back(Trip(trip.state, trip.nonce, trip.verifier), told, now)
    sso.welcome(settings, claims)

    async with state.door.open(tenant, purpose="GET /desk/sso/callback") as work:
        work.request = visit(request).request_id
        return await _arrive(request, work, trip, claims)


async def _arrive(request: AnyRequest, work: Work, trip: Carried, claims: Claims) -> Response[None]:
    if trip.why == "link":
        signed_in = await recognise(request, work, "desk")
        if not signed_in or work.actor.id is None or work.actor.id != trip.person:
            raise NotConfirmed("another person is signed in than the one who asked to link")
        await sso.link(work, work.actor.id, claims)
        return go(request, DESK.me, notice=N_("Your company account is connected."))
    who = caller(request, DESK)
    entered = (
        await sso.accept(work, trip.invitation, claims, who)
        if trip.why == "invitation"
        else await sso.sign_in(work, claims, who)
    )
    admit(request, DESK, entered)
    if entered.stage != sessions.FULL:
        return go(request, DESK.path(f"/second-factor?next={quote(trip.next)}"))
    return go(request, trip.next)


ALL: Final = [start, start_invited, start_link, unlink, callback]
