"""Proving an address in the browser: the code of a letter, or its link."""

from typing import Annotated, Any, Final
from uuid import UUID

import msgspec
from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response
from msgspec import Meta

from brokerage.clients import draft, verification
from brokerage.clients.permissions import Clients
from brokerage.clients.settings import ClientSettings
from brokerage.clients.verification import Verdict
from stoa.identity import people, sessions, tokens
from stoa.identity.model import Person
from stoa.identity.settings import IdentitySettings
from stoa.kernel.refusals import Gone, Invalid, NotFound, Refusal
from stoa.tenancy.work import Work
from stoa.theming.texts import N_
from stoa.web import access, cookies, errors, forms, limits
from stoa.web.pages import go, page
from stoa.web.visit import visit

AnyRequest = Request[Any, Any, Any]

_OPEN: Final = "whoever joins proves their address before there is a session"
_LETTERS_AN_HOUR: Final = 5


class Code(msgspec.Struct):
    code: Annotated[str, Meta(max_length=12)]


@get("/register/check", access=access.public(_OPEN))
async def check(request: AnyRequest, work: NamedDependency[Work]) -> Response[Any]:
    kept = draft.read(request, work)
    if not kept.waiting:
        return go(request, "/register")
    return _page(request, work, kept.email, "/register/check", change="/register/email")


def _page(
    request: AnyRequest, work: Work, email: str, action: str, *, change: str
) -> Response[str]:
    return page(
        request,
        work,
        "room/clients/check.html",
        audience="auth",
        email=email,
        action=action,
        resend=f"{action.removesuffix('/check')}/resend",
        change=change,
        hours=work.settings(ClientSettings).code_life_hours,
    )


@post("/register/check", access=access.public(_OPEN))
async def prove(request: AnyRequest, work: NamedDependency[Work]) -> Response[Any]:
    """The typed code. Right: the address is proven and the trader room opens, signed in."""
    kept = draft.read(request, work)
    if not kept.waiting:
        return go(request, "/register")
    form = await forms.read(request, Code)
    client = UUID(kept.waiting)
    await _spend_try(request, work, client)
    if await verification.attempt(work, client, form.code) is not Verdict.RIGHT:
        return wrong_code(request)
    await _sign_in(request, work, client)
    draft.forget(request)
    return go(request, "/welcome")


async def _spend_try(request: AnyRequest, work: Work, client: UUID) -> None:
    """Counted for existing and imagined clients alike, so that neither tells itself apart."""
    settings = work.settings(ClientSettings)
    redis = request.app.state.stoa.redis
    block_s = settings.code_block_minutes * 60
    await limits.spend(
        redis, work.tenant.id, f"code:{client}", most=settings.code_tries, per_s=block_s
    )


async def _spend_letter(request: AnyRequest, work: Work, client: UUID) -> None:
    redis = request.app.state.stoa.redis
    what = f"resend:{client}"
    await limits.spend(redis, work.tenant.id, what, most=_LETTERS_AN_HOUR, per_s=3600)


def wrong_code(request: AnyRequest) -> Response[Any]:
    """Said without raising, so that the count of tries is committed."""
    return errors.refused(
        request,
        Invalid("This code is not right. Look at the newest letter from us.", field="code"),
    )


async def _sign_in(request: AnyRequest, work: Work, client: UUID) -> None:
    seen, state = visit(request), request.app.state.stoa
    person = await work.get(Person, client)
    bearer = await sessions.start(
        work,
        client,
        audience="room",
        stage=sessions.FULL,
        epoch=person.epoch,
        ip=seen.ip,
        device=request.headers.get("user-agent"),
    )
    hours = work.settings(IdentitySettings).session_hours
    cookies.sign_in(seen, "room", bearer, secure=state.secure, max_age_s=hours * 3600)


@post("/register/resend", access=access.public(_OPEN))
async def resend(request: AnyRequest, work: NamedDependency[Work]) -> Response[None]:
    kept = draft.read(request, work)
    if not kept.waiting:
        return go(request, "/register")
    client = UUID(kept.waiting)
    await _spend_letter(request, work, client)
    if await work.session.get(Person, client) is not None:
        await verification.send(work, client)
    return go(request, "/register/check", notice=N_("A new code is on its way."))


@get("/verify-email/{bearer:str}", access=access.public("the link of a letter"))
async def link(
    request: AnyRequest, work: NamedDependency[Work], bearer: FromPath[str]
) -> Response[str]:
    """A page with a button: a mail scanner that follows links proves nothing. A link that is used,
    over or cut off says so at once, with the way to a new one.
    """
    dead: Refusal | None = None
    try:
        await tokens.look(work, bearer, verification.PURPOSE)
    except (NotFound, Gone) as why:
        dead = why
    shown = page(
        request,
        work,
        "room/clients/link.html",
        audience="auth",
        bearer=bearer,
        dead=dead.code if dead else "",
        joining=bool(draft.read(request, work).waiting),
    )
    shown.status_code = dead.status if dead else shown.status_code
    return shown


@post("/verify-email/{bearer:str}", access=access.public("the link of a letter"))
async def press(
    request: AnyRequest, work: NamedDependency[Work], bearer: FromPath[str]
) -> Response[None]:
    """Confirm; the browser that joined is signed in, any other is asked to sign in."""
    row = await verification.by_link(work, bearer)
    if draft.read(request, work).waiting == str(row.id):
        await _sign_in(request, work, row.id)
        draft.forget(request)
        return go(request, "/welcome")
    return go(request, "/", notice=N_("Your e-mail address is confirmed."))


@get("/verify-email", access=access.room(Clients.PROFILE_OWN))
async def ask(request: AnyRequest, work: NamedDependency[Work]) -> Response[Any]:
    """For those who signed in before they proved their address."""
    person = await work.get(Person, work.actor.id)
    if person.email_verified_at is not None:
        return go(request, "/profile")
    return _page(request, work, people.email_of(work, person), "/verify-email", change="")


@post("/verify-email", access=access.room(Clients.PROFILE_OWN))
async def prove_own(request: AnyRequest, work: NamedDependency[Work]) -> Response[Any]:
    form = await forms.read(request, Code)
    client = own(work)
    await _spend_try(request, work, client)
    if await verification.attempt(work, client, form.code) is not Verdict.RIGHT:
        return wrong_code(request)
    return go(request, "/welcome")


@post("/verify-email/resend", access=access.room(Clients.PROFILE_OWN))
async def resend_own(request: AnyRequest, work: NamedDependency[Work]) -> Response[None]:
    client = own(work)
    await _spend_letter(request, work, client)
    await verification.send(work, client)
    return go(request, "/verify-email", notice=N_("A new code is on its way."))


def own(work: Work) -> UUID:
    """The client who acts."""
    client = work.actor.id
    assert client is not None  # noqa: S101 - a signed-in client has an id
    return client


WEB: Final = [ask, check, link, press, prove, prove_own, resend, resend_own]
