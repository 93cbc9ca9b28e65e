"""The operator's actions on tenants: provision, suspend, resume, enter; and the jobs page."""

from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response
from sqlalchemy import select

from stoa.control import tenants
from stoa.identity.operators import Control
from stoa.kernel.ids import token
from stoa.tenancy import orders, provision
from stoa.tenancy.model import Host, Provision, Pulse, Tenant
from stoa.tenancy.orders import Asked
from stoa.tenancy.work import PlatformWork
from stoa.theming.texts import N_
from stoa.web import access, forms
from stoa.web.pages import go, page
from stoa.web.state import State

AnyRequest = Request[Any, Any, Any]

STEP_WORDS = {
    "reserve": N_("Name reserved"),
    "schema": N_("Schema claimed, key made"),
    "settings": N_("Settings from the blueprint"),
    "seed": N_("Accounts, roles and texts"),
    "owner": N_("Owner invited"),
    "open": N_("Address opened"),
}


class Why(msgspec.Struct):
    reason: str


class Entry(msgspec.Struct):
    reason: str
    minutes: int


@get("/tenants/new", access=access.control(Control.TENANTS_PROVISION))
async def new(request: AnyRequest, work: NamedDependency[PlatformWork]) -> Response[str]:
    return page(
        request,
        work,
        "control/fleet/new.html",
        audience="control",
        blueprints=[
            {"value": name, "label": title, "hint": about}
            for name, title, about in orders.told_of_blueprints()
        ],
        key=token(12),
        domain=request.app.state.stoa.config.domain,
    )


class Wish(msgspec.Struct, kw_only=True):
    """The form of one page; `key` makes a double click one request."""

    key: str
    name: str
    slug: str
    legal_entity: str
    owner_email: str
    blueprint: str
    base_currency: str | None = None
    time_zone: str | None = None
    accent: str | None = None
    mode: str = "assume"


@post("/tenants", access=access.control(Control.TENANTS_PROVISION))
async def create(request: AnyRequest, work: NamedDependency[PlatformWork]) -> Response[None]:
    form = await forms.read(request, Wish)
    asked = msgspec.convert(
        {k: v for k, v in msgspec.structs.asdict(form).items() if k != "key" and v is not None},
        Asked,
    )
    row = await provision.request(work, asked, key=form.key)
    work.after.append(lambda: ring(request))
    return go(request, f"/provisions/{row.id}")


async def ring(request: AnyRequest) -> None:
    """Wake a worker at once; without Valkey the relay does it within a second."""
    state: State = request.app.state.stoa
    bell = state.extras.get("provision_bell")
    if bell is not None:
        await bell()


@get("/provisions/{row:uuid}", access=access.control(Control.TENANTS_VIEW))
async def progress(
    request: AnyRequest, work: NamedDependency[PlatformWork], row: FromPath[UUID]
) -> Response[str]:
    found = await work.get(Provision, row)
    host = None
    if found.tenant is not None:
        host = await work.first(select(Host.name).where(Host.tenant == found.tenant))
    return page(
        request,
        work,
        "control/fleet/provision.html",
        audience="control",
        row=found,
        steps=_steps(found),
        may=work.actor.may(Control.TENANTS_PROVISION),
        address=request.app.state.stoa.config.url(host) if host else "",
    )


@post("/provisions/{row:uuid}/again", access=access.control(Control.TENANTS_PROVISION))
async def again(
    request: AnyRequest, work: NamedDependency[PlatformWork], row: FromPath[UUID]
) -> Response[None]:
    await provision.again(work, row)
    work.after.append(lambda: ring(request))
    return go(request, f"/provisions/{row}", notice="It goes on where it stopped.")


def _steps(row: Provision) -> list[dict[str, Any]]:
    done = {entry["step"]: entry for entry in row.log}
    steps: list[dict[str, Any]] = []
    for name in provision.STEPS:
        state = "next"
        text = ""
        if name in done:
            state, text = "done", f"\u2066{done[name]['took_ms']} ms\u2069"
        elif name == row.step:
            state = "stopped" if row.state == "failed" else "here"
            text = row.error or ""
        steps.append({"title": STEP_WORDS[name], "state": state, "text": text})
    return steps


def _at_once(request: AnyRequest, work: PlatformWork) -> None:
    """What this process remembers of tenants is read anew; the others do so within seconds."""

    async def forget() -> None:
        request.app.state.stoa.door.registry.forget()

    work.after.append(forget)


@post("/tenants/{tenant:uuid}/suspend", access=access.control(Control.TENANTS_SUSPEND))
async def suspend(
    request: AnyRequest, work: NamedDependency[PlatformWork], tenant: FromPath[UUID]
) -> Response[None]:
    form = await forms.read(request, Why)
    await tenants.suspend(work, tenant, reason=form.reason)
    _at_once(request, work)
    return go(
        request, f"/tenants/{tenant}", notice="Suspended. Withdrawals and exports still work."
    )


@post("/tenants/{tenant:uuid}/resume", access=access.control(Control.TENANTS_SUSPEND))
async def resume(
    request: AnyRequest, work: NamedDependency[PlatformWork], tenant: FromPath[UUID]
) -> Response[None]:
    form = await forms.read(request, Why)
    await tenants.resume(work, tenant, reason=form.reason)
    _at_once(request, work)
    return go(request, f"/tenants/{tenant}", notice="Active again.")


@post("/tenants/{tenant:uuid}/enter", access=access.control(Control.TENANTS_ENTER))
async def enter(
    request: AnyRequest, work: NamedDependency[PlatformWork], tenant: FromPath[UUID]
) -> Response[None]:
    """Grants a ticket and leads to the tenant's own host, which redeems it."""
    form = await forms.read(request, Entry)
    _, ticket = await tenants.grant_entry(work, tenant, reason=form.reason, minutes=form.minutes)
    host = await work.first(select(Host.name).where(Host.tenant == tenant).order_by(Host.kind))
    config = request.app.state.stoa.config
    target = config.url(host or "", f"/desk/support/enter?ticket={ticket}")
    if request.headers.get("hx-request") == "true":
        return Response(None, status_code=204, headers={"hx-redirect": target})
    return Response(None, status_code=303, headers={"location": target})


@get("/jobs", access=access.control(Control.JOBS_VIEW))
async def jobs(request: AnyRequest, work: NamedDependency[PlatformWork]) -> Response[str]:
    found = await work.table(
        select(Tenant.id, Tenant.name, Pulse.body, Pulse.at)
        .join(Pulse, Pulse.tenant == Tenant.id)
        .order_by(Tenant.name)
        .limit(500)
    )
    rows = [
        {
            "tenant": row.name,
            "id": row.id,
            "lane": lane,
            "waiting": told.get("waiting", 0),
            "dead": told.get("dead", 0),
            "lag_s": told.get("lag_s", 0),
            "at": row.at,
        }
        for row in found
        for lane, told in sorted((row.body.get("lanes") or {}).items())
    ]
    rows.sort(key=lambda row: (-row["dead"], -row["lag_s"]))
    worst = max((row["lag_s"] for row in rows), default=0)
    return page(
        request, work, "control/fleet/jobs.html", audience="control", rows=rows, worst=worst
    )


@post("/jobs/{tenant:uuid}/replay", access=access.control(Control.JOBS_REPLAY))
async def replay(
    request: AnyRequest, work: NamedDependency[PlatformWork], tenant: FromPath[UUID]
) -> Response[None]:
    """Ask the tenant's worker to give its dead letters a new life."""
    form = await forms.read(request, Why)
    await work.get(Tenant, tenant)
    work.reason, work.about_tenant = form.reason, tenant
    work.record("dead-letters.replay", tenant=str(tenant))
    bell = request.app.state.stoa.extras.get("replay_bell")
    if bell is not None:
        work.after.append(lambda: bell(tenant))
    return go(request, "/jobs", notice="The dead letters will be tried again.")
