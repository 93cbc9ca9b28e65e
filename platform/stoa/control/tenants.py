"""What the operator does to a tenant: suspend, resume, enter for support. Each asks its reason."""

from datetime import timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import select

from stoa.identity.model import Operator, Session
from stoa.identity.sessions import FULL, hash_token, visiting
from stoa.kernel.ids import token, uuid7
from stoa.kernel.refusals import Gone, Invalid, NotFound
from stoa.tenancy.door import Door
from stoa.tenancy.model import SupportSession, Tenant, TenantState
from stoa.tenancy.registry import TenantRef
from stoa.tenancy.work import PlatformWork

LONGEST_SUPPORT_MIN: Final = 120
_TICKET_LIFE: Final = timedelta(minutes=2)


def _reason(reason: str) -> str:
    if len(reason.strip()) < 5:
        raise Invalid("Say why, in a few words.", field="reason")
    return reason.strip()[:400]


async def suspend(work: PlatformWork, tenant: UUID, *, reason: str) -> Tenant:
    """Pause new business. Clients still see balances and may ask for withdrawals."""
    row = await work.lock(Tenant, tenant)
    reason = _reason(reason)

    row.move(TenantState.SUSPENDED)
    row.state_reason = reason
    row.epoch += 1
    work.reason, work.about_tenant = reason, tenant
    return row


async def resume(work: PlatformWork, tenant: UUID, *, reason: str) -> Tenant:
    row = await work.lock(Tenant, tenant)
    reason = _reason(reason)

    row.move(TenantState.ACTIVE)
    row.state_reason = None
    row.epoch += 1
    work.reason, work.about_tenant = reason, tenant
    return row


async def grant_entry(
    work: PlatformWork, tenant: UUID, *, reason: str, minutes: int
) -> tuple[SupportSession, str]:
    """A support session that ends by itself, and the one-time ticket to it (2 minutes to use)."""
    if not 1 <= minutes <= LONGEST_SUPPORT_MIN:
        raise Invalid("A support session lasts 1 to 120 minutes.", field="minutes")
    row = await work.get(Tenant, tenant)
    reason = _reason(reason)

    ticket = token()
    session = SupportSession(
        id=uuid7(),
        operator=work.actor.id,
        tenant=row.id,
        reason=reason,
        ticket_hash=hash_token(ticket),
        started_at=work.now,
        ends_at=work.now + timedelta(minutes=minutes),
    )
    work.add(session)
    work.reason, work.about_tenant = reason, tenant
    return session, ticket


async def enter(door: Door, tenant: TenantRef, ticket: str, *, operator: str, ip: str) -> str:
    """Redeem a ticket at the tenant's own host; returns the session's bearer token.

    The tenant's audit log gets the entry with the reason, in the same transaction as the session.
    """
    async with door.platform(purpose="support.enter") as platform:
        found = await platform.first(
            select(SupportSession)
            .where(
                SupportSession.ticket_hash == hash_token(ticket),
                SupportSession.tenant == tenant.id,
            )
            .with_for_update()
        )
        if found is None:
            raise NotFound
        if found.entered_at is not None or found.started_at + _TICKET_LIFE < platform.now:
            raise Gone("This ticket was used or is too old. Ask for entry again.")
        found.entered_at = platform.now
        reason, ends_at, who, session = found.reason, found.ends_at, found.operator, found.id
    bearer = token()
    actor = visiting(who, operator, session)
    async with door.open(tenant, actor=actor, purpose="support.enter") as work:
        work.add(
            Session(
                id=uuid7(),
                token_hash=hash_token(bearer),
                person=None,
                audience="desk",
                stage=FULL,
                epoch=0,
                started_at=work.now,
                seen_at=work.now,
                ends_at=ends_at,
                ip=ip,
                device="support",
                support=session,
                support_operator=who,
                support_name=operator,
            )
        )
        work.reason = reason
        work.record("support.entered", operator=operator, until=ends_at, session=str(session))
    return bearer


async def leave(door: Door, tenant: TenantRef, session: UUID) -> None:
    """End a support session on both sides."""
    async with door.platform(purpose="support.leave") as platform:
        row = await platform.lock(SupportSession, session)
        if row.tenant == tenant.id and row.ended_at is None:
            row.ended_at = platform.now
        name = await platform.value(select(Operator.name).where(Operator.id == row.operator))
        actor = visiting(row.operator, name, session)
    async with door.open(tenant, actor=actor, purpose="support.leave") as work:
        work.record("support.left", session=str(session))
