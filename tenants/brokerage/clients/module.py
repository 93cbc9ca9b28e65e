"""How clients join the product."""

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import accumulate
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, bindparam, func, select, text

from brokerage.clients import (
    audited,
    bulk,
    desk,
    needs,
    proof,
    queries,
    register,
    room,
    stream,
    visitor,
    working,
)
from brokerage.clients.labels import LABELS
from brokerage.clients.model import Client, State
from brokerage.clients.permissions import ROLES, Clients
from brokerage.clients.settings import ClientSettings
from brokerage.ledger import hooks as ledger
from brokerage.ledger import hooks as ledger_hooks
from stoa.kernel.clock import business_day, day_bounds
from stoa.product import Card, Item, Module, NavItem
from stoa.tenancy.facts import TenantFacts
from stoa.tenancy.statements import kept
from stoa.tenancy.work import Work
from stoa.theming.texts import N_

_DAYS: Final = 14
_MOST_ITEMS: Final = 5


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


async def usage(work: Work, first: date, last: date) -> dict[str, dict[date, Any]]:
    """Who came, day by day, and how many of those who stayed were there at each day's end."""
    zone = work.settings(TenantFacts).time_zone
    local = func.date(func.timezone(zone, Client.registered_at))
    rows = await work.table(
        select(local, func.count(), func.count().filter(Client.state != State.CLOSED))
        .where(
            Client.registered_at >= day_bounds(first, zone)[0],
            Client.registered_at < day_bounds(last, zone)[1],
        )
        .group_by(local)
    )
    here = await work.count(
        select(Client.id).where(
            Client.registered_at < day_bounds(first, zone)[0], Client.state != State.CLOSED
        )
    )
    stayed = {row[0]: row[2] for row in rows}
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    heights = accumulate((stayed.get(day, 0) for day in days), initial=here)
    return {
        "clients_new": {row[0]: row[1] for row in rows},
        "clients": dict(zip(days, list(heights)[1:], strict=True)),
    }


async def today(work: Work) -> Sequence[Card]:
    """New clients day by day; those nobody looks after yet."""
    if not work.actor.may(Clients.VIEW):
        return []
    cards = [await _newcomers(work)]
    if work.actor.may(Clients.ASSIGN):
        cards.append(await _unassigned(work))
    return cards


@kept
def _joined_by_day(visible: ColumnElement[bool]) -> Select[Any, int]:
    local = func.date(func.timezone(bindparam("zone"), Client.registered_at))
    return (
        select(local, func.count())
        .where(Client.registered_at >= bindparam("since"), visible)
        .group_by(text("1"))
    )


async def _newcomers(work: Work) -> Card:
    zone = work.settings(TenantFacts).time_zone
    day = business_day(work.now, zone)
    first = day - timedelta(days=_DAYS - 1)
    asked = {"zone": zone, "since": day_bounds(first, zone)[0]}
    rows = await work.table(_joined_by_day(queries.visible(work)), asked)
    counted = {row[0]: int(row[1]) for row in rows}
    series = [counted.get(first + timedelta(days=n), 0) for n in range(_DAYS)]
    return Card(
        key="clients-new",
        label=N_("New clients today"),
        figure=series[-1],
        path=f"/desk/clients?registered_from={day.isoformat()}",
        spark=series,
        detail=N_("last 14 days"),
        order=40,
    )


_NOBODYS: Final = (
    select(Client)
    .where(Client.owner.is_(None), Client.state != State.CLOSED)
    .order_by(Client.id.desc())
)


async def _unassigned(work: Work) -> Card:
    rows, count = await queries.named(work, _NOBODYS, Client.id, _MOST_ITEMS, {})
    return Card(
        key="clients-unassigned",
        label=N_("Clients without an owner"),
        figure=count,
        path="/desk/clients?owner=none",
        items=[
            Item(
                title=name or row.reference,
                path=f"/desk/clients/{row.id}",
                detail=row.reference,
                status=row.state,
                since=row.registered_at,
            )
            for row, name in rows
        ],
        order=60,
        worklist=True,
    )


NAV: Final = (
    NavItem(
        "desk", N_("Today"), "/desk", icon="sun", permission=Clients.SEE_TODAY, order=0, key="t"
    ),
    NavItem(
        "desk",
        N_("Clients"),
        "/desk/clients",
        icon="users",
        permission=Clients.VIEW,
        order=10,
        key="c",
    ),
    NavItem("room", N_("Home"), "/", icon="home", permission=Clients.HOME_OWN, order=0, key="h"),
    NavItem(
        "room",
        N_("Profile"),
        "/profile",
        icon="user-circle",
        permission=Clients.PROFILE_OWN,
        order=90,
        key="p",
    ),
    NavItem("public", N_("Sign in"), "/sign-in", icon="login", order=0),
    NavItem("public", N_("Open an account"), "/register", icon="user-plus", order=10),
)

ledger_hooks.scope.append(queries.within)

# The ledger lies below and knows no clients: this is how it keeps staff to their data scope.
ledger.scope.append(queries.within)

MODULE = Module(
    name="clients",
    settings=ClientSettings,
    labels=LABELS,
    permissions=Clients,
    web=[
        *visitor.WEB,
        *register.WEB,
        *proof.WEB,
        *room.WEB,
        *stream.WEB,
        *working.WEB,
        *desk.WEB,
        *bulk.WEB,
        *audited.WEB,
    ],
    pulse=pulse,
    usage=usage,
    nav=NAV,
    search=queries.hits,
    today=today,
    needs=needs.needs,
    tabs=desk.TABS,
    moments=needs.moments,
    roles=ROLES,
)
