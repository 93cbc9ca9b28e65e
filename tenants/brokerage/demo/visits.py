"""The operator enters a tenant to help, with a reason and an end, and leaves again."""

from typing import Final

from sqlalchemy import select

from brokerage.demo.world import World
from stoa.control import tenants
from stoa.identity.model import Operator
from stoa.tenancy.actor import Actor, Kind
from stoa.tenancy.registry import TenantRef

_MINUTES: Final = 30


async def happen(world: World, ref: TenantRef, operator: str) -> None:
    """Both audits keep it: the operator's and the tenant's own."""
    async with world.door.platform(purpose="demo.look") as work:
        row = await work.first(select(Operator).where(Operator.email == operator))
    if row is None:
        return
    actor = Actor(Kind.OPERATOR, row.id, row.name, frozenset(row.permissions))
    why = "Their finance asked for help with a settlement file that was not read."
    async with world.door.platform(actor=actor, purpose="POST /tenants/{tenant}/enter") as work:
        session, ticket = await tenants.grant_entry(work, ref.id, reason=why, minutes=_MINUTES)
    await tenants.enter(world.door, ref, ticket, operator=row.name, ip="127.0.0.1")
    await tenants.leave(world.door, ref, session.id)
