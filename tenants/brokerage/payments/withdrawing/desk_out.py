"""Withdrawals at the desk: those to decide about first, one with all that was found, and the word."""

from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response

from brokerage.clients import queries as clients
from brokerage.payments import queries
from brokerage.payments.model import Withdrawal
from brokerage.payments.permissions import Payments
from brokerage.payments.settings import PaymentsSettings
from brokerage.payments.tables import WITHDRAWALS
from brokerage.payments.withdrawing import clocks, queueing, withdrawals
from stoa.kernel.money import Money
from stoa.tenancy.work import Work
from stoa.theming.texts import N_
from stoa.web import access, forms, tables
from stoa.web.pages import go, page

AnyRequest = Request[Any, Any, Any]


class Approve(msgspec.Struct):
    payload: str
    note: str = ""


class Reject(msgspec.Struct):
    reason: str = ""


@get("/desk/withdrawals", access=access.desk(Payments.WITHDRAWALS))
async def withdrawals_page(request: AnyRequest, work: NamedDependency[Work]) -> Response[Any]:
    waiting = [
        {"row": row, "name": name, "money": Money(row.amount, row.currency)}
        for row, name in (await queries.queue(work, 20))[0]
    ]
    return await tables.answer(
        request,
        work,
        WITHDRAWALS,
        template="desk/payments/withdrawals.html",
        queue=waiting,
        held=await queueing.queued(work),
        names=work.settings(PaymentsSettings).psp_names,
        now=work.now,
    )


@get("/desk/withdrawals/{withdrawal:uuid}", access=access.desk(Payments.WITHDRAWALS))
async def withdrawal_page(
    request: AnyRequest, work: NamedDependency[Work], withdrawal: FromPath[UUID]
) -> Response[str]:
    row = await work.get(Withdrawal, withdrawal)
    brief = await clients.brief(work, row.client)
    given = await withdrawals.approvals(work, row)
    parts = await withdrawals.parts_of(work, row.id)
    names = await clients.names(work, [one.approver for one in given])
    came, left = await queries.of_client(work, row.client, limit=6)
    may = work.actor.may(Payments.APPROVE) and not work.actor.read_only
    return page(
        request,
        work,
        "desk/payments/withdrawal.html",
        audience="desk",
        withdrawal=row,
        client=brief,
        names=work.settings(PaymentsSettings).psp_names,
        story=await queries.story(work, row, staff=True),
        parts=[(one, queueing.WHY[one.code or ""] if one.queued else "") for one in parts],
        given=[{"name": names.get(one.approver, ""), "at": one.at} for one in given],
        may_approve=may
        and row.state == "review"
        and all(one.approver != work.actor.id for one in given)
        and row.asked_by != work.actor.id,
        may_reject=may and withdrawals.may_stop(row, parts),
        next=await queries.after(work, row),
        came=came,
        left=[one for one in left if one.id != row.id],
        late=row.ended_at is None and row.promised_at < work.now,
        base=work.tenant.base_currency,
        clock=await clocks.of(work, row),
    )


@post("/desk/withdrawals/{withdrawal:uuid}/approve", access=access.desk(Payments.APPROVE))
async def withdrawal_approve(
    request: AnyRequest, work: NamedDependency[Work], withdrawal: FromPath[UUID]
) -> Response[None]:
    form = await forms.read(request, Approve)
    row = await withdrawals.approve(work, withdrawal, form.payload, form.note)
    return await _onward(request, work, row, N_("Approved."))


@post("/desk/withdrawals/{withdrawal:uuid}/reject", access=access.desk(Payments.APPROVE))
async def withdrawal_reject(
    request: AnyRequest, work: NamedDependency[Work], withdrawal: FromPath[UUID]
) -> Response[None]:
    form = await forms.read(request, Reject)
    row = await withdrawals.reject(work, withdrawal, form.reason)
    return await _onward(request, work, row, N_("Rejected. The client was told why."))


async def _onward(request: AnyRequest, work: Work, row: Withdrawal, notice: str) -> Response[None]:
    """To the next one that waits, or back to this one when it was the last."""
    following = await queries.after(work, row)
    return go(request, f"/desk/withdrawals/{following or row.id}", notice=notice)


@post("/desk/withdrawals/{withdrawal:uuid}/again", access=access.desk(Payments.WITHDRAWALS))
async def withdrawal_again(
    request: AnyRequest, work: NamedDependency[Work], withdrawal: FromPath[UUID]
) -> Response[None]:
    work.require(Payments.APPROVE)
    await clients.seen(work, (await work.get(Withdrawal, withdrawal)).client)
    await withdrawals.again(work, withdrawal)
    return go(request, f"/desk/withdrawals/{withdrawal}", notice=N_("The checks ran again."))


ALL = [
    withdrawals_page,
    withdrawal_page,
    withdrawal_approve,
    withdrawal_reject,
    withdrawal_again,
]
