"""Signing in and out, and the way back in: the same pages at the trader room and at the desk."""

from collections.abc import Sequence
from typing import Annotated, Any, Final
from urllib.parse import quote

import msgspec
from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response
from msgspec import Meta

from stoa.identity import people, sessions, signin, tokens
from stoa.identity.events import ResetAsked
from stoa.identity.model import Person, Session, Standing
from stoa.identity.settings import IdentitySettings
from stoa.identity.side import Side, admit, caller
from stoa.kernel.refusals import Gone, NotFound
from stoa.notices import notices
from stoa.tenancy.work import Work
from stoa.theming.texts import N_
from stoa.web import access, cookies, forms, limits
from stoa.web.open import recognise, refuse_forgery
from stoa.web.pages import go, page, safe_next
from stoa.web.visit import visit

AnyRequest = Request[Any, Any, Any]

_OPEN: Final = "whoever signs in has no session yet"
_OWN: Final = "everyone may sign out"
_SIGN_INS: Final = 100
_SIGN_INS_PER_S: Final = 600
_LETTERS: Final = 5
_ASKERS: Final = 30
_HOUR_S: Final = 3600
CLEAR: Final = '"cache", "storage"'


class SignIn(msgspec.Struct):
    email: Annotated[str, Meta(max_length=254)]
    password: Annotated[str, Meta(max_length=1000)]


class Address(msgspec.Struct):
    email: Annotated[str, Meta(max_length=254)]


class NewPassword(msgspec.Struct):
    password: Annotated[str, Meta(max_length=1000)]


def signing(side: Side) -> Sequence[Any]:
    """The handlers of one side."""

    @get(side.path("/sign-in"), access=access.public(_OPEN))
    async def ask(request: AnyRequest, work: NamedDependency[Work]) -> Response[Any]:
        return await _ask(request, work, side)

    @post(side.path("/sign-in"), access=access.public(_OPEN, own_transaction=True))
    async def sign_in(request: AnyRequest) -> Response[Any]:
        return await _sign_in(request, side)

    @post(
        side.path("/sign-out"),
        access=access.signed_in(
            side.audience, _OWN, stage=sessions.PASSWORD_OK, while_suspended=True
        ),
    )
    async def sign_out(request: AnyRequest, work: NamedDependency[Work]) -> Response[Any]:
        return await _sign_out(request, work, side)

    return [ask, sign_in, sign_out, *_returning(side)]


def _returning(side: Side) -> Sequence[Any]:
    """Forgot the password: ask for a letter, follow its link, choose another."""

    @get(side.path("/forgot"), access=access.public(_OPEN))
    async def forgot(request: AnyRequest, work: NamedDependency[Work]) -> Response[Any]:
        return _auth(request, work, "forgot", side, sent=False)

    @get(side.path("/forgot/sent"), access=access.public(_OPEN))
    async def sent(request: AnyRequest, work: NamedDependency[Work]) -> Response[Any]:
        return _auth(request, work, "forgot", side, sent=True)

    @post(side.path("/forgot"), access=access.public(_OPEN, while_suspended=True))
    async def ask_reset(request: AnyRequest, work: NamedDependency[Work]) -> Response[Any]:
        return await _ask_reset(request, work, side)

    @get(side.path("/reset/{bearer:str}"), access=access.public("the link of a letter"))
    async def choose(
        request: AnyRequest, work: NamedDependency[Work], bearer: FromPath[str]
    ) -> Response[Any]:
        await _reset_of(work, side, bearer)
        least = work.settings(IdentitySettings).password_length
        return _auth(
            request, work, "reset", side, action=side.path(f"/reset/{bearer}"), least=least
        )

    @post(
        side.path("/reset/{bearer:str}"),
        access=access.public("the link of a letter", while_suspended=True),
    )
    async def reset(
        request: AnyRequest, work: NamedDependency[Work], bearer: FromPath[str]
    ) -> Response[Any]:
        return await _reset(request, work, side, bearer)

    return [forgot, sent, ask_reset, choose, reset]


def _auth(request: AnyRequest, work: Work, name: str, side: Side, **context: Any) -> Response[Any]:
    return page(request, work, f"auth/{name}.html", audience="auth", side=side, **context)


async def _ask(request: AnyRequest, work: Work, side: Side) -> Response[Any]:
    target = safe_next(request, side.home)
    if side.audience != "control" and await recognise(request, work, side.audience):
        return go(request, target)
    settings = work.settings(IdentitySettings)
    desk = side.audience == "desk"
    return _auth(
        request,
        work,
        "sign_in",
        side,
        action=side.path(f"/sign-in?next={quote(target)}"),
        passwords=settings.staff_passwords or not desk,
        passkeys=signin.by_passkey(settings, side.audience),
        passkey_url=f"{side.path('/sign-in/passkey')}?next={quote(target)}",
        sso=settings.oidc.label if desk and settings.oidc.on else "",
        sso_url=f"/desk/sso?next={quote(target)}",
        silent=desk and settings.oidc.on and "silent" in request.query_params,
    )


async def _sign_in(request: AnyRequest, side: Side) -> Response[Any]:
    seen, state = visit(request), request.app.state.stoa
    if seen.tenant is None:
        raise NotFound
    await refuse_forgery(request, seen)
    form = await forms.read(request, SignIn)
    await limits.spend(
        state.redis,
        seen.tenant.id,
        f"sign-in:{seen.ip}",
        most=_SIGN_INS,
        per_s=_SIGN_INS_PER_S,
    )
    target = safe_next(request, side.home)
    entered = await signin.with_password(
        state.door.opener(seen.tenant, purpose=f"POST {side.path('/sign-in')}"),
        side.audience,
        form.email,
        form.password,
        caller(request, side),
    )
    admit(request, side, entered)
    if entered.stage != sessions.FULL:
        return go(request, side.path(f"/second-factor?next={quote(target)}"))
    return go(request, target)


async def _sign_out(request: AnyRequest, work: Work, side: Side) -> Response[Any]:
    seen, state = visit(request), request.app.state.stoa
    if work.actor.session is not None:
        await sessions.end(work, await work.get(Session, work.actor.session))
    cookies.sign_out(seen, side.audience, secure=state.secure)
    answer = go(request, side.path("/sign-in"), notice=N_("You are signed out."))
    answer.headers["clear-site-data"] = CLEAR
    return answer


async def _ask_reset(request: AnyRequest, work: Work, side: Side) -> Response[Any]:
    """Does the same for every address; whether it is anybody's is found out in a job."""
    form = await forms.read(request, Address)
    normal = people.address(form.email)
    redis, tenant = request.app.state.stoa.redis, work.tenant.id
    whom = work.blind(people.EMAIL, normal).hex()
    await limits.spend(redis, tenant, f"forgot:{visit(request).ip}", most=_ASKERS, per_s=_HOUR_S)
    await limits.spend(redis, tenant, f"forgot:{whom}", most=_LETTERS, per_s=_HOUR_S)
    work.tell(ResetAsked(person_kind=side.kind, whom=whom))
    return go(request, side.path("/forgot/sent"))


async def _reset_of(work: Work, side: Side, bearer: str) -> Person:
    token = await tokens.look(work, bearer, tokens.RESET)
    person = await work.get(Person, token.person)
    if person.kind != side.kind:
        raise NotFound
    if person.state != Standing.ACTIVE:
        raise Gone("This link is no longer good. Ask for a new one. Nothing was changed.")
    return person


async def _reset(request: AnyRequest, work: Work, side: Side, bearer: str) -> Response[Any]:
    """A new password ends every session. The second factor stays what it is."""
    await _reset_of(work, side, bearer)
    form = await forms.read(request, NewPassword)
    used = await tokens.use(work, bearer, tokens.RESET)
    person = await work.lock(Person, used.person)
    await people.set_password(work, person, form.password)
    await sessions.end_all(work, person)
    await notices.mail(
        work, person.id, "password_changed", link=side.path("/forgot"), changed_at=work.now
    )
    return go(
        request, side.path("/sign-in"), notice=N_("Your password is changed. Sign in with it.")
    )
