"""What the operator's people did, as a list."""

from collections.abc import Sequence
from typing import Any

from litestar import Request, get
from litestar.di import NamedDependency
from litestar.response import Response
from sqlalchemy import String, cast, func, select

from stoa.audit.model import OperatorAudit
from stoa.control.words import ACTIONS
from stoa.identity.operators import Control
from stoa.tenancy.model import Tenant
from stoa.tenancy.work import PlatformWork
from stoa.theming.texts import N_
from stoa.web import access, tables


def _query(_work: Any) -> Any:
    return select(
        OperatorAudit.id,
        OperatorAudit.at,
        OperatorAudit.action,
        OperatorAudit.actor_name,
        OperatorAudit.reason,
        OperatorAudit.changes,
        Tenant.name.label("tenant"),
    ).outerjoin(Tenant, Tenant.id == OperatorAudit.about_tenant)


async def _view(_work: Any, rows: Sequence[Any]) -> list[tables.Shown]:
    return [
        tables.Shown(
            key=str(row.id),
            cells=(
                row.at,
                row.actor_name,
                row.action,
                row.tenant or "",
                row.reason or "",
                ", ".join(
                    dict.fromkeys(str(c.get("row") or c.get("did") or "") for c in row.changes)
                ),
            ),
        )
        for row in rows
    ]


async def _tenants(work: Any) -> list[tuple[str, str]]:
    rows = await work.table(select(Tenant.id, Tenant.name).order_by(Tenant.name).limit(500))
    return [(str(row.id), row.name) for row in rows]


def _about(_work: Any, value: str) -> Any:
    return cast(OperatorAudit.about_tenant, String) == value


AUDIT = tables.Table(
    name="operator-audit",
    title=N_("Audit"),
    columns=(
        tables.Column("at", N_("When"), "when", sort=OperatorAudit.at, fixed=True),
        tables.Column("who", N_("Who"), "word"),
        tables.Column("action", N_("What"), "word", coded=True),
        tables.Column("tenant", N_("Sub-broker")),
        tables.Column("reason", N_("Reason")),
        tables.Column("changed", N_("Records"), "code", hidden=True),
    ),
    query=_query,
    view=_view,
    id=OperatorAudit.id,
    order="at",
    filters=(
        tables.choice("action", N_("What"), OperatorAudit.action, tuple(ACTIONS.items())),
        tables.Filter("tenant", N_("Sub-broker"), _about, "select", _tenants),
        *tables.dates("at", N_("From"), N_("To"), OperatorAudit.at),
    ),
    search=lambda _work, typed: func.lower(OperatorAudit.actor_name).contains(
        typed.lower(), autoescape=True
    ),
    search_label=N_("Find a person"),
    empty_title=N_("Nothing happened yet"),
)


@get("/audit", access=access.control(Control.AUDIT_VIEW))
async def audit(
    request: Request[Any, Any, Any], work: NamedDependency[PlatformWork]
) -> Response[Any]:
    return await tables.answer(request, work, AUDIT, audience="control")
