"""Transfers for the bank at the desk: what waits, the files, and each file's payments."""

from typing import Annotated, Any, Final
from uuid import UUID

import msgspec
from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response
from msgspec import Meta
from sqlalchemy import func, select

from brokerage.clients import queries as clients
from brokerage.payments.model import PayoutAttempt, PayoutState, Withdrawal
from brokerage.recon.model import FileState, OutsideFile
from brokerage.recon.orders import making
from brokerage.recon.permissions import Recon
from stoa.kernel.money import Money
from stoa.kernel.refusals import NotFound
from stoa.tenancy.work import Work
from stoa.theming.texts import N_
from stoa.web import access, forms
from stoa.web.pages import go, page

AnyRequest = Request[Any, Any, Any]
HERE: Final = "/desk/recon/orders"
_NEWEST: Final = 50
_SHOWN: Final = 200


class Why(msgspec.Struct):
    reason: Annotated[str, Meta(max_length=400)] = ""


@get(HERE, access=access.desk(Recon.VIEW))
async def orders(request: AnyRequest, work: NamedDependency[Work]) -> Response[str]:
    files = await work.rows(
        select(OutsideFile)
        .where(OutsideFile.kind == making.KIND)
        .order_by(OutsideFile.brought_at.desc(), OutsideFile.id.desc())
        .limit(_NEWEST)
    )
    states = await work.table(
        select(PayoutAttempt.file, PayoutAttempt.state, func.count().label("n"))
        .where(PayoutAttempt.file.in_([one.id for one in files]))
        .group_by(PayoutAttempt.file, PayoutAttempt.state)
    )
    counts: dict[UUID, dict[str, int]] = {}
    for row in states:
        counts.setdefault(row.file, {})[row.state] = int(row.n)
    names = await clients.names(
        work,
        [who for one in files for who in (one.brought_by, one.agreed_by, one.fetched_by) if who],
    )
    return page(
        request,
        work,
        "desk/recon/orders.html",
        audience="desk",
        waits=await making.waiting(work),
        files=files,
        counts=counts,
        names=names,
        accounts=making.accounts_of(work),
        may=work.actor.may(Recon.ORDER) and not work.actor.read_only,
    )


@post(HERE, access=access.desk(Recon.ORDER))
async def make(request: AnyRequest, work: NamedDependency[Work]) -> Response[None]:
    row, left = await making.make(work)
    notice = (
        N_("The file is made; some payouts could not be written, see below.")
        if left
        else N_("The file is made. Somebody else agrees to it now.")
    )
    return go(request, f"{HERE}/{row.id}", notice=notice)


async def _file(work: Work, file: UUID) -> OutsideFile:
    row = await work.get(OutsideFile, file)
    if row.kind != making.KIND:
        raise NotFound
    return row


@get(f"{HERE}/{{file:uuid}}", access=access.desk(Recon.VIEW))
async def one(
    request: AnyRequest, work: NamedDependency[Work], file: FromPath[UUID]
) -> Response[str]:
    row = await _file(work, file)
    rows = await work.table(
        select(PayoutAttempt, Withdrawal)
        .join(Withdrawal, Withdrawal.id == PayoutAttempt.withdrawal)
        .where(PayoutAttempt.file == file, clients.within(work, Withdrawal.client))
        .order_by(PayoutAttempt.id)
        .limit(_SHOWN)
    )
    names = await clients.names(
        work,
        [
            *(payment.client for _, payment in rows),
            *(who for who in (row.brought_by, row.agreed_by, row.fetched_by) if who),
        ],
    )
    may = not work.actor.read_only
    return page(
        request,
        work,
        "desk/recon/order.html",
        audience="desk",
        file=row,
        names=names,
        payments=[
            {
                "href": f"/desk/withdrawals/{payment.id}",
                "reference": payment.reference,
                "client": names.get(payment.client, ""),
                "money": Money(part.amount, part.currency),
                "end": part.id.hex,
                "state": part.state,
                "code": part.code or "",
            }
            for part, payment in rows
        ],
        total=row.lines,
        left=row.report,
        may_agree=may
        and work.actor.may(Recon.ORDER_AGREE)
        and row.state == FileState.ASKED
        and row.brought_by != work.actor.id,
        may_fetch=may and work.actor.may(Recon.ORDER) and row.state == FileState.AGREED,
        may_void=may
        and work.actor.may(Recon.ORDER_AGREE)
        and row.state != FileState.VOID
        and (row.fetched_by is None or row.fetched_by != work.actor.id),
        open=sum(part.state == PayoutState.ACCEPTED for part, _ in rows),
    )


@post(f"{HERE}/{{file:uuid}}/agree", access=access.desk(Recon.ORDER_AGREE))
async def agree(
    request: AnyRequest, work: NamedDependency[Work], file: FromPath[UUID]
) -> Response[None]:
    await making.agree(work, file)
    return go(request, f"{HERE}/{file}", notice=N_("Agreed. It can be taken to the bank, once."))


@post(f"{HERE}/{{file:uuid}}/take", access=access.desk(Recon.ORDER), status_code=200)
async def take(work: NamedDependency[Work], file: FromPath[UUID]) -> Response[bytes]:
    name, content = await making.fetch(work, file)
    return Response(
        content,
        media_type="application/xml",
        headers={
            "content-disposition": f'attachment; filename="{name}"',
            "cache-control": "no-store",
        },
    )


@post(f"{HERE}/{{file:uuid}}/void", access=access.desk(Recon.ORDER_AGREE))
async def void(
    request: AnyRequest, work: NamedDependency[Work], file: FromPath[UUID]
) -> Response[None]:
    form = await forms.read(request, Why)
    await making.void(work, file, form.reason)
    return go(
        request, f"{HERE}/{file}", notice=N_("Void. Its open payouts may go into another file.")
    )


WEB: Final = [orders, make, one, agree, take, void]
