"""Signing in at the control plane: the password, always the second factor, and sessions."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import delete, select, update

from stoa.identity import ceremony, challenges, factors, passkeys, passwords, sessions, tries
from stoa.identity.challenges import Fault, Ground, Unproven
from stoa.identity.devices import label
from stoa.identity.model import (
    Operator,
    OperatorPasskey,
    OperatorSession,
    OperatorTry,
    Standing,
)
from stoa.identity.sessions import hash_token
from stoa.identity.signin import Caller, Entered, Wrong
from stoa.kernel.ids import token, uuid7
from stoa.tenancy.door import Door
from stoa.tenancy.work import PlatformWork
from stoa.vault.keys import MasterKey

FACTOR: Final = "factor"
TRY: Final = "control"
_KEPT: Final = timedelta(days=90)


def place(operator: UUID) -> str:
    """Where an operator's password hash is sealed for."""
    return f"operator.password|{operator}"


def whom(email: str) -> bytes:
    return hashlib.sha256(email.casefold().encode()).digest()


async def by_email(work: PlatformWork, email: str) -> Operator | None:
    return await work.first(select(Operator).where(Operator.email == email.strip().casefold()))


def hash_of(master: MasterKey, operator: Operator | None) -> str | None:
    if operator is None or operator.password_sealed is None:
        return None
    return master.unseal(place(operator.id), operator.password_sealed).decode()


async def set_password(
    work: PlatformWork, master: MasterKey, operator: Operator, password: str
) -> None:
    passwords.check(password, avoid=[operator.email, operator.name])
    hashed = await passwords.hashed(password)
    operator.password_sealed = master.seal(place(operator.id), hashed.encode())
    operator.password_set_at = work.now


async def with_password(door: Door, email: str, password: str, caller: Caller) -> Entered:
    """A session that still owes the second factor. Raises Wrong or Locked, the same of everyone."""
    async with door.platform(purpose="control.sign-in") as work:
        await tries.spend(work, TRY, whom(email))
        found = await by_email(work, email)
        known = hash_of(door.master, found)

    if not await passwords.fits(known, password) or found is None:
        raise Wrong

    async with door.platform(purpose="control.sign-in") as work:
        row = await work.lock(Operator, found.id)
        if row.state != Standing.ACTIVE or row.password_sealed != found.password_sealed:
            raise Wrong
        await tries.clear(work, TRY, whom(email))
        if caller.bearer:
            await end_bearer(work, caller.bearer)
        return await _start(work, row, caller)


async def with_passkey(
    door: Door, ground: Ground, credential: Mapping[str, Any], caller: Caller
) -> Entered:
    """A session, whole: a passkey is both factors. Raises Unproven and Locked."""
    answer = await challenges.take(ground, "enter", credential)
    async with door.platform(purpose="control.sign-in") as work:
        found = await passkeys.named(passkeys.operator_ring(work, door.master), ground, answer)
        if answer.handle != found.handle:
            raise Unproven(Fault.UNKNOWN)
        operator = await work.get(Operator, found.owner)
        await tries.spend(work, TRY, whom(operator.email))

    count = await ceremony.shown(ground, answer, found.public_key)
    async with door.platform(purpose="control.sign-in") as work:
        row = await work.lock(Operator, operator.id)
        held = await work.lock(OperatorPasskey, found.id)
        if row.state != Standing.ACTIVE:
            raise Unproven(Fault.UNKNOWN)
        if await passkeys.used(passkeys.operator_ring(work, door.master), held, count):
            await tries.clear(work, TRY, whom(row.email))
            if caller.bearer:
                await end_bearer(work, caller.bearer)
            return await _start(work, row, caller, way="passkey")
    raise Unproven(Fault.COPIED)


async def _start(
    work: PlatformWork, operator: Operator, caller: Caller, *, way: str = "password"
) -> Entered:
    """After a password the second factor is still owed; a passkey was both."""
    await _forget(work)
    bearer = token()
    whole = way == "passkey"
    stage = sessions.FULL if whole else sessions.PASSWORD_OK
    work.add(
        OperatorSession(
            id=uuid7(),
            token_hash=hash_token(bearer),
            operator=operator.id,
            stage=stage,
            epoch=operator.epoch,
            started_at=work.now,
            seen_at=work.now,
            ends_at=work.now + sessions.OPERATOR_LIFE,
            second_factor_at=work.now if whole else None,
            way=way,
            ip=caller.ip,
            device=label(caller.agent),
        )
    )
    await work.flush()
    life_s = int(sessions.OPERATOR_LIFE.total_seconds())
    return Entered(bearer, stage, life_s)


async def _forget(work: PlatformWork) -> None:
    """Counters and sessions that are long over; the operator's few sign-ins sweep as they go."""
    await work.run(delete(OperatorTry).where(OperatorTry.last_at < work.now - 2 * tries.FORGOTTEN))
    await work.run(delete(OperatorSession).where(OperatorSession.ends_at < work.now - _KEPT))


async def end_bearer(work: PlatformWork, bearer: str) -> None:
    await work.run(
        update(OperatorSession)
        .where(OperatorSession.token_hash == hash_token(bearer), OperatorSession.ended_at.is_(None))
        .values(ended_at=work.now)
    )


async def second_factor(
    work: PlatformWork,
    master: MasterKey,
    session: OperatorSession,
    code: str,
    *,
    recovery: bool = False,
) -> str | None:
    """A new bearer for a right code, None for a wrong one, which is counted. Raises Locked."""
    whose = session.operator.bytes
    await tries.spend(work, FACTOR, whose)
    row = await work.lock(Operator, session.operator)
    good = (
        factors.recovered(row, code)
        if recovery
        else factors.right(factors.operator_keeper(master, row.id), row, code, work.now)
    )
    if not good:
        return None
    await tries.clear(work, FACTOR, whose)
    return await sessions.rotate(work, session, stage=sessions.FULL, second_factor=True)


async def second_passkey(
    work: PlatformWork,
    master: MasterKey,
    session: OperatorSession,
    ground: Ground,
    credential: Mapping[str, Any],
) -> str | Unproven:
    """A new bearer for a passkey, or why it proves nothing, which is counted. Raises Locked."""
    whose = session.operator.bytes
    await tries.spend(work, FACTOR, whose)
    row = await work.lock(Operator, session.operator)
    try:
        await passkeys.show(passkeys.operator_ring(work, master), row, ground, credential)
    except Unproven as why:
        return why
    await tries.clear(work, FACTOR, whose)
    return await sessions.rotate(work, session, stage=sessions.FULL, second_factor=True)


async def end_all(work: PlatformWork, operator: Operator, *, but: UUID | None = None) -> None:
    """All sessions but one are over."""
    operator.epoch += 1
    await work.run(
        update(OperatorSession)
        .where(
            OperatorSession.operator == operator.id,
            OperatorSession.ended_at.is_(None),
            OperatorSession.id != but,
        )
        .values(ended_at=work.now)
    )
    if but is not None:
        await work.run(
            update(OperatorSession).where(OperatorSession.id == but).values(epoch=operator.epoch)
        )
    await work.flush()


async def open_of(work: PlatformWork, operator: Operator) -> Sequence[OperatorSession]:
    return await work.rows(
        select(OperatorSession)
        .where(
            OperatorSession.operator == operator.id,
            OperatorSession.ended_at.is_(None),
            OperatorSession.epoch == operator.epoch,
            OperatorSession.ends_at > work.now,
        )
        .order_by(OperatorSession.seen_at.desc())
        .limit(50)
    )
