"""The control plane's gate: sign in, and always the second factor."""

from typing import Any, Final
from urllib.parse import quote

from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.response import Response

from stoa.identity import carried as carry_for
from stoa.identity import (
    factors,
    operator_gate,
    operator_me,
    operator_passkeys,
    passkeys,
    sessions,
    tries,
)
from stoa.identity.gates import CLEAR, SignIn
from stoa.identity.model import Operator, OperatorSession
from stoa.identity.operator_page import carried, carry, oneself, renew, state
from stoa.identity.proving import Code, Recovery, WrongCode
from stoa.identity.side import CODES, CONTROL, admit, caller, refused
from stoa.tenancy.work import PlatformWork as Work
from stoa.theming.texts import N_
from stoa.web import access, cookies, forms, limits
from stoa.web.open import refuse_forgery
from stoa.web.pages import OPERATOR_BRAND, go, page, safe_next
from stoa.web.visit import visit

AnyRequest = Request[Any, Any, Any]

_OPEN: Final = "whoever signs in has no session yet"
_WHY: Final = "every operator keeps their own sign-in safe"
_HALF: Final = access.signed_in("control", _WHY, stage=sessions.PASSWORD_OK)
_MINE: Final = access.signed_in("control", _WHY)
_MINE_AGAIN: Final = access.signed_in("control", _WHY, step_up=True)
_SIGN_INS: Final = 60
_SIGN_INS_PER_S: Final = 600


def _auth(request: AnyRequest, work: Work, name: str, **context: Any) -> Response[Any]:
    return page(request, work, f"auth/{name}.html", audience="auth", side=CONTROL, **context)


@get("/sign-in", access=access.public(_OPEN))
async def ask(request: AnyRequest, work: NamedDependency[Work]) -> Response[Any]:
    bearer = request.cookies.get(state(request).cookie("control"))
    target = safe_next(request, "/")
    if bearer and await sessions.operator_of(work, bearer) is not None:
        return go(request, target)
    action = f"/sign-in?next={quote(target)}"
    return _auth(
        request,
        work,
        "sign_in",
        action=action,
        passwords=True,
        passkeys=True,
        passkey_url=f"/sign-in/passkey?next={quote(target)}",
        sso="",
        sso_url="",
        silent=False,
    )


@post("/sign-in", access=access.public(_OPEN, own_transaction=True))
async def sign_in(request: AnyRequest) -> Response[Any]:
    seen, shared = visit(request), state(request)
    await refuse_forgery(request, seen)
    form = await forms.read(request, SignIn)
    await limits.spend(
        shared.redis, None, f"control:{seen.ip}", most=_SIGN_INS, per_s=_SIGN_INS_PER_S
    )
    entered = await operator_gate.with_password(
        shared.door, form.email, form.password, caller(request, CONTROL)
    )
    admit(request, CONTROL, entered)
    return go(request, f"/second-factor?next={quote(safe_next(request, '/'))}")


@post("/sign-out", access=_HALF)
async def sign_out(request: AnyRequest, work: NamedDependency[Work]) -> Response[Any]:
    _, session = await oneself(request, work)
    await sessions.end(work, session)
    cookies.sign_out(visit(request), "control", secure=state(request).secure)
    answer = go(request, "/sign-in", notice=N_("You are signed out."))
    answer.headers["clear-site-data"] = CLEAR
    return answer


@get("/second-factor", access=_HALF)
async def second_factor(request: AnyRequest, work: NamedDependency[Work]) -> Response[Any]:
    operator, session = await oneself(request, work)
    target = safe_next(request, "/")
    if not factors.has(operator):
        return _enrolment(request, work, operator, session, changing=False)
    ring = passkeys.operator_ring(work, state(request).door.master)
    known = await passkeys.listed(ring, operator.id, visit(request).host)
    return _auth(
        request,
        work,
        "second_factor",
        again=session.stage == sessions.FULL,
        recovery=request.query_params.get("with") == "recovery",
        app=factors.has_app(operator),
        passkey=any(one.here for one in known),
        elsewhere=sorted({one.host for one in known if not one.here}),
        left=len(operator.recovery_hashes),
        target=target,
        here="/second-factor",
        query=f"?next={quote(target)}",
    )


def _enrolment(
    request: AnyRequest,
    work: Work,
    operator: Operator,
    session: OperatorSession,
    *,
    changing: bool,
) -> Response[Any]:
    target = safe_next(request, "/me" if changing else "/")
    keep = factors.operator_keeper(state(request).door.master, operator.id)
    return _auth(
        request,
        work,
        "second_factor_set_up",
        changing=changing,
        owed=session.stage != sessions.FULL,
        with_password=False,
        passkey_url=""
        if factors.has(operator)
        else f"/second-factor/passkey/new?next={quote(target)}",
        action=f"/second-factor/set-up?next={quote(target)}",
        target=target,
        **factors.offer(
            keep, operator, session.id, issuer=OPERATOR_BRAND.name, account=operator.email
        ),
    )


async def _prove(
    request: AnyRequest, work: Work, code: str, field: str, *, recovery: bool
) -> Response[Any]:
    _, session = await oneself(request, work)
    master = state(request).door.master
    bearer = await operator_gate.second_factor(work, master, session, code, recovery=recovery)
    if bearer is None:
        return refused(request, WrongCode(field))
    renew(request, work, session, bearer)
    return go(request, safe_next(request, "/"))


@post("/second-factor", access=_HALF)
async def show(request: AnyRequest, work: NamedDependency[Work]) -> Response[Any]:
    form = await forms.read(request, Code)
    return await _prove(request, work, form.code, "code", recovery=False)


@post("/second-factor/recovery", access=_HALF)
async def recover(request: AnyRequest, work: NamedDependency[Work]) -> Response[Any]:
    form = await forms.read(request, Recovery)
    return await _prove(request, work, form.recovery, "recovery", recovery=True)


@get("/second-factor/change", access=_MINE_AGAIN)
async def change_app(request: AnyRequest, work: NamedDependency[Work]) -> Response[Any]:
    operator, session = await oneself(request, work)
    return _enrolment(request, work, operator, session, changing=factors.has_app(operator))


@post("/second-factor/set-up", access=_HALF)
async def set_up(request: AnyRequest, work: NamedDependency[Work]) -> Response[Any]:
    """Take the new app; whoever has one already has shown it within the last minutes."""
    operator, session = await oneself(request, work)
    form = await forms.read(request, Code)
    sessions.fresh_enough(work, operator, session)
    await tries.spend(work, operator_gate.FACTOR, operator.id.bytes)
    row = await work.lock(Operator, operator.id)
    keep = factors.operator_keeper(state(request).door.master, row.id)
    codes = factors.enrol(keep, row, factors.offered(keep, row, session.id), form.code, work.now)
    if codes is None:
        return refused(request, WrongCode("code"))
    await tries.clear(work, operator_gate.FACTOR, row.id.bytes)
    await operator_gate.end_all(work, row, but=session.id)
    bearer = await sessions.rotate(work, session, stage=sessions.FULL, second_factor=True)
    renew(request, work, session, bearer)
    carry(request, CODES, session, codes)
    return go(request, f"/second-factor/codes?next={quote(safe_next(request, '/'))}")


@get("/second-factor/codes", access=_MINE)
async def show_codes(request: AnyRequest, work: NamedDependency[Work]) -> Response[Any]:
    _, session = await oneself(request, work)
    target = safe_next(request, "/")
    codes = carried(request, CODES, session, list[str])
    if codes is None:
        return go(request, target)
    kept = f"/second-factor/kept?next={quote(target)}"
    return _auth(request, work, "recovery_codes", codes=codes, target=kept)


@post("/second-factor/kept", access=_MINE)
async def kept(request: AnyRequest, work: NamedDependency[Work]) -> Response[Any]:
    await oneself(request, work)
    carry_for.drop(request, CODES)
    return go(request, safe_next(request, "/"))


WEB: Final = [
    ask,
    sign_in,
    sign_out,
    second_factor,
    show,
    recover,
    change_app,
    set_up,
    show_codes,
    kept,
    *operator_me.WEB,
    *operator_passkeys.WEB,
]
