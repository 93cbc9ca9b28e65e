"""The operator's pause of a connector: for all or chosen tenants, reversible by one command.

    done = await pause(door, "stripe", reason="Their certificate is revoked")
    done = await resume(door, "stripe", tenants=["nova"])

Each tenant is its own transaction, in its own schema, and reads in its own log that the platform did
it and why; who of the operator's people it was stands in the operator's log alone.
"""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import structlog
from sqlalchemy import select

from brokerage.payments import connectors
from brokerage.payments.permissions import Payments
from brokerage.payments.routing import watching
from brokerage.payments.routing.model import ConnectorPause
from brokerage.payments.settings import PaymentsSettings
from stoa.identity import roles
from stoa.identity.permissions import Control
from stoa.kernel.refusals import Invalid
from stoa.notices import notices
from stoa.tenancy.actor import SYSTEM, Actor
from stoa.tenancy.door import Door
from stoa.tenancy.registry import TenantRef
from stoa.tenancy.work import PlatformWork, Work
from stoa.theming.texts import N_

STATES: Final = ("active", "suspended")
_AT_ONCE: Final = 4
_LEAST_REASON: Final = 5

log = structlog.get_logger("stoa.connectors")


@dataclass(frozen=True, slots=True)
class Done:
    """What was changed in one tenant: its providers, or why nothing could be."""

    tenant: str
    psps: tuple[str, ...] = ()
    trouble: str = ""


async def pause(
    door: Door,
    connector: str,
    *,
    reason: str,
    tenants: Collection[str] = (),
    actor: Actor = SYSTEM,
) -> list[Done]:
    """No new payments to this connector until resumed; what is under way goes on.

    `tenants` are short names; none means all that have it. Raises NotFound for a connector nobody
    knows and Invalid without a reason or for a tenant there is not.
    """
    return await _everywhere(door, connector, reason, tenants, actor, paused=True)


async def resume(
    door: Door,
    connector: str,
    *,
    reason: str,
    tenants: Collection[str] = (),
    actor: Actor = SYSTEM,
) -> list[Done]:
    """The opposite; what a tenant's own people paused stays paused. Raises as `pause`."""
    return await _everywhere(door, connector, reason, tenants, actor, paused=False)


async def _everywhere(
    door: Door,
    connector: str,
    reason: str,
    tenants: Collection[str],
    actor: Actor,
    *,
    paused: bool,
) -> list[Done]:
    actor.require(Control.CONNECTORS_PAUSE)
    connectors.named(connector)
    why = " ".join(reason.split())[:200]
    if len(why) < _LEAST_REASON:
        raise Invalid("Say why, in a few words.", field="reason")
    chosen = await _chosen(door, tenants)
    # The operator's own log first: nothing happens anywhere that it does not know of.
    purpose = "connector.pause" if paused else "connector.resume"
    async with door.platform(actor=actor, purpose=purpose) as work:
        work.reason = why
        work.record(
            "connector.paused" if paused else "connector.resumed",
            connector=connector,
            tenants=sorted(tenants) or ["*"],
        )
        if not tenants:
            await _for_those_to_come(work, connector, why, paused=paused)
    places = asyncio.Semaphore(_AT_ONCE)

    async def one(tenant: TenantRef) -> Done:
        async with places:
            return await _in(door, tenant, connector, why, paused=paused)

    done = await asyncio.gather(*(one(tenant) for tenant in chosen))
    return [each for each in done if each.psps or each.trouble]


async def _for_those_to_come(work: PlatformWork, connector: str, why: str, *, paused: bool) -> None:
    row = await work.session.get(ConnectorPause, connector)
    if not paused:
        if row is not None:
            await work.delete(row)
    elif row is None:
        work.add(ConnectorPause(connector=connector, why=why, at=work.now))
    else:
        row.why = why


async def welcome(door: Door, tenant: UUID) -> None:
    """Pause in a new tenant what is paused for all. Done again, it changes nothing."""
    async with door.platform(purpose="connector.pauses") as platform:
        wanted = await platform.rows(select(ConnectorPause).order_by(ConnectorPause.connector))
    if not wanted:
        return
    async with door.open(tenant, purpose="connector.pause") as work:
        for one in wanted:
            await _mark(work, one.connector, one.why, paused=True)


async def _chosen(door: Door, tenants: Collection[str]) -> Sequence[TenantRef]:
    every = await door.registry.all(*STATES)
    if not tenants:
        return every
    known = {one.slug: one for one in every}
    missing = sorted(set(tenants) - set(known))
    if missing:
        raise Invalid("There is no tenant {name}. Nothing was changed.", name=missing[0])
    return [known[slug] for slug in sorted(set(tenants))]


async def _in(door: Door, tenant: TenantRef, connector: str, why: str, *, paused: bool) -> Done:
    """One tenant; what goes wrong there keeps nobody else from being paused."""
    try:
        async with door.open(tenant, purpose="connector.pause") as work:
            changed = await _mark(work, connector, why, paused=paused)
    except Exception as wrong:
        log.exception("connector pause", tenant=tenant.slug, connector=connector)
        return Done(tenant.slug, trouble=type(wrong).__name__)
    return Done(tenant.slug, tuple(changed))


async def _mark(work: Work, connector: str, why: str, *, paused: bool) -> list[str]:
    mine = [psp.code for psp in work.settings(PaymentsSettings).psps if psp.connector == connector]
    changed: list[str] = []
    for code, row in (await watching.locked(work, [*mine, watching.kind_of(connector)])).items():
        if (row.operator_paused_at is not None) == paused:
            continue
        row.operator_paused_at = work.now if paused else None
        row.operator_paused_why = why if paused else None
        changed += [code] if code in mine else []
    if not changed:
        return []
    work.reason = why
    what = "connector.paused" if paused else "connector.resumed"
    work.record(what, connector=connector, psps=changed)
    work.announce("desk|payments", "desk|psps")
    title = (
        N_("{psp} is paused by the platform: {why}")
        if paused
        else N_("{psp} is no longer paused by the platform: {why}")
    )
    people = await roles.holders(work, Payments.PSPS)
    for code in changed:
        path = f"/desk/psps/{code}/health"
        await notices.tell_all(work, people, title, path=path, psp=code, why=why)
    return changed


async def pulse(work: Work) -> dict[str, Any]:
    """By connector: this tenant's providers, and those the platform paused."""
    known = await watching.states(work)
    found: dict[str, dict[str, list[str]]] = {}
    for psp in work.settings(PaymentsSettings).psps:
        one = found.setdefault(psp.connector, {"psps": [], "paused": []})
        one["psps"].append(psp.code)
        if psp.code in known and known[psp.code].operator_paused_at is not None:
            one["paused"].append(psp.code)
    return found
