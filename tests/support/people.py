"""Signed-in people for tests over HTTP, made by the product's own verbs."""

import secrets
from collections.abc import Sequence
from uuid import UUID

from stoa.identity import people, roles, sessions
from stoa.identity.model import Person, Role
from stoa.kernel.ids import uuid7
from stoa.notices import notices
from stoa.tenancy.work import Work

PASSWORD = "kettle-orchard-violin"


async def make_staff(
    work: Work,
    roles_or_permissions: Sequence[str] = ("Owner",),
    *,
    scope: str = "all",
    name: str = "Sam Staff",
    email: str | None = None,
    password: str | None = None,
    team: str | None = None,
) -> tuple[Person, str]:
    """A member of staff signed in with both factors, and the value of their `desk` cookie.

    Names of roles (`"Finance"`) or permissions (`"payments:deposits:view"`); permissions get a role
    of their own with this scope. Commit the work before asking over HTTP.
    """
    email = email or f"staff-{secrets.token_hex(5)}@staff.example"
    person = await people.create(work, "staff", email, name, password=password, team=team)
    named = [one for one in roles_or_permissions if ":" not in one]
    granted = sorted(one for one in roles_or_permissions if ":" in one)
    held = await roles.by_names(work, named)
    if granted:
        role = Role(
            id=uuid7(),
            name=f"test {secrets.token_hex(5)}",
            permissions=granted,
            scope=scope,
            built_in=False,
        )
        work.add(role)
        await work.flush()
        held.append(role)
    await roles.give(work, person, held)
    return person, await bearer_of(work, person)


async def make_client_login(
    work: Work,
    *,
    name: str = "Clara Client",
    email: str | None = None,
    password: str | None = None,
    second_factor: bool = True,
) -> tuple[Person, str]:
    """A client's sign-in (no client record: that is the clients module's) and their `room` cookie.

    `second_factor` counts it as shown a moment ago, as withdrawals want it.
    """
    email = email or f"client-{secrets.token_hex(5)}@client.example"
    person = await people.create(work, "client", email, name, password=password)
    return person, await bearer_of(work, person, second_factor=second_factor)


async def bearer_of(work: Work, person: Person, *, second_factor: bool = True) -> str:
    """A new session of a person who exists already; the value of their cookie."""
    return await sessions.start(
        work,
        person.id,
        audience="desk" if person.kind == "staff" else "room",
        stage=sessions.FULL,
        epoch=person.epoch,
        ip="127.0.0.1",
        device="test",
        second_factor=second_factor,
    )


async def unread(work: Work, person: UUID) -> int:
    """How many notices somebody has not read."""
    return sum(one.read_at is None for one in await notices.newest(work, person))
