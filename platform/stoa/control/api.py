"""Provisioning and the fleet for the operator's own systems: bearer token, JSON, problem+json."""

from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response
from sqlalchemy import select

from stoa.control.desk import ring
from stoa.identity.operators import Control
from stoa.kernel.refusals import Invalid
from stoa.tenancy import provision
from stoa.tenancy.model import Host, Provision, Tenant
from stoa.tenancy.orders import Asked
from stoa.tenancy.work import PlatformWork
from stoa.web import access

AnyRequest = Request[Any, Any, Any]


def _json(body: Any, status: int = 200, **headers: str) -> Response[bytes]:
    return Response(
        msgspec.json.encode(body),
        status_code=status,
        media_type="application/json",
        headers=headers,
    )


@post("/api/tenants", access=access.control(Control.TENANTS_PROVISION))
async def create(request: AnyRequest, work: NamedDependency[PlatformWork]) -> Response[bytes]:
    """202 with the request's address; the same Idempotency-Key answers the same request."""
    key = request.headers.get("idempotency-key", "")
    if not 8 <= len(key) <= 120:
        raise Invalid("Send an Idempotency-Key header of 8 to 120 characters.")
    try:
        asked = msgspec.json.decode(await request.body(), type=Asked)
    except msgspec.DecodeError as why:
        raise Invalid("{problem}", problem=str(why)) from why
    row = await provision.request(work, asked, key=key)
    work.after.append(lambda: ring(request))
    return _json(_told(row, None), 202, location=f"/api/provisions/{row.id}")


@get("/api/provisions/{row:uuid}", access=access.control(Control.TENANTS_VIEW))
async def progress(
    request: AnyRequest, work: NamedDependency[PlatformWork], row: FromPath[UUID]
) -> Response[bytes]:
    found = await work.get(Provision, row)
    host = None
    if found.tenant is not None:
        host = await work.first(select(Host.name).where(Host.tenant == found.tenant))
    address = request.app.state.stoa.config.url(host) if host else None
    return _json(_told(found, address))


def _told(row: Provision, address: str | None) -> dict[str, Any]:
    return {
        "id": str(row.id),
        "state": row.state,
        "step": row.step,
        "steps": row.log,
        "tenant": str(row.tenant) if row.tenant else None,
        "address": address,
        "error": row.error,
    }


@get("/api/tenants", access=access.control(Control.TENANTS_VIEW))
async def listed(work: NamedDependency[PlatformWork]) -> Response[bytes]:
    rows = await work.table(
        select(Tenant.id, Tenant.slug, Tenant.name, Tenant.state, Tenant.created_at)
        .order_by(Tenant.created_at)
        .limit(1000)
    )
    return _json(
        [
            {
                "id": str(row.id),
                "slug": row.slug,
                "name": row.name,
                "state": row.state,
                "created_at": row.created_at,
            }
            for row in rows
        ]
    )
