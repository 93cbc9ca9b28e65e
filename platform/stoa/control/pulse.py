"""What a tenant's worker reports of it: counts and health, gathered inside the tenant."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

import structlog
from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import insert

from stoa.audit.capture import plain
from stoa.control import metering
from stoa.events.model import Inbox, Outbox, Timer
from stoa.kernel.clock import business_day
from stoa.product import Product
from stoa.tenancy.door import Door
from stoa.tenancy.facts import TenantFacts
from stoa.tenancy.model import Pulse
from stoa.tenancy.registry import TenantRef

log = structlog.get_logger("stoa.pulse")

UNSEALED: Final = text(
    "select count(*) from audit_entry e where e.id > coalesce((select max(entry) from audit_seal), 0)"
)


async def take(door: Door, product: Product, tenant: TenantRef) -> dict[str, Any]:
    """Gather and store one pulse. A module that cannot tell is named, and the rest is kept."""
    body, silent = await _told(door, product, tenant)
    async with door.open(tenant, purpose="pulse") as work:
        body["lanes"] = await _lanes(work)
        body["unrelayed"] = await work.value(
            select(func.count()).select_from(Outbox).where(Outbox.relayed_at.is_(None))
        )
        body["failing_sweeps"] = list(
            await work.rows(select(Timer.name).where(Timer.last_error.is_not(None)).limit(20))
        )
        body["unsealed"] = await work.value(UNSEALED)
        body["silent"] = silent
        now = work.now
        day = business_day(now, work.settings(TenantFacts).time_zone).isoformat()
    stored = {"tenant": tenant.id, "at": now, "body": plain(body)}
    async with door.platform(purpose="pulse") as platform:
        await platform.run(
            insert(Pulse)
            .values(**stored)
            .on_conflict_do_update(
                index_elements=["tenant"], set_={"at": now, "body": stored["body"]}
            )
        )
        await metering.store(
            platform, tenant, [(day, name, amount) for name, amount in levels(body)]
        )
    return body


def levels(body: Mapping[str, Any]) -> list[tuple[str, Decimal]]:
    """What stands at a height and is kept day by day: clients, and their money by currency."""
    found = [("clients", Decimal(body["clients"]))] if "clients" in body else []
    held = body.get("client_money") or {}
    return [*found, *((f"client_money.{code}", Decimal(held[code])) for code in sorted(held))]


async def _told(
    door: Door, product: Product, tenant: TenantRef
) -> tuple[dict[str, Any], list[str]]:
    """What the modules tell, in one transaction; each alone where one of them fails."""
    body: dict[str, Any] = {}
    asked = [(one.name, one.pulse) for one in product.modules if one.pulse is not None]
    try:
        async with door.open(tenant, purpose="pulse") as work:
            for _, pulse in asked:
                body |= await pulse(work)
    except Exception:
        body.clear()
    else:
        return body, []
    silent: list[str] = []
    for name, pulse in asked:
        try:
            async with door.open(tenant, purpose="pulse") as work:
                body |= await pulse(work)
        except Exception:
            log.warning("pulse", module=name, tenant=str(tenant.id), exc_info=True)
            silent.append(name)
    return body, silent


async def _lanes(work: Any) -> dict[str, Any]:
    found = await work.table(
        select(
            Inbox.lane,
            func.count().filter(Inbox.state == "waiting").label("waiting"),
            func.count().filter(Inbox.state == "dead").label("dead"),
            func.min(Inbox.due_at).filter(Inbox.state == "waiting").label("oldest"),
        )
        .where(Inbox.state.in_(("waiting", "dead")))
        .group_by(Inbox.lane)
    )
    return {
        row.lane: {
            "waiting": row.waiting,
            "dead": row.dead,
            "lag_s": max(0, round((work.now - row.oldest).total_seconds())) if row.oldest else 0,
        }
        for row in found
    }
