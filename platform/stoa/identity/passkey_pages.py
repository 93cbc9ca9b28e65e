"""Passkeys at the trader room and at the desk: sign in by one, show one, add and remove them.

A page's script asks for options, lets the browser hold its dialog, and sends the answer back.
"""

import hashlib
from collections.abc import Sequence
from typing import Annotated, Any, Final
from urllib.parse import quote
from uuid import UUID

import msgspec
from litestar import MediaType, Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response
from msgspec import Meta

from stoa.identity import devices, factors, passkeys, passwords, people, sessions, signin, tries
from stoa.identity.challenges import Ground, Unproven
from stoa.identity.me import own
from stoa.identity.model import OperatorSession, Person, Session
from stoa.identity.proving import password_owed
from stoa.identity.side import Side, admit, caller, oneself, refused, renew, show_codes
from stoa.kernel.refusals import Invalid, NotFound
from stoa.notices import notices
from stoa.tenancy.work import PlatformWork, Work
from stoa.theming.brand import Brand
from stoa.theming.texts import N_
from stoa.web import access, forms, limits
from stoa.web.open import refuse_forgery
from stoa.web.pages import go, page, safe_next
from stoa.web.visit import visit

AnyRequest = Request[Any, Any, Any]

ADDED: Final = N_("The passkey is added.")
REMOVED: Final = N_("The passkey is removed; other devices are signed out.")
NEW: Final = "/second-factor/passkey/new"
_OPEN: Final = "whoever signs in has no session yet"
_WHY: Final = "everyone proves themselves, whatever they may do"
_MOST: Final = 100
_PER_S: Final = 600


class Naming(msgspec.Struct):
    name: Annotated[str, Meta(max_length=passkeys.LONGEST_NAME)]
    password: Annotated[str, Meta(max_length=1000)] | None = None


class Shown(msgspec.Struct):
    """What the browser's dialog gave, as it writes it itself."""

    credential: dict[str, Any]


def keyed(side: Side) -> Sequence[Any]:
    """The handlers of one side."""
    half = access.signed_in(side.audience, _WHY, stage=sessions.PASSWORD_OK, while_suspended=True)

    @get(side.path(NEW), access=half)
    async def new(request: AnyRequest, work: NamedDependency[Work]) -> Response[Any]:
        return await _new(request, work, side)

    @post(side.path(f"{NEW}/options"), access=half)
    async def ask_new(request: AnyRequest, work: NamedDependency[Work]) -> Response[Any]:
        return await _ask_new(request, work)

    @post(side.path(NEW), access=half)
    async def add(request: AnyRequest, work: NamedDependency[Work]) -> Response[Any]:
        return await _add(request, work, side)

    @post(side.path("/second-factor/passkey/options"), access=half)
    async def ask(request: AnyRequest, work: NamedDependency[Work]) -> Response[Any]:
        signin.passkeys_are_on(work)
        person, session = await oneself(request, work)
        await spend(request)
        here = ground(request, session)
        return options(await passkeys.ask_shown(passkeys.ring(work), person, here))

    @post(side.path("/second-factor/passkey"), access=half)
    async def show(request: AnyRequest, work: NamedDependency[Work]) -> Response[Any]:
        return await _show(request, work, side)

    @post(f"{side.me}/passkeys/{{passkey:uuid}}/end", access=own(side, step_up=True))
    async def end(
        request: AnyRequest, work: NamedDependency[Work], passkey: FromPath[UUID]
    ) -> Response[Any]:
        person, session = await oneself(request, work)
        row = await work.lock(Person, person.id)
        await passkeys.remove(passkeys.ring(work), row, passkey)
        await sessions.end_all(work, row, but=session.id)
        await notices.mail(
            work, row.id, "second_factor_changed", what="passkey-removed", changed_at=work.now
        )
        return go(request, side.me, notice=REMOVED)

    return [new, ask_new, add, ask, show, end, *_entering(side)]


def _entering(side: Side) -> Sequence[Any]:
    """Signing in by a passkey alone. What is asked is the same for everyone: no address is named."""

    @post(
        side.path("/sign-in/passkey/options"),
        access=access.public(_OPEN, while_suspended=True),
    )
    async def ask(request: AnyRequest, work: NamedDependency[Work]) -> Response[Any]:
        signin.require_by_passkey(work, side.audience)
        await spend(request)
        return options(await passkeys.ask_any(ground(request)))

    @post(side.path("/sign-in/passkey"), access=access.public(_OPEN, own_transaction=True))
    async def enter(request: AnyRequest) -> Response[Any]:
        seen, state = visit(request), request.app.state.stoa
        if seen.tenant is None:
            raise NotFound
        await refuse_forgery(request, seen)
        form = await forms.read(request, Shown)
        await spend(request, "sign-in")
        entered = await signin.with_passkey(
            state.door.opener(seen.tenant, purpose=f"POST {side.path('/sign-in/passkey')}"),
            side.audience,
            ground(request),
            form.credential,
            caller(request, side),
        )
        admit(request, side, entered)
        return go(request, safe_next(request, side.home))

    return [ask, enter]


def ground(request: AnyRequest, session: Any = None) -> Ground:
    """This very host; a port is the origin's, not the host's. Bound to the session or the visitor."""
    seen, state = visit(request), request.app.state.stoa
    visitor = hashlib.sha256((seen.visitor or "").encode()).hexdigest()
    return Ground(
        host=seen.host,
        origin=f"{state.config.scheme}://{request.headers.get('host', '').lower()}",
        bound=f"visitor {visitor}" if session is None else f"session {session.id}",
        tenant=seen.tenant.id if seen.tenant is not None else None,
        redis=state.redis,
    )


async def spend(request: AnyRequest, what: str = "passkey") -> None:
    """How many one address may ask for; at the sign-in, together with its passwords."""
    seen, state = visit(request), request.app.state.stoa
    tenant = seen.tenant.id if seen.tenant is not None else None
    await limits.spend(state.redis, tenant, f"{what}:{seen.ip}", most=_MOST, per_s=_PER_S)


def options(text: str) -> Response[Any]:
    return Response(text.encode(), media_type=MediaType.JSON, status_code=200)


def suggested(request: AnyRequest) -> str:
    """A name to begin with: the browser's and the system's."""
    return devices.label(request.headers.get("user-agent"))[: passkeys.LONGEST_NAME]


def adding(
    request: AnyRequest,
    work: PlatformWork | Work,
    side: Side,
    login: factors.Login,
    session: Session | OperatorSession,
    target: str,
    *,
    with_password: bool,
) -> Response[Any]:
    """The page on which one is named and made, of a tenant's people and of the operator's."""
    return page(
        request,
        work,
        "auth/passkey_new.html",
        audience="auth",
        side=side,
        name=suggested(request),
        host=visit(request).host,
        owed=session.stage != sessions.FULL,
        first=not factors.has(login),
        with_password=with_password,
        target=target,
        query=f"?next={quote(target)}",
    )


async def _new(request: AnyRequest, work: Work, side: Side) -> Response[Any]:
    signin.passkeys_are_on(work)
    person, session = await oneself(request, work)
    target = safe_next(request, side.me)
    again = side.path(f"{NEW}?next={quote(target)}")
    if not sessions.fresh(work, person, session):
        return go(request, side.path(f"/second-factor?next={quote(again)}"))
    return adding(
        request, work, side, person, session, target, with_password=password_owed(person, session)
    )


async def _ask_new(request: AnyRequest, work: Work) -> Response[Any]:
    """The password is asked for before the device makes anything."""
    signin.passkeys_are_on(work)
    person, session = await oneself(request, work)
    form = await forms.read(request, Naming)
    sessions.fresh_enough(work, person, session)
    await spend(request)
    if password_owed(person, session):
        await tries.spend(work, signin.FACTOR, person.id.bytes)
        if not await passwords.fits(people.hash_of(work, person), form.password or ""):
            return refused(request, Invalid("This is not your password.", field="password"))
        await tries.clear(work, signin.FACTOR, person.id.bytes)
    told = await passkeys.ask_new(
        passkeys.ring(work),
        person,
        ground(request, session),
        brand=work.settings(Brand).name,
        name=form.name,
        account=people.email_of(work, person),
        shown=people.name_of(work, person),
    )
    return options(told)


async def _add(request: AnyRequest, work: Work, side: Side) -> Response[Any]:
    """Somebody's first second factor comes with recovery codes and ends what was open before it."""
    signin.passkeys_are_on(work)
    person, session = await oneself(request, work)
    form = await forms.read(request, Shown)
    row = await work.lock(Person, person.id)
    sessions.fresh_enough(work, row, session)
    first = not factors.has(row)
    await passkeys.add(passkeys.ring(work), row, ground(request, session), form.credential)
    await notices.mail(work, row.id, "second_factor_changed", what="passkey", changed_at=work.now)
    target = safe_next(request, side.me)
    if not first:
        return go(request, target, notice=ADDED)
    await _begun(request, work, side, row, session)
    return go(request, side.path(f"/second-factor/codes?next={quote(target)}"))


async def _begun(
    request: AnyRequest, work: Work, side: Side, person: Person, session: Session
) -> None:
    codes = factors.new_codes(person)
    await sessions.end_all(work, person, but=session.id)
    bearer = await signin.complete(work, session, person)
    renew(request, side, work, session, bearer)
    show_codes(request, work, session, codes)


async def _show(request: AnyRequest, work: Work, side: Side) -> Response[Any]:
    signin.passkeys_are_on(work)
    person, session = await oneself(request, work)
    form = await forms.read(request, Shown)
    here = ground(request, session)
    bearer = await signin.second_passkey(work, session, person, here, form.credential)
    if isinstance(bearer, Unproven):
        return refused(request, bearer)
    renew(request, side, work, session, bearer)
    return go(request, safe_next(request, side.home))
