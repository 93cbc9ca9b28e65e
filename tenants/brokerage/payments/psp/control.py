"""Connectors on the operator's plane: who uses which, and the pause of one for all or some."""

from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response
from msgspec import Meta
from sqlalchemy import select

from brokerage.payments import connectors
from brokerage.payments.connectors import ALL as KNOWN
from brokerage.payments.routing import operators
from brokerage.payments.routing.operators import Done
from stoa.identity.permissions import Control
from stoa.kernel.refusals import Invalid
from stoa.tenancy.model import Pulse, Tenant
from stoa.tenancy.work import PlatformWork
from stoa.theming.texts import N_
from stoa.web import access, forms
from stoa.web.pages import go, page

AnyRequest = Request[Any, Any, Any]
_MOST = 1_000


class Word(msgspec.Struct):
    """`tenants` are short names; `all` instead of them means every one that has it."""

    reason: Annotated[str, Meta(max_length=200)] = ""
    everyone: bool = False
    tenants: list[str] = []


async def _uses(work: PlatformWork) -> list[Any]:
    """What every tenant's pulse told of its connectors, in one query."""
    return list(
        await work.table(
            select(
                Tenant.slug,
                Tenant.name,
                Tenant.state,
                Pulse.at,
                Pulse.body["connectors"].label("told"),
                Pulse.body["failing_connectors"].label("failing"),
            )
            .join(Pulse, Pulse.tenant == Tenant.id)
            .where(Tenant.state.in_(operators.STATES))
            .order_by(Tenant.name)
            .limit(_MOST)
        )
    )


@get("/connectors", access=access.control(Control.CONNECTORS_VIEW))
async def every(request: AnyRequest, work: NamedDependency[PlatformWork]) -> Response[str]:
    uses = await _uses(work)
    rows: list[dict[str, Any]] = []
    for kind in KNOWN:
        having = [_used(row, kind.code) for row in uses if (row.told or {}).get(kind.code)]
        rows.append(
            {
                "code": kind.code,
                "label": kind.label,
                "tenants": len(having),
                "psps": sum(len(one["psps"]) for one in having),
                "failing": sum(len(one["failing"]) for one in having),
                "paused": sum(len(one["paused"]) for one in having),
            }
        )
    rows.sort(key=lambda one: (-one["failing"], -one["paused"], -one["tenants"], one["label"]))
    return page(request, work, "control/payments/connectors.html", audience="control", rows=rows)


def _used(row: Any, connector: str) -> dict[str, list[str]]:
    """One sub-broker's providers of this kind, and which of them fail or are paused."""
    told = row.told[connector]
    failing = set(row.failing or ())
    return {**told, "failing": [psp for psp in told["psps"] if psp in failing]}


@get("/connectors/{connector:str}", access=access.control(Control.CONNECTORS_VIEW))
async def one(
    request: AnyRequest, work: NamedDependency[PlatformWork], connector: FromPath[str]
) -> Response[str]:
    kind = connectors.named(connector)
    rows = [
        {"slug": row.slug, "name": row.name, "at": row.at, **_used(row, connector)}
        for row in await _uses(work)
        if (row.told or {}).get(connector)
    ]
    return page(
        request,
        work,
        "control/payments/connector.html",
        audience="control",
        code=kind.code,
        label=kind.label,
        rows=rows,
        free=[row for row in rows if len(row["paused"]) < len(row["psps"])],
        held=[row for row in rows if row["paused"]],
        may=work.actor.may(Control.CONNECTORS_PAUSE),
    )


@post("/connectors/{connector:str}/pause", access=access.control(Control.CONNECTORS_PAUSE))
async def pause(
    request: AnyRequest, work: NamedDependency[PlatformWork], connector: FromPath[str]
) -> Response[None]:
    done = await operators.pause(
        request.app.state.stoa.door, connector, actor=work.actor, **await _asked(request)
    )
    return _told(request, connector, done, N_("Paused. Their staff were told."))


@post("/connectors/{connector:str}/resume", access=access.control(Control.CONNECTORS_PAUSE))
async def resume(
    request: AnyRequest, work: NamedDependency[PlatformWork], connector: FromPath[str]
) -> Response[None]:
    done = await operators.resume(
        request.app.state.stoa.door, connector, actor=work.actor, **await _asked(request)
    )
    return _told(request, connector, done, N_("Resumed. Their staff were told."))


async def _asked(request: AnyRequest) -> dict[str, Any]:
    form = await forms.read(request, Word)
    if not form.everyone and not form.tenants:
        raise Invalid("Choose for whom, or all of them. Nothing was changed.", field="tenants")
    return {"reason": form.reason, "tenants": [] if form.everyone else form.tenants}


def _told(request: AnyRequest, connector: str, done: Sequence[Done], notice: str) -> Response[None]:
    """How many, and which could not be reached: those are to be done again."""
    failed = [one.tenant for one in done if one.trouble]
    if failed:
        raise Invalid(
            "Done for {n}, but not for {names}. Press it again; it changes only what is left.",
            n=len(done) - len(failed),
            names=", ".join(failed),
        )
    return go(request, f"/connectors/{connector}", notice=notice)


@post("/api/connectors/{connector:str}/pause", access=access.control(Control.CONNECTORS_PAUSE))
async def api_pause(
    request: AnyRequest, work: NamedDependency[PlatformWork], connector: FromPath[str]
) -> Response[bytes]:
    """JSON `{"reason": "...", "tenants": ["nova"]}`; without tenants it is for all."""
    return await _api(request, work, connector, paused=True)


@post("/api/connectors/{connector:str}/resume", access=access.control(Control.CONNECTORS_PAUSE))
async def api_resume(
    request: AnyRequest, work: NamedDependency[PlatformWork], connector: FromPath[str]
) -> Response[bytes]:
    return await _api(request, work, connector, paused=False)


async def _api(
    request: AnyRequest, work: PlatformWork, connector: str, *, paused: bool
) -> Response[bytes]:
    try:
        asked = msgspec.json.decode(await request.body(), type=Word)
    except msgspec.DecodeError as why:
        raise Invalid("{problem}", problem=str(why)) from why
    verb = operators.pause if paused else operators.resume
    done = await verb(
        request.app.state.stoa.door,
        connector,
        actor=work.actor,
        reason=asked.reason,
        tenants=asked.tenants,
    )
    body = [{"tenant": one.tenant, "providers": one.psps, "trouble": one.trouble} for one in done]
    return Response(msgspec.json.encode(body), status_code=200, media_type="application/json")


ALL = [every, one, pause, resume, api_pause, api_resume]
