"""Opens a request's unit of work: session, actor, permission and forgery checks, then the handler."""

from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any, Final, Literal
from urllib.parse import urlsplit
from uuid import UUID

from litestar import Request

from stoa.identity import sessions
from stoa.kernel.refusals import Denied, NotFound, Refusal, Unauthenticated, Unavailable
from stoa.tenancy.actor import VISITOR, Actor, Kind
from stoa.tenancy.door import OpenWork
from stoa.tenancy.work import PlatformWork, Work
from stoa.web.access import Access
from stoa.web.state import State
from stoa.web.visit import Visit, is_page, visit

_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_FORMS: Final = frozenset({"application/x-www-form-urlencoded", "multipart/form-data"})
UNREACHABLE: Final = "unreachable"
"""State of a tenant whose row could not be read just now; never stored."""
CSRF_HEADER: Final = "x-csrftoken"
CSRF_FIELD: Final = "_csrf_token"

AnyRequest = Request[Any, Any, Any]


class Unsigned(Unauthenticated):
    """No session: pages answer with the way to sign in."""

    def __init__(self, audience: str, stage: str | None = None) -> None:
        super().__init__("Please sign in to go on.")
        self.audience = audience
        self.stage = stage


class StepUp(Unauthenticated):
    """The session is good, but this step wants the second factor again."""

    kind = "step-up"

    def __init__(self, audience: str) -> None:
        super().__init__("Please confirm with your second factor.")
        self.audience = audience


def declared(request: AnyRequest) -> Access:
    access: Access = request.route_handler.opt["access"]
    return access


async def work(request: AnyRequest) -> AsyncGenerator[Work]:
    """The unit of work of a tenant's handler; committed when the handler has answered."""
    access, seen = declared(request), visit(request)
    state: State = request.app.state.stoa
    if seen.tenant is None or access.audience == "control":
        raise NotFound
    _serving(access, seen, request)
    purpose = f"{request.method} {request.scope['path_template']}"
    async with state.door.open(seen.tenant, actor=VISITOR, purpose=purpose) as opened:
        opened.request = seen.request_id
        await admit(request, opened)
        yield opened


async def entered(request: AnyRequest) -> tuple[UUID, OpenWork]:
    """Who asks, checked as any handler checks, and the door for work in several transactions.

    Raises as `work` does where the tenant takes no such thing now.
    """
    state: State = request.app.state.stoa
    seen = visit(request)
    if seen.tenant is None:
        raise NotFound
    _serving(declared(request), seen, request)
    purpose = f"{request.method} {request.scope['path_template']}"
    async with state.door.open(seen.tenant, actor=VISITOR, purpose=purpose) as opened:
        opened.request = seen.request_id
        await admit(request, opened)
        actor = opened.actor
    if actor.id is None:
        raise NotFound
    return actor.id, state.door.opener(seen.tenant, actor=actor, purpose=purpose)


def _serving(access: Access, seen: Visit, request: AnyRequest) -> None:
    tenant = seen.tenant
    if tenant is None or tenant.state == "active":
        return
    if tenant.state == UNREACHABLE:
        raise Unavailable("We cannot reach our records. Nothing was changed. Try again shortly.")
    if tenant.state == "suspended" and (request.method in _SAFE or access.while_suspended):
        return
    if access.audience == "desk" and tenant.state == "suspended":
        raise Unavailable(
            "{name} is suspended: nothing is decided or changed here until it is resumed. "
            "Nothing was changed.",
            name=tenant.name,
        )
    raise Unavailable(
        "{name} takes no new orders at the moment. Your money and your data are safe; you can "
        "see balances and ask for withdrawals. Nothing was changed.",
        name=tenant.name,
    )


async def admit(request: AnyRequest, opened: Work) -> None:
    """Find the actor and check what the handler declared. Raises Unsigned, Denied or StepUp."""
    access, seen = declared(request), visit(request)
    state: State = request.app.state.stoa
    if access.audience in {"desk", "room"}:
        await _person(request, opened, access, seen, state)
        if request.method not in _SAFE:
            await refuse_forgery(request, seen)
    elif access.audience == "api":
        opened.actor = await state.api_actor(request, opened)
    elif access.audience == "callback":
        opened.actor = Actor(Kind.PROVIDER, name="provider")
    elif request.method not in _SAFE:
        await refuse_forgery(request, seen)
    seen.actor = opened.actor
    if access.permission is not None:
        opened.require(access.permission)
    _recent(access, opened)


def _recent(access: Access, opened: Work | PlatformWork) -> None:
    """Raises StepUp where the handler wants the second factor shown within the last minutes."""
    if not access.step_up:
        return
    at = opened.actor.second_factor_at
    if at is None or opened.now.timestamp() - at > sessions.STEP_UP_S:
        raise StepUp(access.audience)


async def recognise(request: AnyRequest, opened: Work, audience: Literal["desk", "room"]) -> bool:
    """On a page for visitors and signed-in people alike: whether someone is, who then acts."""
    seen = visit(request)
    state: State = request.app.state.stoa
    access = Access(audience, None, "a page for visitors and signed-in people alike")
    try:
        await _person(request, opened, access, seen, state)
    except Unsigned:
        return False
    seen.actor = opened.actor
    return True


async def _person(
    request: AnyRequest, opened: Work, access: Access, seen: Visit, state: State
) -> None:
    bearer = request.cookies.get(state.cookie(access.audience))
    found = await sessions.actor_of(opened, bearer, access.audience) if bearer else None
    if bearer is None or found is None:
        raise Unsigned(access.audience)
    actor, session, person = found.actor, found.session, found.person
    if session.stage not in {access.stage, sessions.FULL}:
        raise Unsigned(access.audience, session.stage)
    seen.person = person
    seen.bearer = bearer
    seen.csrf = opened.keys.mac("csrf", bearer)
    if person is not None:
        seen.person_name = (
            opened.unseal(person.id, "person.name", person.name_sealed)
            or opened.unseal(person.id, "person.email", person.email_sealed)
            or ""
        )
        seen.locale = person.locale
        if request.method == "GET" and is_page(request):
            seen.unread = found.unread
    if session.support is not None:
        seen.support = session.support_name
        seen.support_until = session.ends_at
        opened.reason = f"support session {session.support}"
        actor = _reading_everything(actor, state)
    elif actor.kind is Kind.CLIENT:
        actor = _client(actor, state)
    opened.actor = actor
    if actor.kind is Kind.CLIENT:
        opened.subject = actor.id


def _client(actor: Actor, state: State) -> Actor:
    return Actor(
        kind=Kind.CLIENT,
        id=actor.id,
        name=actor.name,
        permissions=state.product.own_permissions(),
        scope="own",
        session=actor.session,
        second_factor_at=actor.second_factor_at,
    )


def _reading_everything(actor: Actor, state: State) -> Actor:
    """Support inside a tenant reads what staff may view, and changes nothing."""
    views = frozenset(name for name in state.product.permissions if name.endswith(":view"))
    return Actor(
        kind=Kind.STAFF,
        id=actor.id,
        name=actor.name,
        permissions=views,
        on_behalf_of=actor.on_behalf_of,
        read_only=True,
        session=actor.session,
    )


async def refuse_forgery(request: AnyRequest, seen: Visit) -> None:
    """A change must come from our own page: same origin, and the token of this session.

    The token is read from the header or, for plain forms, from the hidden field.
    """
    origin = request.headers.get("origin")
    if origin and origin != "null" and urlsplit(origin).netloc != request.headers.get("host", ""):
        raise Denied("This request came from another site. Nothing was changed.", code="origin")
    if request.headers.get("sec-fetch-site") == "cross-site":
        raise Denied("This request came from another site. Nothing was changed.", code="origin")
    sent = request.headers.get(CSRF_HEADER)
    if not sent and request.content_type[0] in _FORMS:
        sent = (await request.form()).get(CSRF_FIELD)
    if not seen.csrf or sent != seen.csrf:
        raise Refusal(
            "This page is out of date. Nothing was changed. Reload it and try again.",
            code="stale-page",
        )


async def platform_work(request: AnyRequest) -> AsyncIterator[PlatformWork]:
    """The unit of work of a control-plane handler."""
    access, seen = declared(request), visit(request)
    state: State = request.app.state.stoa
    if seen.tenant is not None:
        raise NotFound
    purpose = f"{request.method} {request.scope['path_template']}"
    async with state.door.platform(actor=VISITOR, purpose=purpose) as opened:
        opened.request = seen.request_id
        if access.audience == "control":
            await _operator(request, opened, access, seen, state)
        if request.method not in _SAFE and not request.headers.get("authorization"):
            await refuse_forgery(request, seen)
        if access.permission is not None:
            opened.require(access.permission)
        _recent(access, opened)
        yield opened


async def _operator(
    request: AnyRequest, opened: PlatformWork, access: Access, seen: Visit, state: State
) -> None:
    if request.headers.get("authorization"):
        opened.actor = seen.actor = await state.operator_api_actor(request, opened)
        return
    bearer = request.cookies.get(state.cookie("control"))
    found = await sessions.operator_of(opened, bearer) if bearer else None
    if bearer is None or found is None:
        raise Unsigned("control")
    actor, session, operator = found
    if session.stage not in {access.stage, sessions.FULL}:
        raise Unsigned("control", session.stage)
    seen.operator, seen.bearer, seen.actor = operator, bearer, actor
    seen.person_name, seen.locale = operator.name, operator.locale
    seen.csrf = state.control_mac("csrf", bearer)
    opened.actor = actor
