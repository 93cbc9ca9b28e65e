"""The second factor's pages: show it, set it up, keep its recovery codes."""

from collections.abc import Sequence
from typing import Annotated, Any, Final
from urllib.parse import quote

import msgspec
from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.response import Response
from msgspec import Meta

from stoa.identity import (
    carried,
    factors,
    passkeys,
    passwords,
    people,
    sessions,
    signin,
    tries,
)
from stoa.identity.model import Person, Session
from stoa.identity.settings import IdentitySettings
from stoa.identity.side import (
    CODES,
    Side,
    offer,
    oneself,
    refused,
    renew,
    show_codes,
    shown_codes,
)
from stoa.kernel.refusals import Invalid
from stoa.notices import notices
from stoa.tenancy.work import Work
from stoa.web import access, forms
from stoa.web.pages import go, page, safe_next
from stoa.web.visit import visit

AnyRequest = Request[Any, Any, Any]

_WHY: Final = "everyone proves themselves, whatever they may do"


class Code(msgspec.Struct):
    code: Annotated[str, Meta(max_length=20)]


class Recovery(msgspec.Struct):
    recovery: Annotated[str, Meta(max_length=40)]


class Enrolment(msgspec.Struct):
    code: Annotated[str, Meta(max_length=20)]
    password: Annotated[str, Meta(max_length=1000)] | None = None


class WrongCode(Invalid):
    kind = "wrong-code"

    def __init__(self, field: str) -> None:
        super().__init__(
            "This code is not right, or was used already. Wait for the next one.", field=field
        )


def proving(side: Side) -> Sequence[Any]:
    """The handlers of one side. A session that knows the password alone reaches these, no more."""
    half = access.signed_in(side.audience, _WHY, stage=sessions.PASSWORD_OK, while_suspended=True)

    @get(side.path("/second-factor"), access=half)
    async def ask(request: AnyRequest, work: NamedDependency[Work]) -> Response[Any]:
        return await _ask(request, work, side)

    @post(side.path("/second-factor"), access=half)
    async def show(request: AnyRequest, work: NamedDependency[Work]) -> Response[Any]:
        return await _show(request, work, side)

    @post(side.path("/second-factor/recovery"), access=half)
    async def recover(request: AnyRequest, work: NamedDependency[Work]) -> Response[Any]:
        return await _recover(request, work, side)

    @post(side.path("/second-factor/set-up"), access=half)
    async def set_up(request: AnyRequest, work: NamedDependency[Work]) -> Response[Any]:
        return await _set_up(request, work, side)

    @get(
        side.path("/second-factor/change"),
        access=access.signed_in(side.audience, _WHY, step_up=True),
    )
    async def change(request: AnyRequest, work: NamedDependency[Work]) -> Response[Any]:
        person, session = await oneself(request, work)
        return _enrolment(request, work, side, person, session, changing=factors.has_app(person))

    @get(
        side.path("/second-factor/codes"),
        access=access.signed_in(side.audience, _WHY),
    )
    async def codes(request: AnyRequest, work: NamedDependency[Work]) -> Response[Any]:
        return await _codes(request, work, side)

    @post(
        side.path("/second-factor/kept"),
        access=access.signed_in(side.audience, _WHY, while_suspended=True),
    )
    async def kept(request: AnyRequest, work: NamedDependency[Work]) -> Response[Any]:
        await oneself(request, work)
        carried.drop(request, CODES)
        return go(request, safe_next(request, side.home))

    return [ask, show, recover, set_up, change, codes, kept]


async def _ask(request: AnyRequest, work: Work, side: Side) -> Response[Any]:
    person, session = await oneself(request, work)
    target = safe_next(request, side.home)
    if not factors.has(person):
        return _enrolment(request, work, side, person, session, changing=False)
    known = await passkeys.listed(passkeys.ring(work), person.id, visit(request).host)
    usable = work.settings(IdentitySettings).passkeys
    return page(
        request,
        work,
        "auth/second_factor.html",
        audience="auth",
        side=side,
        again=session.stage == sessions.FULL,
        recovery=request.query_params.get("with") == "recovery",
        app=factors.has_app(person),
        passkey=usable and any(one.here for one in known),
        elsewhere=sorted({one.host for one in known if not one.here}) if usable else [],
        left=len(person.recovery_hashes),
        target=target,
        here=side.path("/second-factor"),
        query=f"?next={quote(target)}",
    )


def _enrolment(
    request: AnyRequest,
    work: Work,
    side: Side,
    person: Person,
    session: Session,
    *,
    changing: bool,
) -> Response[Any]:
    target = safe_next(request, side.me if changing else side.home)
    return page(
        request,
        work,
        "auth/second_factor_set_up.html",
        audience="auth",
        side=side,
        changing=changing,
        owed=session.stage != sessions.FULL,
        with_password=password_owed(person, session),
        passkey_url=_passkey_url(work, side, person, target),
        action=side.path(f"/second-factor/set-up?next={quote(target)}"),
        target=target,
        **offer(work, person, session),
    )


def _passkey_url(work: Work, side: Side, person: Person, target: str) -> str:
    """The way to a passkey in place of the app, where somebody has neither."""
    if factors.has(person) or not work.settings(IdentitySettings).passkeys:
        return ""
    return side.path(f"/second-factor/passkey/new?next={quote(target)}")


def password_owed(person: Person, session: Session) -> bool:
    """Someone who sits down at an open session must not make it theirs: the first second factor of
    a session past its sign-in wants the password too.
    """
    return (
        session.stage == sessions.FULL
        and not factors.has(person)
        and person.password_sealed is not None
    )


async def _show(request: AnyRequest, work: Work, side: Side) -> Response[Any]:
    person, session = await oneself(request, work)
    form = await forms.read(request, Code)
    bearer = await signin.second_factor(work, session, person, form.code)
    if bearer is None:
        return refused(request, WrongCode("code"))
    renew(request, side, work, session, bearer)
    return go(request, safe_next(request, side.home))


async def _recover(request: AnyRequest, work: Work, side: Side) -> Response[Any]:
    person, session = await oneself(request, work)
    form = await forms.read(request, Recovery)
    bearer = await signin.second_factor(work, session, person, form.recovery, recovery=True)
    if bearer is None:
        return refused(request, WrongCode("recovery"))
    renew(request, side, work, session, bearer)
    return go(request, safe_next(request, side.home))


async def _set_up(request: AnyRequest, work: Work, side: Side) -> Response[Any]:
    """Take the new app. Whoever has one already has shown it within the last minutes."""
    person, session = await oneself(request, work)
    form = await forms.read(request, Enrolment)
    sessions.fresh_enough(work, person, session)
    await tries.spend(work, signin.FACTOR, person.id.bytes)
    if password_owed(person, session) and not await passwords.fits(
        people.hash_of(work, person), form.password or ""
    ):
        return refused(request, Invalid("This is not your password.", field="password"))
    row = await work.lock(Person, person.id)
    keep = factors.keeper(work, row.id)
    secret = factors.offered(keep, row, session.id)
    codes = factors.enrol(keep, row, secret, form.code, work.now)
    if codes is None:
        return refused(
            request,
            Invalid("This code is not right. Check that your phone's time is right.", field="code"),
        )
    await tries.clear(work, signin.FACTOR, row.id.bytes)
    await sessions.end_all(work, row, but=session.id)
    bearer = await signin.complete(work, session, row)
    renew(request, side, work, session, bearer)
    show_codes(request, work, session, codes)
    await notices.mail(work, row.id, "second_factor_changed", what="on", changed_at=work.now)
    target = safe_next(request, side.home)
    return go(request, side.path(f"/second-factor/codes?next={quote(target)}"))


async def _codes(request: AnyRequest, work: Work, side: Side) -> Response[Any]:
    _, session = await oneself(request, work)
    target = safe_next(request, side.home)
    codes = shown_codes(request, work, session)
    if codes is None:
        return go(request, target)
    return page(
        request,
        work,
        "auth/recovery_codes.html",
        audience="auth",
        side=side,
        codes=codes,
        target=side.path(f"/second-factor/kept?next={quote(target)}"),
    )
