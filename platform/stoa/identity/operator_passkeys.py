"""Passkeys of the operator's people, at the control host alone."""

from typing import Any, Final
from urllib.parse import quote
from uuid import UUID

from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response

from stoa.identity import factors, operator_gate, passkeys, sessions
from stoa.identity.challenges import Unproven
from stoa.identity.model import Operator
from stoa.identity.operator_page import carry, oneself, renew, state
from stoa.identity.passkey_pages import (
    ADDED,
    NEW,
    REMOVED,
    Naming,
    Shown,
    adding,
    ground,
    options,
    spend,
)
from stoa.identity.side import CODES, CONTROL, admit, caller, refused
from stoa.tenancy.work import PlatformWork as Work
from stoa.web import access, forms
from stoa.web.open import refuse_forgery
from stoa.web.pages import OPERATOR_BRAND, go, safe_next
from stoa.web.visit import visit

AnyRequest = Request[Any, Any, Any]

_OPEN: Final = "whoever signs in has no session yet"
_WHY: Final = "every operator keeps their own sign-in safe"
_HALF: Final = access.signed_in("control", _WHY, stage=sessions.PASSWORD_OK)
_MINE_AGAIN: Final = access.signed_in("control", _WHY, step_up=True)


def _ring(request: AnyRequest, work: Work) -> passkeys.Ring:
    return passkeys.operator_ring(work, state(request).door.master)


@post("/sign-in/passkey/options", access=access.public(_OPEN, own_transaction=True))
async def ask_any(request: AnyRequest) -> Response[Any]:
    await refuse_forgery(request, visit(request))
    await spend(request)
    return options(await passkeys.ask_any(ground(request)))


@post("/sign-in/passkey", access=access.public(_OPEN, own_transaction=True))
async def enter(request: AnyRequest) -> Response[Any]:
    await refuse_forgery(request, visit(request))
    form = await forms.read(request, Shown)
    await spend(request, "control")
    entered = await operator_gate.with_passkey(
        state(request).door, ground(request), form.credential, caller(request, CONTROL)
    )
    admit(request, CONTROL, entered)
    return go(request, safe_next(request, "/"))


@post("/second-factor/passkey/options", access=_HALF)
async def ask(request: AnyRequest, work: NamedDependency[Work]) -> Response[Any]:
    operator, session = await oneself(request, work)
    await spend(request)
    here = ground(request, session)
    return options(await passkeys.ask_shown(_ring(request, work), operator, here))


@post("/second-factor/passkey", access=_HALF)
async def show(request: AnyRequest, work: NamedDependency[Work]) -> Response[Any]:
    _, session = await oneself(request, work)
    form = await forms.read(request, Shown)
    master, here = state(request).door.master, ground(request, session)
    bearer = await operator_gate.second_passkey(work, master, session, here, form.credential)
    if isinstance(bearer, Unproven):
        return refused(request, bearer)
    renew(request, work, session, bearer)
    return go(request, safe_next(request, "/"))


@get(NEW, access=_HALF)
async def new(request: AnyRequest, work: NamedDependency[Work]) -> Response[Any]:
    operator, session = await oneself(request, work)
    target = safe_next(request, "/me")
    if not sessions.fresh(work, operator, session):
        again = f"{NEW}?next={quote(target)}"
        return go(request, f"/second-factor?next={quote(again)}")
    return adding(request, work, CONTROL, operator, session, target, with_password=False)


@post(f"{NEW}/options", access=_HALF)
async def ask_new(request: AnyRequest, work: NamedDependency[Work]) -> Response[Any]:
    operator, session = await oneself(request, work)
    form = await forms.read(request, Naming)
    sessions.fresh_enough(work, operator, session)
    await spend(request)
    told = await passkeys.ask_new(
        _ring(request, work),
        operator,
        ground(request, session),
        brand=OPERATOR_BRAND.name,
        name=form.name,
        account=operator.email,
        shown=operator.name,
    )
    return options(told)


@post(NEW, access=_HALF)
async def add(request: AnyRequest, work: NamedDependency[Work]) -> Response[Any]:
    """The first second factor comes with recovery codes and makes the session whole."""
    operator, session = await oneself(request, work)
    form = await forms.read(request, Shown)
    row = await work.lock(Operator, operator.id)
    sessions.fresh_enough(work, row, session)
    first = not factors.has(row)
    await passkeys.add(_ring(request, work), row, ground(request, session), form.credential)
    target = safe_next(request, "/me")
    if not first:
        return go(request, target, notice=ADDED)
    codes = factors.new_codes(row)
    await operator_gate.end_all(work, row, but=session.id)
    bearer = await sessions.rotate(work, session, stage=sessions.FULL, second_factor=True)
    renew(request, work, session, bearer)
    carry(request, CODES, session, codes)
    return go(request, f"/second-factor/codes?next={quote(target)}")


@post("/me/passkeys/{passkey:uuid}/end", access=_MINE_AGAIN)
async def end(
    request: AnyRequest, work: NamedDependency[Work], passkey: FromPath[UUID]
) -> Response[Any]:
    operator, session = await oneself(request, work)
    row = await work.lock(Operator, operator.id)
    await passkeys.remove(_ring(request, work), row, passkey)
    await operator_gate.end_all(work, row, but=session.id)
    return go(request, "/me", notice=REMOVED)


WEB: Final = [ask_any, enter, ask, show, new, ask_new, add, end]
