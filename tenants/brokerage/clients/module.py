"""How clients join the product."""

from typing import Any

from sqlalchemy import func, select

from brokerage.clients import queries
from brokerage.clients.model import Client, State
from brokerage.clients.permissions import ROLES, Clients
from brokerage.clients.settings import ClientSettings
from stoa.kernel.clock import business_day, day_bounds
from stoa.product import Module
from stoa.tenancy.facts import TenantFacts
from stoa.tenancy.work import Work


async def pulse(work: Work) -> dict[str, Any]:
    """How many clients there are, and how many came today by the tenant's calendar."""
    zone = work.settings(TenantFacts).time_zone
    start, _ = day_bounds(business_day(work.now, zone), zone)
    counted = await work.table(
        select(
            func.count().filter(Client.state != State.CLOSED),
            func.count().filter(Client.registered_at >= start),
        ).select_from(Client)
    )
    return {"clients": int(counted[0][0]), "clients_new_today": int(counted[0][1])}


MODULE = Module(
    name="clients",
    settings=ClientSettings,
    permissions=Clients,
    pulse=pulse,
    search=queries.hits,
    roles=ROLES,
)
