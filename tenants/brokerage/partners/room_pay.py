"""The portal's payouts and statements: what is paid when and as what, and every month as a file."""

from typing import Annotated, Any

import msgspec
from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response
from msgspec import Meta
from sqlalchemy import select

from brokerage.partners import payouts, statements
from brokerage.partners.model import PartnerPayout
from brokerage.partners.paying import drawing
from brokerage.partners.permissions import Partners
from brokerage.partners.room import mine
from brokerage.partners.settings import PartnerSettings
from brokerage.partners.tree import joining
from stoa.tenancy.work import Work
from stoa.theming.texts import N_
from stoa.web import access, forms
from stoa.web.pages import go, look, page

AnyRequest = Request[Any, Any, Any]
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class Currency(msgspec.Struct):
    currency: Annotated[str, Meta(max_length=8)]


@get("/partner/payouts", access=access.room(Partners.OWN))
async def listed(request: AnyRequest, work: NamedDependency[Work]) -> Response[str]:
    row = await mine(work)
    settings = work.settings(PartnerSettings)
    has = (await drawing.unpaid(work, [row.id]))[row.id]
    rows = await work.rows(
        select(PartnerPayout)
        .where(PartnerPayout.partner == row.id)
        .order_by(PartnerPayout.accrued_to.desc())
        .limit(60)
    )
    return page(
        request,
        work,
        "partner/payouts.html",
        audience="partner",
        partner=row,
        has=has,
        rows=[{"row": one, "paid": payouts.paid_as(one)} for one in rows],
        months=statements.months(work, row.joined_at),
        terms=settings.payouts,
        minimum=settings.payout_minimum,
        currencies=sorted({row.currency, *settings.payouts.currencies}),
    )


@post("/partner/payouts/currency", access=access.room(Partners.OWN))
async def currency(request: AnyRequest, work: NamedDependency[Work]) -> Response[None]:
    form = await forms.read(request, Currency)
    await mine(work)
    await joining.choose_currency(work, form.currency)
    return go(request, "/partner/payouts", notice=N_("From the next payout on."))


@get("/partner/statements/{month:str}", access=access.room(Partners.OWN))
async def statement(
    request: AnyRequest, work: NamedDependency[Work], month: FromPath[str]
) -> Response[bytes]:
    """A month as PDF, or with `format` as csv or xlsx."""
    row = await mine(work)
    period = statements.month(work, month)
    wanted = str(request.query_params.get("format", "pdf"))
    name = f"partner-{row.code}-{period.code}"
    if wanted in {"csv", "xlsx"}:
        reader = look(request, work, "partner")
        rows = await statements.lines(work, row.id, period)
        content = (
            statements.to_csv(reader, rows)
            if wanted == "csv"
            else statements.to_xlsx(reader, period.code, rows)
        )
        return Response(
            content,
            media_type="text/csv" if wanted == "csv" else XLSX,
            headers={"content-disposition": f'attachment; filename="{name}.{wanted}"'},
        )
    told = await statements.gather(work, row.id, period)
    return Response(
        await statements.pdf(told),
        media_type="application/pdf",
        headers={"content-disposition": f'inline; filename="{name}.pdf"'},
    )


WEB = [listed, currency, statement]
