"""An operator's own account: password, second factor, devices, API tokens."""

from typing import Annotated, Any, Final
from uuid import UUID

import msgspec
from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response
from msgspec import Meta

from stoa.identity import carried as carry_for
from stoa.identity import (
    devices,
    factors,
    operator_gate,
    operator_tokens,
    passkeys,
    passwords,
    sessions,
    tries,
)
from stoa.identity.me import PASSWORD, Change, Device
from stoa.identity.model import Operator, OperatorSession
from stoa.identity.operator_page import carried, carry, oneself, state
from stoa.identity.settings import FLOOR
from stoa.identity.side import CODES, CONTROL, refused
from stoa.kernel.refusals import Conflict, Invalid, NotFound
from stoa.tenancy.work import PlatformWork as Work
from stoa.theming.rights import line
from stoa.theming.texts import N_
from stoa.web import access, forms
from stoa.web.pages import go, page
from stoa.web.visit import visit

AnyRequest = Request[Any, Any, Any]

_WHY: Final = "every operator keeps their own sign-in safe"
_MINE: Final = access.signed_in("control", _WHY)
_MINE_AGAIN: Final = access.signed_in("control", _WHY, step_up=True)
TOKEN: Final = "token"  # noqa: S105 - a cookie's name


class TokenForm(msgspec.Struct, kw_only=True):
    name: Annotated[str, Meta(max_length=80)]
    days: int
    permissions: list[Annotated[str, Meta(max_length=80)]] = []


@get("/me", access=_MINE)
async def me(request: AnyRequest, work: NamedDependency[Work]) -> Response[Any]:
    operator, session = await oneself(request, work)
    fresh = carried(request, TOKEN, session, str)
    if fresh is not None:
        carry_for.drop(request, TOKEN)
    return page(
        request,
        work,
        "control/identity/me.html",
        audience="control",
        side=CONTROL,
        email=operator.email,
        name=operator.name,
        locale=operator.locale,
        has_password=True,
        password_at=operator.password_set_at,
        least=FLOOR,
        protected=factors.has(operator),
        app_since=operator.totp_confirmed_at,
        passkeys=await passkeys.listed(
            passkeys.operator_ring(work, state(request).door.master),
            operator.id,
            visit(request).host,
        ),
        passkeys_on=True,
        codes_left=len(operator.recovery_hashes),
        compulsory=True,
        devices=[_device(one, session) for one in await operator_gate.open_of(work, operator)],
        tokens=await operator_tokens.tokens_of(work, operator.id),
        token=fresh or "",
        lines=[line(code) for code in operator.permissions],
    )


def _device(row: OperatorSession, here: OperatorSession) -> Device:
    name = row.device or ""
    return Device(
        id=row.id,
        name=name,
        handheld=devices.handheld(name),
        ip=row.ip or "",
        way=row.way,
        started_at=row.started_at,
        seen_at=row.seen_at,
        here=row.id == here.id,
    )


@post("/me/password", access=_MINE)
async def change_password(request: AnyRequest, work: NamedDependency[Work]) -> Response[Any]:
    operator, session = await oneself(request, work)
    form = await forms.read(request, Change)
    master = state(request).door.master
    row = await work.lock(Operator, operator.id)
    await tries.spend(work, PASSWORD, row.id.bytes)
    if not await passwords.fits(operator_gate.hash_of(master, row), form.current):
        return refused(request, Invalid("This is not your password.", field="current"))
    await tries.clear(work, PASSWORD, row.id.bytes)
    await operator_gate.set_password(work, master, row, form.password)
    await operator_gate.end_all(work, row, but=session.id)
    return go(request, "/me", notice=N_("Your password is changed; other devices are signed out."))


@post("/me/codes", access=_MINE_AGAIN)
async def new_codes(request: AnyRequest, work: NamedDependency[Work]) -> Response[Any]:
    operator, session = await oneself(request, work)
    row = await work.lock(Operator, operator.id)
    if not factors.has(row):
        raise Conflict("There is no second factor yet. Set one up first.")
    carry(request, CODES, session, factors.new_codes(row))
    return go(request, "/second-factor/codes?next=/me")


@post("/me/devices/end", access=_MINE)
async def end_others(request: AnyRequest, work: NamedDependency[Work]) -> Response[Any]:
    operator, session = await oneself(request, work)
    await operator_gate.end_all(work, await work.lock(Operator, operator.id), but=session.id)
    return go(request, "/me", notice=N_("All other devices are signed out."))


@post("/me/devices/{session:uuid}/end", access=_MINE)
async def end_one(
    request: AnyRequest, work: NamedDependency[Work], session: FromPath[UUID]
) -> Response[Any]:
    operator, _ = await oneself(request, work)
    row = await work.get(OperatorSession, session)
    if row.operator != operator.id:
        raise NotFound
    await sessions.end(work, row)
    return go(request, "/me", notice=N_("That device is signed out."))


@post("/me/tokens", access=_MINE_AGAIN)
async def make_token(request: AnyRequest, work: NamedDependency[Work]) -> Response[Any]:
    operator, session = await oneself(request, work)
    form = await forms.read(request, TokenForm)
    bearer = await operator_tokens.make_token(
        work, operator, name=form.name, permissions=form.permissions, days=form.days
    )
    carry(request, TOKEN, session, bearer)
    return go(request, "/me")


@post("/me/tokens/{token:uuid}/end", access=_MINE)
async def end_token(
    request: AnyRequest, work: NamedDependency[Work], token: FromPath[UUID]
) -> Response[Any]:
    operator, _ = await oneself(request, work)
    await operator_tokens.end_token(work, operator.id, token)
    return go(request, "/me", notice=N_("The token is no longer good."))


WEB: Final = [
    me,
    change_password,
    new_codes,
    end_others,
    end_one,
    make_token,
    end_token,
]
