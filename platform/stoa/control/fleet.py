"""The fleet as a list, and one tenant as a page."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from litestar import Request, get
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response
from markupsafe import Markup
from sqlalchemy import func, select

from stoa.audit.model import OperatorAudit
from stoa.control import attention, usage
from stoa.identity.operators import Control
from stoa.kernel.money import Money
from stoa.tenancy.model import Host, Provision, Pulse, SchemaSlot, SupportSession, Tenant
from stoa.tenancy.work import PlatformWork
from stoa.theming.figures import money
from stoa.theming.look import shown
from stoa.theming.texts import N_
from stoa.web import access, tables
from stoa.web.pages import page

AnyRequest = Request[Any, Any, Any]


def lag_s(body: dict[str, Any]) -> int:
    return max((lane.get("lag_s", 0) for lane in (body.get("lanes") or {}).values()), default=0)


class _Spoken(tuple[str, ...]):
    """Message ids in one cell, said in the reader's language."""

    __slots__ = ()

    def __html__(self) -> Markup:
        say = shown().texts.gettext
        return Markup("{}").format(", ".join(say(one) for one in self))


class _Amounts(dict[str, str]):
    """Client money by currency: the largest as a figure, how many more beside it."""

    __slots__ = ()

    def filed(self) -> str:
        """All of them, for a file."""
        return " ".join(f"{amount} {code}" for code, amount in sorted(self.items()))

    def __html__(self) -> Markup:
        code, amount = max(self.items(), key=lambda one: Decimal(one[1]))
        shape = Markup('&nbsp;<small dir="ltr">+{}</small>')
        more = shape.format(len(self) - 1) if len(self) > 1 else ""
        return money(Money(Decimal(amount), code)) + more


async def _view(work: Any, rows: Sequence[Any]) -> list[tables.Shown]:
    shown: list[tables.Shown] = []
    lots = await usage.lots(work, [row.id for row in rows])
    for row in rows:
        body = row.body or {}
        concerns = attention.of(row)
        held = body.get("client_money") or {}
        shown.append(
            tables.Shown(
                key=str(row.id),
                href=f"/tenants/{row.id}",
                tone=concerns[0][1] if concerns else "",
                cells=(
                    {"name": row.name, "note": row.slug},
                    row.state,
                    _Spoken(said for said, _ in concerns) if concerns else "",
                    body.get("clients", 0),
                    usage.Trend(lots.get(row.id, ())),
                    _Amounts(held) if held else "",
                    row.revision or "",
                    lag_s(body),
                    ", ".join(body.get("failing_connectors") or ()),
                    body.get("open_withdrawals", 0),
                    body.get("kyc_to_decide", 0),
                    row.pulse_at,
                ),
            )
        )
    return shown


FLEET = tables.Table(
    name="fleet",
    title=N_("Fleet"),
    columns=(
        tables.Column(
            "name",
            N_("Sub-broker"),
            "person",
            beside=N_("Code"),
            sort=func.lower(Tenant.name),
            fixed=True,
        ),
        tables.Column("state", N_("State"), "status", coded=True, sort=Tenant.state),
        tables.Column("attention", N_("Needs attention"), sort=attention.NEED, fixed=True),
        tables.Column("clients", N_("Clients"), "num", sort=attention.CLIENTS),
        tables.Column("volume", N_("Lots, 30 days"), "num", sort=attention.LOTS),
        tables.Column("held", N_("Client money"), sort=attention.HELD),
        tables.Column("revision", N_("Schema"), "code", sort=attention.REVISION),
        tables.Column("lag", N_("Queue lag, s"), "num", sort=attention.LAG_S),
        tables.Column("connectors", N_("Failing connectors"), "code", sort=attention.FAILING),
        tables.Column(
            "withdrawals", N_("Open withdrawals"), "num", hidden=True, sort=attention.WITHDRAWALS
        ),
        tables.Column(
            "kyc", N_("Pending verification"), "num", hidden=True, sort=attention.TO_DECIDE
        ),
        tables.Column("pulse", N_("Last pulse"), "when", sort=attention.PULSE_AT),
    ),
    query=lambda _work: attention.query(),
    view=_view,
    id=Tenant.id,
    order="attention",
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
        charts=await usage.fleet_charts(work),
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
    acts = await work.rows(
        select(OperatorAudit)
        .where(OperatorAudit.about_tenant == tenant)
        .order_by(OperatorAudit.id.desc())
        .limit(12)
    )
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
        charts=await usage.charts(work, row, 60),
        acts=acts,
        worries=attention.of((await work.table(attention.query().where(Tenant.id == tenant)))[0]),
        address=request.app.state.stoa.config.url(hosts[0].name) if hosts else "",
    )
