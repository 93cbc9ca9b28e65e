"""Reports at the desk and statements for clients."""

from datetime import date
from typing import Any
from uuid import UUID

from litestar import Request, get
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response

from brokerage.clients import queries as clients
from brokerage.clients.model import Client
from brokerage.ledger import kinds
from brokerage.reporting import daily, statements, workbook
from brokerage.reporting.permissions import Reporting
from stoa.kernel.refusals import Invalid
from stoa.tenancy.work import Work
from stoa.theming import texts
from stoa.theming.brand import Brand
from stoa.web import access
from stoa.web.pages import look, page

AnyRequest = Request[Any, Any, Any]


def _day(request: AnyRequest) -> date | None:
    asked = request.query_params.get("day")
    if not asked:
        return None
    try:
        return date.fromisoformat(asked)
    except ValueError as why:
        raise Invalid("Write a date as year-month-day.", field="day") from why


@get("/desk/reports", access=access.desk(Reporting.VIEW))
async def report(request: AnyRequest, work: NamedDependency[Work]) -> Response[Any]:
    """The day on screen, or as a workbook with `format=xlsx`."""
    found = await daily.of(work, _day(request))
    if request.query_params.get("format") == "xlsx":
        language = texts.of(look(request, work, "desk").locale)
        work.record("export", report="daily", day=found.day.isoformat())
        kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
        name = f"daily-{found.day.isoformat()}.xlsx"
        return Response(
            workbook.make(
                found,
                work.settings(Brand).name,
                language.gettext,
                rtl=language.direction == "rtl",
            ),
            media_type=kind,
            headers={"content-disposition": f'attachment; filename="{name}"'},
        )
    return page(
        request,
        work,
        "desk/reporting/daily.html",
        audience="desk",
        report=found,
        currency=work.tenant.base_currency,
        kinds={row.kind: kinds.of(row.kind).label for row in found.money},
        places={row.kind: kinds.account(row.kind) for row in found.held},
    )


async def _statement(work: Work, client: UUID, month: str) -> Response[bytes]:
    start, end = statements.bounds(month)
    told = await statements.gather(work, client, start, end)
    return Response(
        await statements.pdf(told),
        media_type="application/pdf",
        headers={
            "content-disposition": f'inline; filename="statement-{told["reference"]}-{month}.pdf"'
        },
    )


@get("/desk/clients/{client:uuid}/statements/{month:str}", access=access.desk(Reporting.STATEMENT))
async def for_staff(
    work: NamedDependency[Work], client: FromPath[UUID], month: FromPath[str]
) -> Response[bytes]:
    await clients.seen(work, client)
    work.record("statement.read", client=str(client), month=month)
    return await _statement(work, client, month)


@get("/statements", access=access.room(Reporting.STATEMENT_OWN))
async def listed(request: AnyRequest, work: NamedDependency[Work]) -> Response[str]:
    row = await work.get(Client, work.actor.id)
    return page(
        request,
        work,
        "room/reporting/statements.html",
        audience="room",
        months=[
            (name, date.fromisoformat(f"{name}-01"))
            for name in statements.months(row.registered_at, work.now)
        ],
    )


@get("/statements/{month:str}", access=access.room(Reporting.STATEMENT_OWN))
async def mine(work: NamedDependency[Work], month: FromPath[str]) -> Response[bytes]:
    assert work.actor.id is not None  # noqa: S101 - a client's session names them
    return await _statement(work, work.actor.id, month)
