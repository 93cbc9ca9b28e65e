"""Health, readiness and metrics: on the control host only, and metrics for loopback readers."""

from typing import Any

from litestar import Request, get
from litestar.di import NamedDependency
from litestar.response import Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest
from sqlalchemy import select

from stoa.control.fleet import lag_s
from stoa.kernel.refusals import NotFound
from stoa.tenancy.model import Pulse, SchemaSlot, Tenant
from stoa.tenancy.work import PlatformWork
from stoa.web import access
from stoa.web.visit import visit

AnyRequest = Request[Any, Any, Any]
_LOOPBACK = ("127.", "::1")


@get("/health", access=access.public("a supervisor asks whether the process lives"))
async def health() -> dict[str, str]:
    return {"status": "ok"}


@get("/ready", access=access.public("a supervisor asks whether the database answers"))
async def ready(work: NamedDependency[PlatformWork]) -> dict[str, str]:
    await work.value(select(1))
    return {"status": "ready"}


@get("/metrics", access=access.public("read by the collector beside the process only"))
async def metrics(request: AnyRequest, work: NamedDependency[PlatformWork]) -> Response[bytes]:
    if not visit(request).ip.startswith(_LOOPBACK):
        raise NotFound
    registry = CollectorRegistry()
    states = Gauge("stoa_tenants", "Tenants by state", ["state"], registry=registry)
    lag = Gauge("stoa_queue_lag_seconds", "Worst lane of a tenant", ["tenant"], registry=registry)
    dead = Gauge("stoa_dead_letters", "Dead letters of a tenant", ["tenant"], registry=registry)
    blank = Gauge("stoa_blank_schemas", "Schemas kept warm", registry=registry)
    for row in await work.table(
        select(Tenant.slug, Tenant.state, Pulse.body)
        .outerjoin(Pulse, Pulse.tenant == Tenant.id)
        .limit(2000)
    ):
        states.labels(row.state).inc()
        if row.body:
            lanes = (row.body.get("lanes") or {}).values()
            lag.labels(row.slug).set(lag_s(row.body))
            dead.labels(row.slug).set(sum(lane.get("dead", 0) for lane in lanes))
    blanks = await work.rows(select(SchemaSlot.name).where(SchemaSlot.state == "blank"))
    blank.set(len(blanks))
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)
