"""Inviting staff: a link for one person, with the roles it was sent for, good once and for 72 hours."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import select

from stoa.identity import people, tokens
from stoa.identity import roles as grants
from stoa.identity.events import StaffInvited
from stoa.identity.model import OneTimeToken, Person, Standing
from stoa.identity.permissions import Identity
from stoa.kernel.refusals import Conflict
from stoa.notices import notices
from stoa.tenancy.work import Work

HOURS: Final = 72


async def invite(
    work: Work,
    email: str,
    roles: Sequence[str] = ("Owner",),
    name: str | None = None,
    *,
    locale: str = "en",
    team: str | None = None,
) -> Person:
    """A new member of staff with these roles (by name), and the letter that lets them in.

    Inviting somebody again who has not answered sends a fresh link; the older one dies.

    Raises Denied when the inviter does not hold all that the roles may, Conflict when the address
    is that of an active member of staff.
    """
    work.require(Identity.STAFF_INVITE)
    person = await people.by_email(work, "staff", email)
    if person is not None and person.state != Standing.INVITED:
        raise Conflict(
            "This person is a member of staff already. Nothing was changed.",
            code="email-taken",
            field="email",
        )
    if person is None:
        person = await people.create(
            work, "staff", email, name, locale=locale, state=Standing.INVITED, team=team
        )
    await grants.give(work, person, await grants.by_names(work, roles))
    await send(work, person)
    work.tell(StaffInvited(person=person.id))
    return person


async def send(work: Work, person: Person) -> None:
    """A fresh link by mail."""
    bearer = await tokens.issue(work, person.id, tokens.INVITATION, hours=HOURS)
    await notices.mail(
        work, person.id, "invitation", link=f"/desk/invitation/{bearer}", hours=HOURS
    )


async def invite_owner(work: Work, email: str) -> None:
    """The first person of a new tenant. Safe to repeat: provisioning may take this step again."""
    person = await people.by_email(work, "staff", email)
    if person is not None and person.state != Standing.INVITED:
        return
    await invite(work, email, ("Owner",))


async def accept(work: Work, bearer: str, *, name: str, password: str | None) -> Person:
    """The invited person answers: the link is used up, the sign-in begins to exist.

    Without a password they come in by single sign-on alone. Roles count from this moment.
    """
    used = await tokens.use(work, bearer, tokens.INVITATION)
    person = await work.lock(Person, used.person)
    if person.state != Standing.INVITED:
        raise Conflict("This invitation is no longer open. Nothing was changed.")
    people.rename(work, person, name)
    if password is not None:
        await people.set_password(work, person, password)
    person.move(Standing.ACTIVE)
    person.email_verified_at = work.now
    await grants.begin(work, person.id)
    return person


async def open_one(work: Work, bearer: str) -> tuple[OneTimeToken, Person]:
    """What an invitation's page shows; consumes nothing."""
    found = await tokens.look(work, bearer, tokens.INVITATION)
    return found, await work.get(Person, found.person)


async def roles_of(work: Work, person: Person) -> list[str]:
    """What the invitation was sent for, by name."""
    held = [row.role for row in await grants.held_by(work, person.id)]
    return [role.name for role in await grants.by_ids(work, held)]


async def pending(work: Work) -> dict[UUID, OneTimeToken]:
    """The newest invitation of everyone who has not answered, good or run out."""
    rows = await work.rows(
        select(OneTimeToken)
        .join(Person, Person.id == OneTimeToken.person)
        .where(OneTimeToken.purpose == tokens.INVITATION, Person.state == Standing.INVITED)
        .order_by(OneTimeToken.made_at)
    )
    return {row.person: row for row in rows}
