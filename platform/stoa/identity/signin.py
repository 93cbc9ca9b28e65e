"""Signing in at a tenant: count the try, compare the password with no transaction open, enter."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select

from stoa.identity import (
    ceremony,
    challenges,
    devices,
    factors,
    passkeys,
    passwords,
    people,
    sessions,
    tries,
)
from stoa.identity.challenges import Fault, Ground, Unproven
from stoa.identity.events import SignInLocked
from stoa.identity.model import Passkey, Person, Session, Standing
from stoa.identity.settings import IdentitySettings
from stoa.kernel.refusals import Conflict, Unauthenticated
from stoa.notices import notices
from stoa.tenancy.door import OpenWork
from stoa.tenancy.work import Work

FACTOR: Final = "factor"


class Wrong(Unauthenticated):
    """One answer for an unknown address, a wrong password and a stopped account."""

    kind = "wrong"

    def __init__(self) -> None:
        super().__init__("This e-mail address and password do not fit. Nothing was changed.")


@dataclass(frozen=True, slots=True)
class Caller:
    """Who knocks, as far as the wire tells."""

    ip: str
    agent: str | None
    bearer: str | None = None
    """The cookie this browser had: that session ends with the sign-in."""


@dataclass(frozen=True, slots=True)
class Entered:
    bearer: str
    stage: str
    life_s: int


async def with_password(
    open_work: OpenWork, audience: str, email: str, password: str, caller: Caller
) -> Entered:
    """A new session for the right password. Raises Wrong or Locked, saying the same of everyone."""
    kind = "staff" if audience == "desk" else "client"
    async with open_work() as work:
        whom = work.blind(people.EMAIL, email)
        pause = await tries.spend(work, audience, whom)
        person = await people.by_blind(work, kind, whom)
        known = people.hash_of(work, person)
        allowed = kind == "client" or work.settings(IdentitySettings).staff_passwords

    if not await passwords.fits(known, password) or not allowed or person is None:
        if pause is not None:
            async with open_work() as work:
                work.tell(SignInLocked(person_kind=kind, whom=whom.hex(), until=pause.isoformat()))
        raise Wrong

    again = await passwords.hashed(password) if known and passwords.stale(known) else None
    async with open_work() as work:
        row = await work.lock(Person, person.id)
        if row.state != Standing.ACTIVE or row.password_sealed != person.password_sealed:
            raise Wrong
        if again is not None:
            row.password_sealed = work.seal(row.id, people.PASSWORD, again)
        await tries.clear(work, audience, whom)
        return await enter(work, row, caller)


def by_passkey(settings: IdentitySettings, audience: str) -> bool:
    """Whether one signs in by a passkey alone here: like a password, where passwords do."""
    return settings.passkeys and (settings.staff_passwords or audience != "desk")


def passkeys_are_on(work: Work) -> None:
    """Raises Conflict where the tenant has none."""
    if not work.settings(IdentitySettings).passkeys:
        raise Conflict("Passkeys are switched off here. Nothing was changed.", code="passkeys-off")


def require_by_passkey(work: Work, audience: str) -> None:
    """Raises Conflict where a passkey alone opens nothing."""
    passkeys_are_on(work)
    if not by_passkey(work.settings(IdentitySettings), audience):
        raise Conflict("Here one signs in with the company account. Nothing was changed.")


async def with_passkey(
    open_work: OpenWork,
    audience: str,
    ground: Ground,
    credential: Mapping[str, Any],
    caller: Caller,
) -> Entered:
    """A new session, whole: the device has proven itself and looked who is there.

    Raises Unproven, of whoever may not sign in as of nobody's passkey, and Locked as a password does.
    """
    kind = "staff" if audience == "desk" else "client"
    answer = await challenges.take(ground, "enter", credential)
    async with open_work() as work:
        require_by_passkey(work, audience)
        found = await passkeys.named(passkeys.ring(work), ground, answer)
        person = await work.get(Person, found.owner)
        if person.kind != kind or answer.handle != found.handle:
            raise Unproven(Fault.UNKNOWN)
        pause = await tries.spend(work, audience, person.email_blind)

    try:
        count = await ceremony.shown(ground, answer, found.public_key)
    except Unproven:
        if pause is not None:
            async with open_work() as work:
                _tell_of_pause(work, person, pause)
        raise

    async with open_work() as work:
        row = await work.lock(Person, person.id)
        held = await work.lock(Passkey, found.id)
        if row.state != Standing.ACTIVE:
            raise Unproven(Fault.UNKNOWN)
        if await passkeys.used(passkeys.ring(work), held, count):
            await tries.clear(work, audience, row.email_blind)
            return await enter(work, row, caller, way="passkey", factor=True)
    raise Unproven(Fault.COPIED)


def _tell_of_pause(work: Work, person: Person, until: datetime) -> None:
    whom = person.email_blind.hex()
    work.tell(SignInLocked(person_kind=person.kind, whom=whom, until=until.isoformat()))


async def enter(
    work: Work, person: Person, caller: Caller, *, way: str = "password", factor: bool = False
) -> Entered:
    """Begin the session: up to the second factor where one is owed, else all the way."""
    settings = work.settings(IdentitySettings)
    audience = "desk" if person.kind == "staff" else "room"
    owed = (
        audience == "desk" or factors.has(person) or settings.client_second_factor == "compulsory"
    )
    stage = sessions.PASSWORD_OK if owed and not factor else sessions.FULL
    if caller.bearer:
        await end_bearer(work, caller.bearer)
    if stage == sessions.FULL:
        await tell_of_device(work, person, devices.label(caller.agent))
    bearer = await sessions.start(
        work,
        person.id,
        audience=audience,
        stage=stage,
        epoch=person.epoch,
        ip=caller.ip,
        device=caller.agent,
        second_factor=factor,
        way=way,
    )
    return Entered(bearer, stage, settings.session_hours * 3600)


async def end_bearer(work: Work, bearer: str) -> None:
    """Whatever session a cookie stands for is over."""
    held = await work.first(
        select(Session).where(Session.token_hash == sessions.hash_token(bearer))
    )
    if held is not None and held.support is None:
        await sessions.end(work, held)


async def tell_of_device(
    work: Work, person: Person, device: str, *, session: UUID | None = None
) -> None:
    """A letter when somebody signs in with a device they never used; not at the very first."""
    if not work.settings(IdentitySettings).sign_in_alerts:
        return
    known = set(
        await work.rows(
            select(Session.device)
            .where(Session.person == person.id, Session.stage == sessions.FULL)
            .where(Session.id != session)
            .distinct()
        )
    )
    if known and device not in known:
        path = "/desk/me" if person.kind == "staff" else "/profile/security"
        await notices.mail(
            work, person.id, "sign_in_alert", link=path, device=device, signed_in_at=work.now
        )


async def second_factor(
    work: Work, session: Session, person: Person, code: str, *, recovery: bool = False
) -> str | None:
    """Show the second factor, at sign-in or again: a new bearer, or None for a wrong code.

    Counts the try in this transaction, so a wrong code must be answered without raising. Raises
    Locked.
    """
    whom = person.id.bytes
    pause = await tries.spend(work, FACTOR, whom)
    row = await work.lock(Person, person.id)
    good = (
        factors.recovered(row, code)
        if recovery
        else factors.right(factors.keeper(work, row.id), row, code, work.now)
    )
    if not good:
        if pause is not None:
            _tell_of_pause(work, row, pause)
        return None
    await tries.clear(work, FACTOR, whom)
    return await complete(work, session, row)


async def second_passkey(
    work: Work, session: Session, person: Person, ground: Ground, credential: Mapping[str, Any]
) -> str | Unproven:
    """Show a passkey as the second factor: a new bearer, or why it proves nothing.

    Counts the try in this transaction, so the refusal is answered and not raised. Raises Locked.
    """
    whom = person.id.bytes
    pause = await tries.spend(work, FACTOR, whom)
    row = await work.lock(Person, person.id)
    try:
        await passkeys.show(passkeys.ring(work), row, ground, credential)
    except Unproven as why:
        if pause is not None:
            _tell_of_pause(work, row, pause)
        return why
    await tries.clear(work, FACTOR, whom)
    return await complete(work, session, row)


async def complete(work: Work, session: Session, person: Person) -> str:
    """The session is whole; its earlier bearer is worth nothing."""
    if session.stage != sessions.FULL:
        await tell_of_device(work, person, session.device or "", session=session.id)
    return await sessions.rotate(work, session, stage=sessions.FULL, second_factor=True)
