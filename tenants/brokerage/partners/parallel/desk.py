"""A parallel run at the desk: the earlier system's file, both sums by partner, each differing trade."""

import csv
import io
from decimal import Decimal
from typing import Annotated, Any, Final
from uuid import UUID

import msgspec
from litestar import Request, get, post
from litestar.datastructures import UploadFile
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response
from msgspec import Meta
from sqlalchemy import select

from brokerage.clients import queries as clients
from brokerage.partners.model import Partner
from brokerage.partners.objecting import causes
from brokerage.partners.parallel import runs
from brokerage.partners.paying import periods
from brokerage.partners.permissions import Partners
from stoa.kernel.refusals import Invalid, NotFound
from stoa.tenancy.facts import TenantFacts
from stoa.tenancy.work import Work
from stoa.theming.texts import N_
from stoa.web import access, forms
from stoa.web.pages import go, page

AnyRequest = Request[Any, Any, Any]
HERE: Final = "/desk/partners/parallel"
MOST_SHOWN: Final = 100
MOST_EXPORTED: Final = 100


class Upload(msgspec.Struct):
    month: Annotated[str, Meta(max_length=7)]
    file: Any = None


@get(HERE, access=access.desk(Partners.VIEW))
async def shown(request: AnyRequest, work: NamedDependency[Work]) -> Response[str]:
    zone = work.settings(TenantFacts).time_zone
    return page(
        request,
        work,
        "desk/partners/parallel.html",
        audience="desk",
        runs=await runs.runs(work),
        month=periods.last_closed("monthly", work.now, zone).code,
        may_edit=work.actor.may(Partners.EDIT),
    )


@post(HERE, access=access.desk(Partners.EDIT))
async def upload(request: AnyRequest, work: NamedDependency[Work]) -> Response[None]:
    form = await forms.read(request, Upload)
    if not isinstance(form.file, UploadFile):
        raise Invalid("Choose a file first.", field="file")
    run = await runs.keep(work, form.month, await form.file.read(), form.file.filename)
    return go(request, f"{HERE}/{run}", notice=N_("Compared."))


@get(HERE + "/{run:uuid}", access=access.desk(Partners.VIEW))
async def one(
    request: AnyRequest, work: NamedDependency[Work], run: FromPath[UUID]
) -> Response[str]:
    """Both sums by partner."""
    row, theirs = await runs.opened(work, run)
    found = await runs.beside(work, row, theirs)
    rows = [one for one in found if not runs.agree(one)][:MOST_SHOWN]
    return page(
        request,
        work,
        "desk/partners/parallel_run.html",
        audience="desk",
        run=row,
        rows=rows,
        names=await clients.names(work, [one.partner for one in rows if one.partner]),
        same=sum(1 for one in found if runs.agree(one)),
        differ=sum(1 for one in found if not runs.agree(one)),
        theirs=sum(one.theirs for one in found),
        ours=sum(one.ours for one in found),
    )


async def _partner(work: Work, code: str) -> Partner:
    row = await work.first(
        select(Partner).where(Partner.code == code[:24].lower(), clients.within(work, Partner.id))
    )
    if row is None:
        raise NotFound
    return row


@get(HERE + "/{run:uuid}/{code:str}", access=access.desk(Partners.VIEW))
async def of_partner(
    request: AnyRequest, work: NamedDependency[Work], run: FromPath[UUID], code: FromPath[str]
) -> Response[str]:
    """Each trade on which the two differ, the largest difference first."""
    partner = await _partner(work, code)
    row, theirs = await runs.opened(work, run)
    found = await runs.lined(work, row, partner, theirs.get(partner.code, []))
    return page(
        request,
        work,
        "desk/partners/parallel_partner.html",
        audience="desk",
        run=row,
        partner=partner,
        theirs=found.theirs,
        ours=found.ours,
        counted=[
            one
            | {"label": causes.DESK_KINDS[one["cause"]], "difference": -Decimal(one["difference"])}
            for one in found.counted
        ],
        lines=[
            line | {"says": causes.DESK_SAYS[line["cause"]], "difference": -causes.difference(line)}
            for line in found.lines[:MOST_SHOWN]
        ],
        more=max(0, len(found.lines) - MOST_SHOWN),
    )


@get(HERE + "/{run:uuid}/export.csv", access=access.desk(Partners.VIEW))
async def export(
    request: AnyRequest, work: NamedDependency[Work], run: FromPath[UUID]
) -> Response[str]:
    """All differing trades of the hundred partners who differ most, as CSV."""
    del request
    row, theirs = await runs.opened(work, run)
    found = [
        one
        for one in await runs.beside(work, row, theirs)
        if one.partner is not None and not runs.agree(one)
    ][:MOST_EXPORTED]
    partners = {
        one.id: one
        for one in await work.rows(
            select(Partner).where(Partner.id.in_([x.partner for x in found]))
        )
    }
    out = io.StringIO()
    told = csv.writer(out)
    told.writerow(("partner", "server", "deal", "symbol", "theirs", "ours", "difference", "cause"))
    for one in found:
        if one.partner is None:
            continue
        lined = await runs.lined(work, row, partners[one.partner], theirs.get(one.code, []))
        for line in lined.lines:
            told.writerow(
                (
                    one.code,
                    line["server"] or "",
                    line["deal"],
                    line["symbol"],
                    line["theirs"] or "",
                    line["ours"] or "",
                    causes.plain(-causes.difference(line)),
                    line["cause"],
                )
            )
    return Response(
        out.getvalue(),
        media_type="text/csv",
        headers={"content-disposition": f'attachment; filename="parallel-{row.month}.csv"'},
    )


WEB = [shown, upload, one, export, of_partner]
