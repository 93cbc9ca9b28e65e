"""From a cookie to an actor, in the same transaction as the work that follows."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import bindparam, func, select, true, update
from sqlalchemy.dialects.postgresql import ARRAY, aggregate_order_by
from sqlalchemy.types import String

from stoa.identity import devices, factors
from stoa.identity.model import (
    Operator,
    OperatorSession,
    Person,
    Role,
    Session,
    StaffRole,
)
from stoa.identity.settings import IdentitySettings
from stoa.kernel.ids import token, uuid7
from stoa.kernel.refusals import Denied
from stoa.notices.model import Notice
from stoa.tenancy.actor import Actor, Kind
from stoa.tenancy.work import PlatformWork, Work

STEP_UP_S: Final = 15 * 60
"""How long a second factor counts as just shown."""
OPERATOR_LIFE: Final = timedelta(hours=12)
OPERATOR_IDLE: Final = timedelta(minutes=30)
_SEEN_EVERY: Final = timedelta(minutes=1)
FULL: Final = "full"
PASSWORD_OK: Final = "password"  # noqa: S105 - a stage's name


def hash_token(bearer: str) -> bytes:
    return hashlib.sha256(bearer.encode()).digest()


async def start(
    work: Work,
    person: UUID,
    *,
    audience: str,
    stage: str,
    epoch: int,
    ip: str | None,
    device: str | None,
    second_factor: bool = False,
    way: str = "password",
) -> str:
    """A new session; returns the bearer token for the cookie, which is not kept."""
    bearer = token()
    hours = work.settings(IdentitySettings).session_hours
    work.add(
        Session(
            id=uuid7(),
            token_hash=hash_token(bearer),
            person=person,
            audience=audience,
            stage=stage,
            epoch=epoch,
            started_at=work.now,
            seen_at=work.now,
            ends_at=work.now + timedelta(hours=hours),
            second_factor_at=work.now if second_factor else None,
            way=way,
            ip=ip,
            device=devices.label(device),
        )
    )
    await work.flush()
    return bearer


async def rotate(
    work: Work | PlatformWork,
    session: Session | OperatorSession,
    *,
    stage: str | None = None,
    second_factor: bool = False,
) -> str:
    """A new bearer for the same session, as after a second factor: the old one is worth nothing."""
    bearer = token()
    session.token_hash = hash_token(bearer)
    if stage is not None:
        session.stage = stage
    if second_factor:
        session.second_factor_at = work.now
    await work.flush()
    return bearer


async def end(work: Work | PlatformWork, session: Session | OperatorSession) -> None:
    if session.ended_at is None:
        session.ended_at = work.now
    await work.flush()


async def end_all(work: Work, person: Person, *, but: UUID | None = None) -> None:
    """All of a person's sessions but one are over; the one left moves into the new epoch."""
    person.epoch += 1
    await work.run(
        update(Session)
        .where(Session.person == person.id, Session.ended_at.is_(None), Session.id != but)
        .values(ended_at=work.now)
    )
    if but is not None:
        await work.run(update(Session).where(Session.id == but).values(epoch=person.epoch))
    await work.flush()


async def open_of(work: Work, person: Person) -> Sequence[Session]:
    """Where they are signed in now, newest first."""
    return await work.rows(
        select(Session)
        .where(
            Session.person == person.id,
            Session.ended_at.is_(None),
            Session.epoch == person.epoch,
            Session.ends_at > work.now,
        )
        .order_by(Session.seen_at.desc())
        .limit(50)
    )


_GRANTED: Final = (
    select(
        func.array_agg(
            aggregate_order_by(func.array_to_string(Role.permissions, " "), Role.name)
        ).label("permissions"),
        func.array_agg(aggregate_order_by(Role.scope, Role.name), type_=ARRAY(String)).label(
            "scopes"
        ),
    )
    .join(StaffRole, StaffRole.role == Role.id)
    .where(StaffRole.person == Session.person)
    .lateral("granted")
)
_UNREAD: Final = (
    select(func.count())
    .where(Notice.person == Session.person, Notice.read_at.is_(None))
    .correlate(Session)
    .scalar_subquery()
)
_FOUND: Final = (
    select(Session, Person, _GRANTED.c.permissions, _GRANTED.c.scopes, _UNREAD)
    .outerjoin(Person, Person.id == Session.person)
    .join(_GRANTED, true())
    .where(
        Session.token_hash == bindparam("token"),
        Session.audience == bindparam("audience"),
        Session.ended_at.is_(None),
    )
)


@dataclass(frozen=True, slots=True)
class Recognised:
    """Whose cookie it is. `person` is None for the operator's support; `unread` counts notices."""

    actor: Actor
    session: Session
    person: Person | None = None
    unread: int = 0


async def actor_of(work: Work, bearer: str, audience: str) -> "Recognised | None":
    """Who is behind a cookie, or None. One query reads session, person, permissions and mail."""
    asked = {"token": hash_token(bearer), "audience": audience}
    found: Any = (await work.run(_FOUND, asked)).first()
    if found is None:
        return None
    session, person, permissions, scopes, unread = found
    idle = timedelta(minutes=work.settings(IdentitySettings).idle_minutes(audience))
    if not _alive(session, work.now, idle):
        return None
    if session.support is not None:
        return Recognised(support_actor(session), session)
    if person is None or person.state != "active" or person.epoch != session.epoch:
        return None
    if work.now - session.seen_at > _SEEN_EVERY:
        session.seen_at = work.now
        # Set-based, so that being here is no change of the person in the audit log.
        await work.run(update(Person).where(Person.id == person.id).values(last_seen_at=work.now))
    actor = Actor(
        kind=Kind.CLIENT if person.kind == "client" else Kind.STAFF,
        id=person.id,
        name=_audit_name(work, person),
        permissions=frozenset(" ".join(permissions or ()).split()),
        scope=_widest(scopes or ()),
        team=person.team,
        session=session.id,
        second_factor_at=session.second_factor_at.timestamp() if session.second_factor_at else None,
    )
    return Recognised(actor, session, person, int(unread))


def _audit_name(work: Work, person: Person) -> str:
    """Staff are named in the audit log; clients only by their id."""
    if person.kind == "client":
        return "client"
    return work.unseal(person.id, "person.name", person.name_sealed) or "staff"


def support_actor(session: Session) -> Actor:
    """Somebody of the operator's inside a tenant: staff that reads, on behalf of a visit."""
    return visiting(session.support_operator, session.support_name, session.support, session.id)


def visiting(
    operator: UUID | None, name: str | None, visit: UUID | None, session: UUID | None = None
) -> Actor:
    """The same before and after the session itself: coming and leaving."""
    return Actor(
        kind=Kind.STAFF,
        id=operator,
        name=f"operator {name or 'support'}",
        permissions=frozenset(),
        on_behalf_of=visit,
        read_only=True,
        session=session,
    )


def _alive(session: Session | OperatorSession, now: datetime, idle: timedelta) -> bool:
    return session.ends_at > now and session.seen_at + idle > now


def _widest(scopes: list[str] | tuple[str, ...]) -> str:
    for scope in ("all", "team", "own"):
        if scope in scopes:
            return scope
    return "own"


async def operator_of(
    work: PlatformWork, bearer: str
) -> tuple[Actor, OperatorSession, Operator] | None:
    statement = (
        select(OperatorSession, Operator)
        .join(Operator, Operator.id == OperatorSession.operator)
        .where(OperatorSession.token_hash == hash_token(bearer), OperatorSession.ended_at.is_(None))
    )
    found: Any = (await work.run(statement)).first()
    if found is None:
        return None
    session, operator = found[0], found[1]
    if not _alive(session, work.now, OPERATOR_IDLE) or operator.state != "active":
        return None
    if operator.epoch != session.epoch:
        return None
    if work.now - session.seen_at > _SEEN_EVERY:
        session.seen_at = work.now
        await work.run(
            update(Operator).where(Operator.id == operator.id).values(last_seen_at=work.now)
        )
    actor = Actor(
        kind=Kind.OPERATOR,
        id=operator.id,
        name=operator.name,
        permissions=frozenset(operator.permissions),
        session=session.id,
        second_factor_at=session.second_factor_at.timestamp() if session.second_factor_at else None,
    )
    return actor, session, operator


def fresh(
    work: Work | PlatformWork, login: Person | Operator, session: Session | OperatorSession
) -> bool:
    """Whether the second factor was shown within the last minutes, where there is one."""
    at = session.second_factor_at
    shown = at is not None and (work.now - at).total_seconds() <= STEP_UP_S
    return not factors.has(login) or (session.stage == FULL and shown)


def fresh_enough(
    work: Work | PlatformWork, login: Person | Operator, session: Session | OperatorSession
) -> None:
    """Raises Denied for a session that knows only the password of someone who has a factor, or that
    showed it long ago: a change of the second factor would go around it.
    """
    if not fresh(work, login, session):
        raise Denied("Confirm with your second factor first. Nothing was changed.", code="step-up")
