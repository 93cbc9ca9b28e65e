"""The demo's staff: made as the owner would invite them, with a known second factor to try."""

import hashlib
from base64 import b32encode
from typing import Final
from uuid import UUID

from pyotp.totp import TOTP
from sqlalchemy import select

from brokerage.demo.cast import STAFF
from brokerage.demo.world import World
from stoa.identity import factors, people, roles
from stoa.identity.model import Role, StaffRole, Standing
from stoa.tenancy.registry import TenantRef

PASSWORD: Final = "harbour-lantern-cedar"  # noqa: S105 - a demo's, printed where it is used


def secret_of(email: str) -> str:
    """The demo's second-factor secret of one person; `stoa code` shows its present code."""
    return b32encode(hashlib.sha256(f"demo|{email}".encode()).digest()[:20]).decode()


async def hire(world: World, ref: TenantRef) -> dict[str, UUID]:
    """Everybody of the cast, with roles, password and second factor. Ids by short name."""
    hired: dict[str, UUID] = {}
    for name, short, named in STAFF:
        email = f"{short}@{ref.slug}.example"
        async with world.work(ref, purpose="demo.staff") as work:
            person = await people.by_email(work, "staff", email)
            if person is None:
                person = await people.create(work, "staff", email, name, password=PASSWORD)
            elif person.state == Standing.INVITED:
                people.rename(work, person, name)
                await people.set_password(work, person, PASSWORD)
                person.state = Standing.ACTIVE
            await roles.give(work, person, await roles.by_names(work, list(named)))
            secret = secret_of(email)
            code = TOTP(secret).at(int(work.now.timestamp()))
            factors.enrol(factors.keeper(work, person.id), person, secret, code, work.now)
            hired[short] = person.id
    return hired


async def permissions(world: World, ref: TenantRef, person: UUID) -> frozenset[str]:
    """What a member of staff holds, as their session would find it."""
    async with world.work(ref, purpose="demo.staff") as work:
        held = await work.rows(
            select(Role.permissions)
            .join(StaffRole, StaffRole.role == Role.id)
            .where(StaffRole.person == person)
        )
    return frozenset(name for names in held for name in names)
