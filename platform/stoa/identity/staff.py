"""Members of staff in the hands of those who manage them: roles, team, second factor, stopping.

Nobody manages somebody who may more than they do, and nobody manages themselves.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import select

from stoa.identity import factors, invitations, passkeys, people, roles, sessions
from stoa.identity.model import Person, Role, StaffRole, Standing
from stoa.identity.permissions import Identity
from stoa.kernel.refusals import Conflict, Denied, Invalid, NotFound
from stoa.notices import notices
from stoa.tenancy.work import Work

_LONGEST_TEAM: Final = 60


@dataclass(frozen=True, slots=True)
class Grant:
    """What somebody may, taken together."""

    roles: tuple[str, ...]
    permissions: frozenset[str]
    scope: str


_NOTHING: Final = Grant((), frozenset(), "own")


async def grants(work: Work, ids: Iterable[UUID]) -> dict[UUID, Grant]:
    """Roles and what they add up to, of several people at once."""
    rows = await work.table(
        select(StaffRole.person, Role.name, Role.permissions, Role.scope)
        .join(Role, Role.id == StaffRole.role)
        .where(StaffRole.person.in_(set(ids)))
        .order_by(Role.name)
    )
    found: dict[UUID, Grant] = {}
    for person, name, permissions, scope in rows:
        before = found.get(person, _NOTHING)
        wider = max(before.scope, scope, key=roles.SCOPES.index)
        found[person] = Grant(
            (*before.roles, name), before.permissions | frozenset(permissions), wider
        )
    return found


async def manageable(work: Work, person: UUID) -> Person:
    """The member of staff, locked. Raises NotFound, Denied for oneself or someone above."""
    work.require(Identity.STAFF_EDIT)
    row = await work.lock(Person, person)
    if row.kind != "staff":
        raise NotFound
    if row.id == work.actor.id:
        raise Denied("Somebody else has to do this for you. Nothing was changed.", code="oneself")
    held = (await grants(work, [row.id])).get(row.id, _NOTHING)
    roles.may_grant(work, held.permissions, held.scope)
    return row


async def assign(work: Work, person: UUID, wanted: Sequence[UUID], *, team: str | None) -> None:
    """Exactly these roles and this team from now on; their sessions end where it changes."""
    row = await manageable(work, person)
    tidy = " ".join((team or "").split()) or None
    if tidy is not None and len(tidy) > _LONGEST_TEAM:
        raise Invalid("This is too long.", field="team")
    await roles.give(work, row, await roles.by_ids(work, wanted))
    if row.team != tidy:
        row.team = tidy
        people.end_sessions(row)


async def disable(work: Work, person: UUID) -> None:
    """They are signed out at once and stay out. Raises Conflict for the last owner."""
    row = await manageable(work, person)
    people.disable(row)
    await work.flush()
    await roles.an_owner_left(work)


async def enable(work: Work, person: UUID) -> None:
    """Back in. Someone who never answered gets a fresh invitation."""
    row = await manageable(work, person)
    people.enable(row)
    if row.state == Standing.INVITED:
        await invitations.send(work, row)


async def reset_factor(work: Work, person: UUID) -> None:
    """They set up a new app at their next sign-in; whoever has the old one is out."""
    await without_factor(work, await manageable(work, person))


async def without_factor(work: Work, row: Person) -> None:
    """The same for anybody whose locked row this is; the caller answers for who may ask for it."""
    if not factors.has(row):
        raise Conflict("There is no second factor to reset.")
    await passkeys.forget_all(work, row)
    await sessions.end_all(work, row)
    await notices.mail(work, row.id, "second_factor_changed", what="reset", changed_at=work.now)


async def invite_again(work: Work, person: UUID) -> None:
    """A fresh link; the older one dies."""
    work.require(Identity.STAFF_INVITE)
    row = await work.lock(Person, person)
    if row.kind != "staff":
        raise NotFound
    if row.state != Standing.INVITED:
        raise Conflict("This person has accepted already.")
    held = (await grants(work, [row.id])).get(row.id, _NOTHING)
    roles.may_grant(work, held.permissions, held.scope)
    await invitations.send(work, row)


async def teams(work: Work) -> list[str]:
    found = await work.rows(
        select(Person.team)
        .where(Person.kind == "staff", Person.team.is_not(None))
        .distinct()
        .order_by(Person.team)
    )
    return [team for team in found if team]
