"""One's own sign-in: password, second factor, devices; at the trader room and at the desk."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

import msgspec
from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response
from msgspec import Meta
from sqlalchemy import select

from stoa.identity import devices, factors, passkeys, passwords, people, sessions, tries
from stoa.identity.model import ExternalIdentity, Person, Session
from stoa.identity.permissions import Identity
from stoa.identity.settings import IdentitySettings
from stoa.identity.side import Side, oneself, refused, show_codes
from stoa.kernel.refusals import Conflict, Invalid, NotFound
from stoa.notices import notices
from stoa.tenancy.work import Work
from stoa.theming.texts import N_
from stoa.web import access
from stoa.web.access import Access
from stoa.web.forms import read
from stoa.web.pages import go, page
from stoa.web.visit import visit

AnyRequest = Request[Any, Any, Any]

PASSWORD: Final = "password"  # noqa: S105 - what is tried
_WHY: Final = "everyone keeps their own sign-in safe"


class Change(msgspec.Struct):
    current: Annotated[str, Meta(max_length=1000)]
    password: Annotated[str, Meta(max_length=1000)]


class Confirm(msgspec.Struct):
    current: Annotated[str, Meta(max_length=1000)]


class Name(msgspec.Struct):
    name: Annotated[str, Meta(max_length=120)]


@dataclass(frozen=True, slots=True)
class Device:
    """A browser that is signed in."""

    id: UUID
    name: str
    handheld: bool
    ip: str
    way: str
    started_at: datetime
    seen_at: datetime
    here: bool


def security(side: Side) -> Sequence[Any]:
    """The handlers of one side."""
    mine, mine_again = own(side), own(side, step_up=True)

    @get(side.me, access=mine)
    async def show(request: AnyRequest, work: NamedDependency[Work]) -> Response[Any]:
        return await _show(request, work, side)

    @post(f"{side.me}/password", access=mine)
    async def change(request: AnyRequest, work: NamedDependency[Work]) -> Response[Any]:
        return await _change(request, work, side)

    @post(f"{side.me}/codes", access=mine_again)
    async def codes(request: AnyRequest, work: NamedDependency[Work]) -> Response[Any]:
        person, session = await oneself(request, work)
        row = await work.lock(Person, person.id)
        if not factors.has(row):
            raise Conflict("There is no second factor yet. Set one up first.")
        show_codes(request, work, session, factors.new_codes(row))
        await notices.mail(work, row.id, "second_factor_changed", what="codes", changed_at=work.now)
        return go(request, side.path(f"/second-factor/codes?next={side.me}"))

    @post(f"{side.me}/devices/end", access=mine)
    async def end_others(request: AnyRequest, work: NamedDependency[Work]) -> Response[Any]:
        person, session = await oneself(request, work)
        await sessions.end_all(work, await work.lock(Person, person.id), but=session.id)
        return go(request, side.me, notice=N_("All other devices are signed out."))

    @post(f"{side.me}/devices/{{session:uuid}}/end", access=mine)
    async def end_one(
        request: AnyRequest, work: NamedDependency[Work], session: FromPath[UUID]
    ) -> Response[Any]:
        person, _ = await oneself(request, work)
        row = await work.get(Session, session)
        if row.person != person.id:
            raise NotFound
        await sessions.end(work, row)
        return go(request, side.me, notice=N_("That device is signed out."))

    return [show, change, codes, end_others, end_one, *_only(side, mine, mine_again)]


def _only(side: Side, mine: Access, mine_again: Access) -> Sequence[Any]:
    """What one side has and the other has not."""

    @post(f"{side.me}/second-factor/off", access=mine_again)
    async def off(request: AnyRequest, work: NamedDependency[Work]) -> Response[Any]:
        return await _off(request, work, side)

    @post(f"{side.me}/name", access=mine)
    async def rename(request: AnyRequest, work: NamedDependency[Work]) -> Response[Any]:
        person, _ = await oneself(request, work)
        form = await read(request, Name)
        people.rename(work, await work.lock(Person, person.id), form.name)
        return go(request, side.me, notice=N_("Saved."))

    return [off] if side.audience == "room" else [rename]


def own(side: Side, *, step_up: bool = False) -> Access:
    if side.audience == "room":
        return access.room(Identity.SECURITY_OWN, while_suspended=True, step_up=step_up)
    return access.signed_in("desk", _WHY, while_suspended=True, step_up=step_up)


async def _show(request: AnyRequest, work: Work, side: Side) -> Response[Any]:
    person, session = await oneself(request, work)
    settings = work.settings(IdentitySettings)
    linked = await work.rows(select(ExternalIdentity).where(ExternalIdentity.person == person.id))
    compulsory = side.audience == "desk" or settings.client_second_factor == "compulsory"
    return page(
        request,
        work,
        f"{side.audience}/identity/security.html",
        audience=side.audience,
        side=side,
        name=people.name_of(work, person),
        email=people.email_of(work, person),
        locale=person.locale,
        has_password=person.password_sealed is not None,
        password_at=person.password_set_at,
        least=settings.password_length,
        protected=factors.has(person),
        app_since=person.totp_confirmed_at,
        passkeys=await passkeys.listed(passkeys.ring(work), person.id, visit(request).host),
        passkeys_on=settings.passkeys,
        codes_left=len(person.recovery_hashes),
        compulsory=compulsory,
        devices=[_device(row, session) for row in await sessions.open_of(work, person)],
        sso=settings.oidc.label if side.audience == "desk" and settings.oidc.on else "",
        linked_at=linked[0].linked_at if linked else None,
    )


def _device(row: Session, here: Session) -> Device:
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


async def _knows(work: Work, person: Person, current: str) -> bool:
    """Whether the person still knows their password; wrong ones are counted."""
    await tries.spend(work, PASSWORD, person.id.bytes)
    right = await passwords.fits(people.hash_of(work, person), current)
    if right:
        await tries.clear(work, PASSWORD, person.id.bytes)
    return right


def _not_yours(request: AnyRequest) -> Response[Any]:
    return refused(request, Invalid("This is not your password.", field="current"))


async def _change(request: AnyRequest, work: Work, side: Side) -> Response[Any]:
    person, session = await oneself(request, work)
    form = await read(request, Change)
    row = await work.lock(Person, person.id)
    if not await _knows(work, row, form.current):
        return _not_yours(request)
    if form.current == form.password:
        raise Invalid("This is the password you have.", field="password")
    await people.set_password(work, row, form.password)
    await sessions.end_all(work, row, but=session.id)
    await notices.mail(
        work, row.id, "password_changed", link=side.path("/forgot"), changed_at=work.now
    )
    return go(
        request, side.me, notice=N_("Your password is changed; other devices are signed out.")
    )


async def _off(request: AnyRequest, work: Work, side: Side) -> Response[Any]:
    """A client may go without, and then cannot withdraw."""
    person, session = await oneself(request, work)
    form = await read(request, Confirm)
    if work.settings(IdentitySettings).client_second_factor == "compulsory":
        raise Conflict("The second factor is compulsory here. Nothing was changed.")
    row = await work.lock(Person, person.id)
    if not await _knows(work, row, form.current):
        return _not_yours(request)
    await passkeys.forget_all(work, row)
    session.second_factor_at = None
    await sessions.end_all(work, row, but=session.id)
    await notices.mail(work, row.id, "second_factor_changed", what="off", changed_at=work.now)
    return go(request, side.me, notice=N_("The second factor is off."))
