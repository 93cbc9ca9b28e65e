"""The fleet as a list, and one tenant as a page."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from litestar import Request, get
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response
from sqlalchemy import func, literal, select

from stoa.identity.operators import Control
from stoa.tenancy.model import Host, Meter, Provision, Pulse, SchemaSlot, SupportSession, Tenant
from stoa.tenancy.work import PlatformWork
from stoa.theming.texts import N_
from stoa.web import access, tables
from stoa.web.pages import page

AnyRequest = Request[Any, Any, Any]
_QUIET_AFTER_S = 60


def _query(_work: Any) -> Any:
    return (
        select(
            Tenant.id,
            Tenant.slug,
            Tenant.name,
            Tenant.state,
            Tenant.created_at,
            SchemaSlot.revision,
            SchemaSlot.error.label("migration_error"),
            Pulse.body,
            Pulse.at.label("pulse_at"),
        )
        .outerjoin(SchemaSlot, SchemaSlot.name == Tenant.schema)
        .outerjoin(Pulse, Pulse.tenant == Tenant.id)
    )


def lag_s(body: dict[str, Any]) -> int:
    return max((lane.get("lag_s", 0) for lane in (body.get("lanes") or {}).values()), default=0)


def worries(row: Any, now: Any) -> list[str]:
    """What needs the operator's eye, most urgent first; empty when all is well."""
    body = row.body or {}
    found: list[str] = []
    if row.migration_error:
        found.append(N_("migration failed"))
    if row.state == "active" and (
        row.pulse_at is None or (now - row.pulse_at).total_seconds() > _QUIET_AFTER_S
    ):
        found.append(N_("no pulse"))
    if any(lane.get("dead") for lane in (body.get("lanes") or {}).values()):
        found.append(N_("dead letters"))
    if lag_s(body) > _QUIET_AFTER_S:
        found.append(N_("queue is late"))
    if body.get("failing_connectors"):
        found.append(N_("connector failing"))
    if body.get("failing_sweeps"):
        found.append(N_("sweep failing"))
    return found


async def _view(work: Any, rows: Sequence[Any]) -> list[tables.Shown]:
    shown: list[tables.Shown] = []
    for row in rows:
        body = row.body or {}
        concerns = worries(row, work.now)
        held = body.get("money_held") or {}
        shown.append(
            tables.Shown(
                key=str(row.id),
                href=f"/tenants/{row.id}",
                tone="stopped" if concerns else "",
                cells=(
                    {"name": row.name, "note": row.slug},
                    row.state,
                    ", ".join(concerns),
                    body.get("clients", 0),
                    body.get("volume_lots", "0"),
                    "  ".join(f"{amount} {code}" for code, amount in sorted(held.items())[:3]),
                    row.revision or "",
                    lag_s(body),
                    ", ".join(body.get("failing_connectors") or ()),
                    body.get("open_withdrawals", 0),
                    body.get("pending_kyc", 0),
                    row.pulse_at,
                ),
            )
        )
    return shown


FLEET = tables.Table(
    name="fleet",
    title=N_("Fleet"),
    columns=(
        tables.Column("name", N_("Sub-broker"), "person", sort=func.lower(Tenant.name), fixed=True),
        tables.Column("state", N_("State"), "status", sort=Tenant.state),
        tables.Column("attention", N_("Needs attention")),
        tables.Column("clients", N_("Clients"), "num"),
        tables.Column("volume", N_("Lots, 24 h"), "num"),
        tables.Column("held", N_("Client money")),
        tables.Column("revision", N_("Schema"), "code"),
        tables.Column("lag", N_("Queue lag, s"), "num"),
        tables.Column("connectors", N_("Failing connectors")),
        tables.Column("withdrawals", N_("Open withdrawals"), "num"),
        tables.Column("kyc", N_("Pending verification"), "num", hidden=True),
        tables.Column("pulse", N_("Last pulse"), "when"),
    ),
    query=_query,
    view=_view,
    id=Tenant.id,
    order="name",
    descending=False,
    filters=(
        tables.choice(
            "state",
            N_("State"),
            Tenant.state,
            (
                ("active", N_("Active")),
                ("suspended", N_("Suspended")),
                ("provisioning", N_("Provisioning")),
                ("archived", N_("Archived")),
            ),
        ),
    ),
    search=lambda _work, typed: func.lower(Tenant.name + " " + Tenant.slug).contains(
        typed.lower(), autoescape=True
    ),
    search_label=N_("Find a sub-broker"),
    empty_title=N_("No sub-brokers yet"),
    empty_text=N_("Provision the first one: it is usable in seconds."),
    empty_action=N_("Provision"),
    empty_href="/tenants/new",
)


@get("/", access=access.control(Control.TENANTS_VIEW))
async def fleet(request: AnyRequest, work: NamedDependency[PlatformWork]) -> Response[Any]:
    figures = (
        await work.table(
            select(
                func.count().filter(Tenant.state == "active").label("active"),
                func.count().filter(Tenant.state == "suspended").label("suspended"),
                func.count().filter(Tenant.state == "provisioning").label("provisioning"),
            ).select_from(Tenant)
        )
    )[0]
    blank = await work.value(
        select(func.count()).select_from(SchemaSlot).where(SchemaSlot.state == "blank")
    )
    return await tables.answer(
        request,
        work,
        FLEET,
        audience="control",
        template="control/fleet/fleet.html",
        figures={
            "active": figures.active,
            "suspended": figures.suspended,
            "provisioning": figures.provisioning,
            "blank": blank,
        },
    )


@get("/tenants/{tenant:uuid}", access=access.control(Control.TENANTS_VIEW))
async def one(
    request: AnyRequest, work: NamedDependency[PlatformWork], tenant: FromPath[UUID]
) -> Response[str]:
    row = await work.get(Tenant, tenant)
    pulse = await work.session.get(Pulse, tenant)
    slot = await work.first(select(SchemaSlot).where(SchemaSlot.tenant == tenant))
    hosts = await work.rows(select(Host).where(Host.tenant == tenant).order_by(Host.name))
    provision = await work.first(select(Provision).where(Provision.tenant == tenant))
    visits = await work.rows(
        select(SupportSession)
        .where(SupportSession.tenant == tenant)
        .order_by(SupportSession.started_at.desc())
        .limit(20)
    )
    meters = await work.table(
        select(Meter.day, Meter.name, Meter.amount)
        .where(Meter.tenant == tenant)
        .order_by(Meter.day.desc(), literal(1))
        .limit(200)
    )
    series: dict[str, list[float]] = {}
    for meter in reversed(meters):
        series.setdefault(meter.name, []).append(float(meter.amount))
    return page(
        request,
        work,
        "control/fleet/tenant.html",
        audience="control",
        tenant=row,
        body=(pulse.body if pulse else {}),
        pulse_at=pulse.at if pulse else None,
        slot=slot,
        hosts=hosts,
        provision=provision,
        visits=visits,
        series=series,
        address=request.app.state.stoa.config.url(hosts[0].name) if hosts else "",
    )
