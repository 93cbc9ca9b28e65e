"""Changes of many accounts at the desk: chosen, looked at account by account, run, undone."""

from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response
from sqlalchemy import select

from brokerage.clients import queries as clients
from brokerage.kyc.settings import KycSettings
from brokerage.trading.lifecycle import batches, figures, moving, placing, planning
from brokerage.trading.lifecycle.batches import Include
from brokerage.trading.lifecycle.model import AccountBatch, BatchState
from brokerage.trading.lifecycle.tables import batch_table
from brokerage.trading.permissions import Trading
from brokerage.trading.settings import TradingSettings
from stoa.kernel.refusals import Invalid
from stoa.tenancy.work import Work
from stoa.theming.texts import N_
from stoa.web import access, forms, tables
from stoa.web.forms import ONCE_FIELD
from stoa.web.open import CSRF_FIELD
from stoa.web.pages import go, page

AnyRequest = Request[Any, Any, Any]


class Plan(msgspec.Struct):
    leverage: int
    reason: str = ""
    server: str = ""
    product: str = ""
    group: str = ""
    country: str = ""
    pack: str = ""
    above: int = 0


class Start(msgspec.Struct):
    include: Include = "safe"


class Why(msgspec.Struct):
    reason: str = ""


def _called(work: Work) -> dict[str, str]:
    """Servers by code, as people call them."""
    return {one.code: one.label for one in work.settings(TradingSettings).servers}


@get("/desk/batches", access=access.desk(Trading.BULK))
async def listed(request: AnyRequest, work: NamedDependency[Work]) -> Response[str]:
    """What was changed of many accounts at once, and a new one."""
    rows = await work.rows(select(AccountBatch).order_by(AccountBatch.asked_at.desc()).limit(30))
    names = await clients.names(work, [row.asked_by for row in rows if row.asked_by])
    settings = work.settings(TradingSettings)
    return page(
        request,
        work,
        "desk/trading/batches.html",
        audience="desk",
        rows=[
            {"row": row, "by": names.get(row.asked_by, "") if row.asked_by else ""} for row in rows
        ],
        servers=settings.servers,
        called=_called(work),
        products=settings.products,
        packs=[one.code for one in work.settings(KycSettings).packs],
        leverages=sorted({n for one in settings.products for n in one.leverages}, reverse=True),
        open_now=moving.open_now(work),
        window=settings.moving,
    )


@post("/desk/batches", access=access.desk(Trading.BULK))
async def plan(request: AnyRequest, work: NamedDependency[Work]) -> Response[Any]:
    form = await forms.read(request, Plan)
    choice = planning.Choice(
        server=form.server,
        product=form.product,
        group=form.group,
        country=form.country.upper(),
        pack=form.pack,
        above=form.above,
    )
    row = await planning.plan_leverage(work, choice, form.leverage, form.reason)
    return go(request, f"/desk/batches/{row.id}")


@post("/desk/batches/moves", access=access.desk(Trading.BULK))
async def plan_move(request: AnyRequest, work: NamedDependency[Work]) -> Response[Any]:
    """A dry run of moving a server's accounts: fields `product-old` name what each becomes."""
    sent = await request.form()
    texts = {str(key): str(value).strip() for key, value in sent.items()}
    known = {"source", "target", "reason", CSRF_FIELD, ONCE_FIELD}
    strange = [key for key in texts if key not in known and not key.startswith("product-")]
    if strange:
        raise Invalid("This field is not known.", field=strange[0])
    route = placing.Route(
        source=texts.get("source", ""),
        target=texts.get("target", ""),
        products={
            key.removeprefix("product-"): value
            for key, value in texts.items()
            if key.startswith("product-") and value
        },
    )
    row = await placing.plan(work, route, texts.get("reason", ""))
    return go(request, f"/desk/batches/{row.id}")


@get("/desk/batches/{batch:uuid}", access=access.desk(Trading.BULK))
async def one(
    request: AnyRequest, work: NamedDependency[Work], batch: FromPath[UUID]
) -> Response[Any]:
    row = await work.get(AccountBatch, batch)
    table = batch_table(row)
    if request.query_params.get("format"):
        return await tables.answer(request, work, table)
    states = await planning.counts(work, row.id)
    people = [one for one in (row.asked_by, row.decided_by) if one is not None]
    names = await clients.names(work, people)
    mine = row.asked_by == work.actor.id
    back = await work.first(select(AccountBatch.id).where(AccountBatch.undoes == row.id))
    return page(
        request,
        work,
        "desk/trading/batch.html",
        audience="desk",
        batch=row,
        called=_called(work),
        states=states,
        total=sum(states.values()),
        ended=sum(states.get(one, 0) for one in ("done", "refused", "cancelled")),
        effects=await planning.dangers(work, row.id) if row.state == BatchState.PLANNED else {},
        sums=await figures.moved(work, row.id) if row.kind == "migrate" else [],
        asked_by=names.get(row.asked_by, "") if row.asked_by else "",
        decided_by=names.get(row.decided_by, "") if row.decided_by else "",
        may_agree=row.state == BatchState.ASKED and not mine and work.actor.may(Trading.DECIDE),
        back=back,
        window=work.settings(TradingSettings).moving,
        open_now=moving.open_now(work),
        table=await tables.shell(request, work, table),
    )


@post("/desk/batches/{batch:uuid}/start", access=access.desk(Trading.BULK))
async def start(
    request: AnyRequest, work: NamedDependency[Work], batch: FromPath[UUID]
) -> Response[Any]:
    form = await forms.read(request, Start)
    row = await batches.start(work, batch, form.include)
    waits = row.state == BatchState.ASKED
    notice = N_("It waits for a second person.") if waits else N_("It runs now.")
    return go(request, f"/desk/batches/{batch}", notice=notice)


@post("/desk/batches/{batch:uuid}/agree", access=access.desk(Trading.DECIDE))
async def agree(
    request: AnyRequest, work: NamedDependency[Work], batch: FromPath[UUID]
) -> Response[Any]:
    await batches.agree(work, batch)
    return go(request, f"/desk/batches/{batch}", notice=N_("It runs now."))


@post("/desk/batches/{batch:uuid}/pause", access=access.desk(Trading.BULK))
async def pause(
    request: AnyRequest, work: NamedDependency[Work], batch: FromPath[UUID]
) -> Response[Any]:
    await batches.pause(work, batch)
    return go(request, f"/desk/batches/{batch}", notice=N_("No further account is begun."))


@post("/desk/batches/{batch:uuid}/resume", access=access.desk(Trading.BULK))
async def resume(
    request: AnyRequest, work: NamedDependency[Work], batch: FromPath[UUID]
) -> Response[Any]:
    await batches.resume(work, batch)
    return go(request, f"/desk/batches/{batch}", notice=N_("It runs now."))


@post("/desk/batches/{batch:uuid}/cancel", access=access.desk(Trading.BULK))
async def cancel(
    request: AnyRequest, work: NamedDependency[Work], batch: FromPath[UUID]
) -> Response[Any]:
    await batches.cancel(work, batch)
    return go(request, f"/desk/batches/{batch}", notice=N_("Taken back."))


@post("/desk/batches/{batch:uuid}/undo", access=access.desk(Trading.BULK))
async def undo(
    request: AnyRequest, work: NamedDependency[Work], batch: FromPath[UUID]
) -> Response[Any]:
    form = await forms.read(request, Why)
    row = await planning.undo(work, batch, form.reason)
    return go(request, f"/desk/batches/{row.id}")


ALL = [listed, plan, plan_move, one, start, agree, pause, resume, cancel, undo]
