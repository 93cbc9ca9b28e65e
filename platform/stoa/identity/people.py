"""People who sign in at a tenant: made, found, named, and stopped."""

from collections.abc import Iterable
from typing import Final
from uuid import UUID

from email_validator import EmailNotValidError, validate_email
from sqlalchemy import select

from stoa.identity import passwords
from stoa.identity.model import Person, Standing
from stoa.identity.settings import IdentitySettings
from stoa.kernel.refusals import Conflict, Invalid
from stoa.tenancy.work import Work
from stoa.theming.brand import Brand
from stoa.theming.texts import LANGUAGES

EMAIL: Final = "person.email"
NAME: Final = "person.name"
PASSWORD: Final = "person.password"  # noqa: S105 - a column's name
_LONGEST_NAME: Final = 120


def address(typed: str) -> str:
    """The e-mail address in its normal form. Raises Invalid at the field `email`."""
    try:
        found = validate_email(typed.strip(), check_deliverability=False, allow_smtputf8=False)
    except EmailNotValidError as why:
        raise Invalid(
            "This does not look like an e-mail address.", field="email", code="email"
        ) from why
    return found.normalized


async def create(
    work: Work,
    kind: str,
    email: str,
    name: str | None,
    *,
    locale: str = "en",
    password: str | None = None,
    state: str = Standing.ACTIVE,
    team: str | None = None,
) -> Person:
    """A new member of staff (`staff`) or client (`client`); the password is checked and hashed.

    Raises Invalid for a malformed address or an easy password, Conflict when the address is taken.
    """
    normal = address(email)
    if await by_email(work, kind, normal) is not None:
        raise Conflict(
            "There is already an account with this e-mail address. Nothing was changed.",
            code="email-taken",
            field="email",
        )
    row = Person(
        id=work.new_id(),
        kind=kind,
        email_blind=work.blind(EMAIL, normal),
        email_sealed=b"",
        state=str(state),
        team=team,
        locale=locale if locale in LANGUAGES else "en",
        mode="auto",
        epoch=1,
        recovery_hashes=[],
        passkeys=0,
        created_at=work.now,
    )
    row.email_sealed = _sealed(work, row.id, EMAIL, normal)
    rename(work, row, name)
    if password is not None:
        await set_password(work, row, password)
    work.add(row)
    await work.flush()
    return row


def _sealed(work: Work, row: UUID, place: str, text: str) -> bytes:
    sealed = work.seal(row, place, text)
    assert sealed is not None  # noqa: S101 - only None seals to None
    return sealed


def rename(work: Work, person: Person, name: str | None) -> None:
    tidy = " ".join((name or "").split())
    if len(tidy) > _LONGEST_NAME:
        raise Invalid("This name is too long.", field="name")
    person.name_sealed = work.seal(person.id, NAME, tidy or None)


async def change_email(work: Work, person: Person, email: str) -> None:
    """Another address, which still has to be verified. Raises Conflict when it is taken."""
    normal = address(email)
    other = await by_email(work, person.kind, normal)
    if other is not None and other.id != person.id:
        raise Conflict(
            "There is already an account with this e-mail address. Nothing was changed.",
            code="email-taken",
            field="email",
        )
    person.email_blind = work.blind(EMAIL, normal)
    person.email_sealed = _sealed(work, person.id, EMAIL, normal)
    person.email_verified_at = None


async def by_email(work: Work, kind: str, email: str) -> Person | None:
    return await by_blind(work, kind, work.blind(EMAIL, email))


async def by_blind(work: Work, kind: str, blind: bytes) -> Person | None:
    return await work.first(select(Person).where(Person.kind == kind, Person.email_blind == blind))


def email_of(work: Work, person: Person) -> str:
    return work.unseal(person.id, EMAIL, person.email_sealed) or ""


def name_of(work: Work, person: Person) -> str:
    """The name, or the address of someone who has not told it yet."""
    return work.unseal(person.id, NAME, person.name_sealed) or email_of(work, person)


async def names(work: Work, ids: Iterable[UUID]) -> dict[UUID, str]:
    """Names of several people at once, for lists; unknown ids are left out."""
    wanted = set(ids)
    if not wanted:
        return {}
    rows = await work.rows(select(Person).where(Person.id.in_(wanted)))
    return {row.id: name_of(work, row) for row in rows}


async def set_password(work: Work, person: Person, password: str) -> None:
    """Raises Invalid for one that is too easy. Ends no session: see `end_sessions`."""
    policy = work.settings(IdentitySettings)
    known = [work.settings(Brand).name]
    if person.email_sealed:
        known += [email_of(work, person), name_of(work, person)]
    passwords.check(password, shortest=policy.password_length, avoid=known)
    person.password_sealed = work.seal(person.id, PASSWORD, await passwords.hashed(password))
    person.password_set_at = work.now


def hash_of(work: Work, person: Person | None) -> str | None:
    if person is None:
        return None
    return work.unseal(person.id, PASSWORD, person.password_sealed)


def end_sessions(person: Person) -> None:
    """Every session of theirs is over with the commit: each carries the epoch it began in."""
    person.epoch += 1


def disable(person: Person) -> None:
    person.move(Standing.DISABLED)
    end_sessions(person)


def enable(person: Person) -> None:
    """Back to work, or back to the invitation they never answered."""
    answered = person.password_sealed is not None or person.last_seen_at is not None
    person.move(Standing.ACTIVE if answered else Standing.INVITED)
