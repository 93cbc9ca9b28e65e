"""Single sign-on for staff: who may come in by it, and how an outside identity becomes one of ours.

The key is (issuer, subject). An e-mail never links: that takes an invitation, or being signed in.
"""

import hashlib
from typing import Final
from uuid import UUID

import msgspec
from redis.asyncio import Redis
from redis.exceptions import RedisError
from sqlalchemy import delete, select

from stoa.identity import invitations, people, signin
from stoa.identity.model import ExternalIdentity, Person, Standing
from stoa.identity.oidc import Claims, NotConfirmed
from stoa.identity.settings import IdentitySettings, Oidc
from stoa.identity.signin import Caller, Entered
from stoa.kernel.refusals import Conflict, Unavailable
from stoa.tenancy.work import Work

LIFE_S: Final = 600


class Carried(msgspec.Struct, kw_only=True):
    """What the browser carries to the provider and back, sealed. `why`: sign-in, link, invitation."""

    state: str
    nonce: str
    verifier: str
    issuer: str
    why: str
    next: str
    person: UUID | None = None
    invitation: str = ""


def provider(work: Work) -> Oidc:
    """Raises Conflict where single sign-on is off."""
    settings = work.settings(IdentitySettings).oidc
    if not settings.on:
        raise Conflict("Single sign-on is not set up here. Sign in with your password.")
    return settings


async def once(redis: Redis, tenant: UUID, state: str) -> None:
    """A state is good for one return. Without Valkey nobody can tell, so nobody comes in."""
    key = f"t:{tenant}:sso:{hashlib.sha256(state.encode()).hexdigest()}"
    try:
        fresh = await redis.set(key, "1", nx=True, ex=LIFE_S)
    except (RedisError, OSError) as why:
        raise Unavailable("Single sign-on does not work at the moment. Try again shortly.") from why
    if not fresh:
        raise NotConfirmed("the state was used before")


def welcome(settings: Oidc, claims: Claims) -> None:
    """Raises NotConfirmed for an address outside the domains the tenant allows."""
    if not settings.allowed_domains:
        return
    domain = claims.email.rpartition("@")[2].lower()
    allowed = {one.lower().lstrip("@") for one in settings.allowed_domains}
    if not claims.email_verified or domain not in allowed:
        raise NotConfirmed("the address is outside the allowed domains")


async def sign_in(work: Work, claims: Claims, caller: Caller) -> Entered:
    """Raises NotConfirmed for an identity that belongs to nobody here."""
    known = await work.session.get(ExternalIdentity, (claims.issuer, claims.subject))
    if known is None:
        raise NotConfirmed("nobody here has this identity")
    person = await work.lock(Person, known.person)
    if person.kind != "staff" or person.state != Standing.ACTIVE:
        raise NotConfirmed("this person may not sign in")
    return await _enter(work, person, claims, caller)


async def _enter(work: Work, person: Person, claims: Claims, caller: Caller) -> Entered:
    trusted = provider(work).second_factor_there and claims.second_factor
    return await signin.enter(work, person, caller, way="sso", factor=trusted)


async def link(work: Work, person: UUID, claims: Claims) -> None:
    """A signed-in member of staff adds the outside identity to their own account."""
    known = await work.session.get(ExternalIdentity, (claims.issuer, claims.subject))
    if known is not None and known.person != person:
        raise Conflict("This company account belongs to somebody else here. Nothing was changed.")
    if known is not None:
        return
    await work.run(
        delete(ExternalIdentity).where(
            ExternalIdentity.person == person, ExternalIdentity.issuer == claims.issuer
        )
    )
    work.add(
        ExternalIdentity(
            issuer=claims.issuer, subject=claims.subject, person=person, linked_at=work.now
        )
    )
    await work.flush()


async def unlink(work: Work, person: Person) -> None:
    """Raises Conflict where there would be no way in left."""
    if person.password_sealed is None or not work.settings(IdentitySettings).staff_passwords:
        raise Conflict(
            "This is your only way to sign in. Set a password first. Nothing was changed."
        )
    await work.run(delete(ExternalIdentity).where(ExternalIdentity.person == person.id))
    work.record("unlinked single sign-on", person=str(person.id))


async def accept(work: Work, bearer: str, claims: Claims, caller: Caller) -> Entered:
    """An invited person answers with the company account the invitation was sent to.

    Raises NotConfirmed when the provider does not vouch for just that address.
    """
    _, invited = await invitations.open_one(work, bearer)
    same = work.blind(people.EMAIL, claims.email) == invited.email_blind
    if not claims.email_verified or not same:
        raise NotConfirmed("the invitation is for another address")
    person = await invitations.accept(work, bearer, name=claims.name, password=None)
    await link(work, person.id, claims)
    return await _enter(work, person, claims, caller)


async def linked(work: Work, people_ids: set[UUID]) -> set[UUID]:
    """Which of these people have an outside identity."""
    return set(
        await work.rows(
            select(ExternalIdentity.person).where(ExternalIdentity.person.in_(people_ids))
        )
    )
