"""How much each sub-broker uses: charts over days, the figures beneath them, and files of those."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from litestar import Request, get
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response
from markupsafe import Markup
from sqlalchemy import func, select

from stoa.identity.operators import Control
from stoa.tenancy.model import Meter, Tenant
from stoa.tenancy.work import PlatformWork
from stoa.theming import charts as drawn
from stoa.theming.figures import number
from stoa.theming.texts import N_
from stoa.web import access, tables

AnyRequest = Request[Any, Any, Any]

RANGES: Final = (30, 90, 180)
SHORT: Final = 30
FLOWS: Final = {
    "lots": N_("Lots"),
    "traders": N_("Clients who traded"),
    "clients_new": N_("New clients"),
    "deposits": N_("Deposits"),
    "withdrawals": N_("Withdrawals"),
}
CLIENTS: Final = N_("Clients")
_MONEY: Final = "client_money."
_ENOUGH: Final = 2
"""Days without which nothing is drawn."""


class Trend(tuple[Decimal, ...]):
    """Amounts of the last days in one cell: their sum, and how it came about."""

    __slots__ = ()

    def __str__(self) -> str:
        return str(sum(self, Decimal(0)))

    def __html__(self) -> Markup:
        line = drawn.sparkline(self, width=64, height=18, area=False) if any(self) else ""
        return Markup('<span class="trend">{}{}</span>').format(line, number(sum(self, Decimal(0))))


def _days(work: PlatformWork, many: int) -> list[date]:
    today = work.now.date()
    return [today - timedelta(days=n) for n in reversed(range(many))]


async def charts(work: PlatformWork, tenant: Tenant, many: int) -> list[dict[str, Any]]:
    """What there is to draw of one sub-broker over so many days; none before its second day."""
    days = _days(work, many)
    rows = await work.table(
        select(Meter.name, Meter.day, Meter.amount)
        .where(Meter.tenant == tenant.id, Meter.day >= days[0].isoformat())
        .order_by(Meter.day)
    )
    told: dict[str, dict[str, Decimal]] = {}
    for row in rows:
        told.setdefault(row.name, {})[row.day] = row.amount
    held = [name for name in told if name.startswith(_MONEY)]
    usual = _MONEY + tenant.base_currency
    money = usual if usual in held else max(held, key=lambda name: len(told[name]), default="")
    made = [
        _flow(FLOWS["lots"], told.get("lots", {}), days),
        _level(CLIENTS, told.get("clients", {}), days),
        _flow(FLOWS["traders"], told.get("traders", {}), days),
        _flow(FLOWS["clients_new"], told.get("clients_new", {}), days),
        _flow(FLOWS["deposits"], told.get("deposits", {}), days),
        _flow(FLOWS["withdrawals"], told.get("withdrawals", {}), days),
        _level(N_("Client money"), told.get(money, {}), days, unit=money.removeprefix(_MONEY)),
    ]
    return [one for one in made if len(one["x"]) >= _ENOUGH]


def _flow(label: str, by_day: Mapping[str, Decimal], days: Sequence[date]) -> dict[str, Any]:
    """What happened on each day since the first that was counted."""
    began = min(by_day, default="")
    x = [day for day in days if began and day.isoformat() >= began]
    values = [by_day.get(day.isoformat(), Decimal(0)) for day in x]
    total = sum(values, Decimal(0))
    # Who traded on two days is one client: days of people do not add up.
    figure = None if label == FLOWS["traders"] else total
    return {"kind": "bars", "label": label, "x": x, "values": values, "figure": figure, "unit": ""}


def _level(
    label: str, by_day: Mapping[str, Decimal], days: Sequence[date], unit: str = ""
) -> dict[str, Any]:
    """How high it stood at the end of each day; a day nobody reported stands as the one before."""
    began = min(by_day, default="")
    x = [day for day in days if began and day.isoformat() >= began]
    values: list[Decimal] = []
    for day in x:
        values.append(by_day.get(day.isoformat(), values[-1] if values else Decimal(0)))
    figure = values[-1] if values else None
    return {
        "kind": "area",
        "label": label,
        "x": x,
        "values": values,
        "figure": figure,
        "unit": unit,
    }


async def lots(work: PlatformWork, tenants: Sequence[UUID]) -> dict[UUID, list[Decimal]]:
    """The lots of each of the last days, by sub-broker."""
    days = [day.isoformat() for day in _days(work, SHORT)]
    rows = await work.table(
        select(Meter.tenant, Meter.day, Meter.amount).where(
            Meter.tenant.in_(tenants), Meter.day >= days[0], Meter.name == "lots"
        )
    )
    told: dict[UUID, dict[str, Decimal]] = {}
    for row in rows:
        told.setdefault(row.tenant, {})[row.day] = row.amount
    return {
        tenant: [by_day.get(day, Decimal(0)) for day in days] for tenant, by_day in told.items()
    }


async def fleet_charts(work: PlatformWork) -> list[dict[str, Any]]:
    """Lots and traders of all sub-brokers together over the last days."""
    days = _days(work, SHORT)
    rows = await work.table(
        select(Meter.name, Meter.day, func.sum(Meter.amount).label("amount"))
        .where(Meter.name.in_(("lots", "traders")), Meter.day >= days[0].isoformat())
        .group_by(Meter.name, Meter.day)
    )
    told: dict[str, dict[str, Decimal]] = {"lots": {}, "traders": {}}
    for row in rows:
        told[row.name][row.day] = row.amount
    made = [_flow(FLOWS[name], by_day, days) for name, by_day in told.items()]
    return [one for one in made if len(one["x"]) >= _ENOUGH]


def _table(tenant: UUID) -> tables.Table:
    names = ("clients", "clients_new", "traders", "lots", "deposits", "withdrawals")
    of = (
        select(
            Meter.day,
            *(func.max(Meter.amount).filter(Meter.name == name).label(name) for name in names),
        )
        .where(Meter.tenant == tenant)
        .group_by(Meter.day)
        .subquery("by_day")
    )

    async def view(_work: Any, rows: Sequence[Any]) -> list[tables.Shown]:
        return [
            tables.Shown(
                key=row.day,
                cells=(date.fromisoformat(row.day), *(getattr(row, name) for name in names)),
            )
            for row in rows
        ]

    labels = {"clients": CLIENTS, **FLOWS}
    return tables.Table(
        name="usage",
        title=N_("Usage"),
        columns=(
            tables.Column("day", N_("Day"), "date", sort=of.c.day, fixed=True),
            *(tables.Column(name, labels[name], "num") for name in names),
        ),
        query=lambda _work: select(of),
        view=view,
        id=of.c.day,
        order="day",
        filters=(
            tables.Filter("from", N_("From"), lambda _work, day: of.c.day >= day, "date"),
            tables.Filter("to", N_("To"), lambda _work, day: of.c.day <= day, "date"),
        ),
        page_size=31,
        empty_title=N_("No day has been counted yet"),
        empty_text=N_(
            "Its worker counts the day within a quarter of an hour, then every day anew."
        ),
        empty_icon="chart-bar",
    )


@get("/tenants/{tenant:uuid}/usage", access=access.control(Control.TENANTS_VIEW))
async def used(
    request: AnyRequest, work: NamedDependency[PlatformWork], tenant: FromPath[UUID]
) -> Response[Any]:
    """One sub-broker's use over time, to look at and to take away."""
    row = await work.get(Tenant, tenant)
    asked = request.query_params.get("days", "")
    many = next((one for one in RANGES if str(one) == asked), RANGES[1])
    return await tables.answer(
        request,
        work,
        _table(tenant),
        audience="control",
        template="control/fleet/usage.html",
        tenant=row,
        charts=await charts(work, row, many),
        many=many,
        ranges=RANGES,
    )
