"""Deposits, what is unresolved, and the providers: at the desk."""

from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response
from sqlalchemy import select

from brokerage.clients import queries as clients
from brokerage.payments import queries, settlement
from brokerage.payments.connectors.wire import Wire
from brokerage.payments.depositing import copies, unresolved
from brokerage.payments.disputes import queries as disputes
from brokerage.payments.model import Deposit, Unresolved
from brokerage.payments.permissions import Payments
from brokerage.payments.receiving import queries as receiving
from brokerage.payments.settings import PaymentsSettings
from brokerage.payments.source import desk as source
from brokerage.payments.tables import DEPOSITS, UNRESOLVED
from brokerage.payments.withdrawing import checks
from stoa.kernel.money import Money
from stoa.tenancy.work import Work
from stoa.theming.texts import N_
from stoa.web import access, forms, tables
from stoa.web.open import entered
from stoa.web.pages import go, page

AnyRequest = Request[Any, Any, Any]


class Resolve(msgspec.Struct):
    outcome: str
    note: str = ""


@get("/desk/deposits", access=access.desk(Payments.DEPOSITS))
async def deposits_page(request: AnyRequest, work: NamedDependency[Work]) -> Response[Any]:
    return await tables.answer(
        request,
        work,
        DEPOSITS,
        template="desk/payments/deposits.html",
        waiting=(await queries.unresolved(work, 1))[1],
        disputed=work.actor.may(Payments.DISPUTES),
    )


@get("/desk/deposits/{deposit:uuid}", access=access.desk(Payments.DEPOSITS))
async def deposit_page(
    request: AnyRequest, work: NamedDependency[Work], deposit: FromPath[UUID]
) -> Response[str]:
    row = await work.get(Deposit, deposit)
    brief = await clients.brief(work, row.client)
    tried = await queries.attempts(work, row.id)
    open_issues = await work.rows(
        select(Unresolved).where(Unresolved.deposit == row.id).order_by(Unresolved.id)
    )
    told = await queries.events(work, deposit=row.id)
    return page(
        request,
        work,
        "desk/payments/deposit.html",
        audience="desk",
        deposit=row,
        client=brief,
        names=work.settings(PaymentsSettings).psp_names,
        paid_with=checks.shown(row.instrument),
        attempts=tried,
        sources=source.shown(tried),
        events=told,
        closed_by=await copies.closed_by(work, told),
        issues=open_issues,
        problems=queries.PROBLEMS,
        may_ask=work.actor.may(Payments.RESOLVE),
        ordered=queries.ordered(row, tried),
        came_otherwise=row.state == "credited"
        and queries.ordered(row, tried) != Money(row.amount, row.currency),
        disputes=await disputes.of_deposit(work, row.id)
        if work.actor.may(Payments.DISPUTES)
        else [],
        may_dispute=work.actor.may(Payments.DISPUTES_EDIT) and row.state == "credited",
    )


@post(
    "/desk/deposits/{deposit:uuid}/ask",
    access=access.desk(Payments.RESOLVE, own_transaction=True),
)
async def deposit_ask(request: AnyRequest, deposit: FromPath[UUID]) -> Response[Any]:
    """Ask the providers now instead of waiting for the next round."""
    _, open_work = await entered(request)
    async with open_work() as work:
        row = await work.get(Deposit, deposit)
        await clients.seen(work, row.client)
        tried = [one.id for one in await queries.attempts(work, row.id)]
    for one in tried:
        await settlement.look(open_work, one)
    return go(request, f"/desk/deposits/{deposit}", notice=N_("The provider was asked."))


@get("/desk/unresolved", access=access.desk(Payments.DEPOSITS))
async def unresolved_page(request: AnyRequest, work: NamedDependency[Work]) -> Response[Any]:
    return await tables.answer(request, work, UNRESOLVED, template="desk/payments/unresolved.html")


@get("/desk/unresolved/{item:uuid}", access=access.desk(Payments.DEPOSITS))
async def unresolved_one(
    request: AnyRequest, work: NamedDependency[Work], item: FromPath[UUID]
) -> Response[str]:
    row = await queries.unresolved_seen(work, item)
    deposit = await work.get(Deposit, row.deposit) if row.deposit else None
    brief = await clients.brief(work, deposit.client) if deposit is not None else None
    names = await clients.names(work, [one for one in (row.resolved_by, row.asked_by) if one])
    tried = await queries.attempts(work, deposit.id) if deposit is not None else []
    payments = work.settings(PaymentsSettings)
    psp = payments.psp(row.psp)
    return page(
        request,
        work,
        "desk/payments/unresolved_one.html",
        audience="desk",
        item=row,
        deposit=deposit,
        client=brief,
        provider=payments.psp_names.get(row.psp, row.psp),
        # A wire's is our number of the statement's line, which says nothing to a person.
        named="" if psp is not None and psp.connector == Wire.code else row.reference,
        problem=queries.PROBLEMS.get(row.problem, row.problem),
        proposed=queries.PROPOSED.get(row.proposed, row.proposed),
        money=Money(row.amount, row.currency) if row.amount and row.currency else None,
        by=names.get(row.resolved_by, "") if row.resolved_by else "",
        asked_by=names.get(row.asked_by, "") if row.asked_by else "",
        mine=row.asked_by is not None and row.asked_by == work.actor.id,
        outcomes=queries.OUTCOMES,
        sources=source.shown(tried),
        ordered=queries.ordered(deposit, tried) if deposit is not None else None,
        returns=unresolved.gives_back(work, row),
        may=work.actor.may(Payments.RESOLVE) and row.state == "open",
    )


@post(
    "/desk/unresolved/{item:uuid}",
    access=access.desk(Payments.RESOLVE, own_transaction=True),
)
async def unresolved_resolve(request: AnyRequest, item: FromPath[UUID]) -> Response[Any]:
    _, open_work = await entered(request)
    form = await forms.read(request, Resolve)
    if await unresolved.decide(open_work, item, form.outcome, form.note):
        return go(request, "/desk/unresolved", notice=N_("Resolved."))
    return go(
        request,
        f"/desk/unresolved/{item}",
        notice=N_("Kept. No money has moved: another person has to say the same."),
    )


@get("/desk/clients/{client:uuid}/payments", access=access.desk(Payments.DEPOSITS))
async def client_tab(
    request: AnyRequest, work: NamedDependency[Work], client: FromPath[UUID]
) -> Response[str]:
    await clients.seen(work, client)
    came, left = await queries.of_client(work, client)
    return page(
        request,
        work,
        "desk/payments/client_tab.html",
        audience="desk",
        came=came,
        left=left if work.actor.may(Payments.WITHDRAWALS) else [],
        addresses=await receiving.all_of(work, client),
    )


ALL = [
    deposits_page,
    deposit_page,
    deposit_ask,
    unresolved_page,
    unresolved_one,
    unresolved_resolve,
    client_tab,
]
