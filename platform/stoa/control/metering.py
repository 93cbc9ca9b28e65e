"""Usage by day: what each sub-broker's modules count of whole days, kept for the operator."""

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from stoa.kernel.clock import business_day
from stoa.product import Product
from stoa.tenancy.door import Door
from stoa.tenancy.facts import TenantFacts
from stoa.tenancy.model import Meter
from stoa.tenancy.registry import TenantRef
from stoa.tenancy.work import PlatformWork

EVERY_S: Final = 900
AGAIN: Final = 3
"""Days counted anew each time: what comes late or is corrected finds its day."""
FURTHEST: Final = 92


async def count(door: Door, product: Product, tenant: TenantRef, *, days: int = 0) -> None:
    """Count the last days by the tenant's calendar; without `days`, all since the last count."""
    async with door.platform(purpose="usage") as platform:
        newest = await platform.value(
            select(func.max(Meter.day)).where(Meter.tenant == tenant.id, Meter.name == "lots")
        )
    async with door.open(tenant, purpose="usage") as work:
        last = business_day(work.now, work.settings(TenantFacts).time_zone)
        known = date.fromisoformat(newest) if newest else last - timedelta(days=FURTHEST)
        first = min(last, known) - timedelta(days=AGAIN - 1)
        first = last - timedelta(days=days - 1) if days else first
        first = max(first, last - timedelta(days=FURTHEST - 1))
        told: dict[str, Mapping[date, Any]] = {}
        for module in product.modules:
            if module.usage is not None:
                told |= await module.usage(work, first, last)
    span = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    # A day without anything is a nought, so that what was taken back does not stay.
    rows = [
        (day.isoformat(), name, Decimal(by_day.get(day, 0)))
        for name, by_day in told.items()
        for day in span
    ]
    async with door.platform(purpose="usage") as platform:
        await store(platform, tenant, rows)


async def store(
    platform: PlatformWork, tenant: TenantRef, rows: list[tuple[str, str, Decimal]]
) -> None:
    """Write days, names and amounts; what was written of the same day and name gives way."""
    if not rows:
        return
    new = insert(Meter).values(
        [
            {"tenant": tenant.id, "day": day, "name": name, "amount": amount}
            for day, name, amount in rows
        ]
    )
    await platform.run(
        new.on_conflict_do_update(
            index_elements=["tenant", "day", "name"], set_={"amount": new.excluded.amount}
        )
    )
