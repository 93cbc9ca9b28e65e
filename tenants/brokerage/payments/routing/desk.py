"""Providers and routing at the desk: how each one does, and why a payment went where it went."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Response
from sqlalchemy import select

from brokerage.clients import queries as clients
from brokerage.payments.disputes import ratio
from brokerage.payments.model import Deposit, PaymentAttempt
from brokerage.payments.permissions import Payments
from brokerage.payments.psp import hook_paths, providers
from brokerage.payments.routing import (
    caps,
    checking,
    explaining,
    figures,
    incidents,
    watching,
    words,
)
from brokerage.payments.routing.model import ProviderIncident, ProviderState
from brokerage.payments.settings import PaymentsSettings
from brokerage.payments.withdrawing.model import PayoutAttempt, Withdrawal
from stoa.kernel.refusals import NotFound
from stoa.tenancy.module import Settings
from stoa.tenancy.work import Work
from stoa.theming.texts import N_
from stoa.web import access, forms, tables
from stoa.web.open import entered
from stoa.web.pages import go, page

AnyRequest = Request[Any, Any, Any]


class Why(msgspec.Struct):
    reason: str = ""


@get("/desk/deposits/{deposit:uuid}/routing", access=access.desk(Payments.DEPOSITS))
async def explain_deposit(
    request: AnyRequest,
    work: NamedDependency[Work],
    deposit: FromPath[UUID],
    attempt: FromQuery[int | None] = None,
) -> Response[str]:
    """Why this provider: what went in, which rule, who was passed over, and the same made again."""
    row = await work.get(Deposit, deposit)
    await clients.seen(work, row.client)
    wanted = select(PaymentAttempt.decision).where(PaymentAttempt.deposit == row.id)
    if attempt is None:
        kept = row.decision
    else:
        kept = await work.first(wanted.where(PaymentAttempt.number == attempt))
    return await _explained(request, work, kept, row.reference)


@get("/desk/payouts/{payout:uuid}/routing", access=access.desk(Payments.WITHDRAWALS))
async def explain_payout(
    request: AnyRequest, work: NamedDependency[Work], payout: FromPath[UUID]
) -> Response[str]:
    part = await work.get(PayoutAttempt, payout)
    row = await work.get(Withdrawal, part.withdrawal)
    await clients.seen(work, row.client)
    return await _explained(request, work, part.decision, row.reference)


async def _explained(
    request: AnyRequest, work: Work, kept: dict[str, Any] | None, reference: str
) -> Response[str]:
    if not kept:
        raise NotFound
    found = await explaining.replay(work, kept)
    names = work.settings(PaymentsSettings).psp_names
    return page(
        request,
        work,
        "desk/payments/routed.html",
        audience="desk",
        reference=reference,
        found=found,
        kept=kept,
        why=words.WHY,
        missed=words.MISSED,
        by=words.BY,
        methods=words.METHODS,
        conditions=words.conditions(found.route.when, names) if found.route else [],
        actions=words.actions(found.route, names) if found.route else [],
        names=names,
    )


@get("/desk/psps", access=access.desk(Payments.PSPS))
async def psps(request: AnyRequest, work: NamedDependency[Work]) -> Response[str]:
    """Each provider as all processes see it: whether it takes payments, how it did, what it costs."""
    known = await providers.health(work)
    approved = await providers.approval(work)
    states, used = await watching.states(work), await caps.all_used(work)
    costs = await figures.costs(work)
    settings = work.settings(PaymentsSettings)
    rows = []
    for psp in settings.psps:
        answered, paid, bad = approved.get(psp.code, (0, 0, 0))
        rows.append(
            {
                "psp": psp,
                "state": states.get(psp.code) or _unmet(work, psp.code),
                "health": known.get(psp.code),
                "answered": answered,
                "approval": providers.percent(paid, answered),
                "technical": providers.percent(bad, answered),
                "cost": figures.whole_cost(costs, psp.code),
                "caps": used.get(psp.code, ()),
                "hook": hook_paths.address(work, psp.code),
            }
        )
    return page(
        request,
        work,
        "desk/payments/psps.html",
        audience="desk",
        psps=rows,
        names=settings.psp_names,
        routes=settings.routes,
        payout_routes=settings.payout_routes,
        may_test=work.actor.may(Payments.TEST),
        may_edit=work.actor.may(Settings.EDIT),
    )


def _unmet(work: Work, code: str) -> ProviderState:
    """How a provider stands of which nothing was heard yet."""
    return ProviderState(psp=code, circuit="closed", share=100, since=work.now)


@get("/desk/psps/{code:str}/health", access=access.desk(Payments.PSPS))
async def psp_health(
    request: AnyRequest, work: NamedDependency[Work], code: FromPath[str]
) -> Response[str]:
    """One provider: health, approval, time to answer, cost, caps, last callbacks and incidents."""
    psp = work.settings(PaymentsSettings).psp(code)
    if psp is None:
        raise NotFound
    days = await figures.by_day(work, code)
    answered = sum(day.answered for day in days)
    return page(
        request,
        work,
        "desk/payments/psp_health.html",
        audience="desk",
        psp=psp,
        state=(await watching.states(work)).get(code) or _unmet(work, code),
        days=days,
        drawn=[day for day in days if day.answered and day.p50_ms is not None],
        answered=answered,
        approval=providers.percent(sum(day.paid for day in days), answered),
        technical=providers.percent(sum(day.technical for day in days), answered),
        caps=(await caps.all_used(work)).get(code, ()),
        events=await figures.last_events(work, code),
        incidents=await figures.incidents(work, code, limit=5),
        causes=words.CAUSES,
        costs=[one for one in await figures.costs(work) if one.psp == code],
        ratios=await ratio.by_month(work, code),
        limits=work.settings(PaymentsSettings).disputes,
        may_disputes=work.actor.may(Payments.DISPUTES),
        hook=hook_paths.address(work, code),
        may_test=work.actor.may(Payments.TEST),
        may_pause=work.actor.may(Payments.PAUSE),
    )


@get("/desk/psps/incidents/{incident:uuid}", access=access.desk(Payments.PSPS))
async def incident_page(
    request: AnyRequest, work: NamedDependency[Work], incident: FromPath[UUID]
) -> Response[Any]:
    """What happened when, whom it touched and for how much, against what was to be expected."""
    row = await work.get(ProviderIncident, incident)
    return await tables.answer(
        request,
        work,
        incidents.table(row),
        template="desk/payments/incident.html",
        incident=row,
        name=work.settings(PaymentsSettings).psp_names.get(row.psp, row.psp),
        cause=words.CAUSES.get(row.cause, row.cause),
        story=[[datetime.fromisoformat(at), what, share] for at, what, share in row.story],
        touched=await incidents.touched(work, row),
        before_days=incidents.BEFORE_DAYS,
    )


@post("/desk/psps/{code:str}/test", access=access.desk(Payments.TEST, own_transaction=True))
async def psp_test(request: AnyRequest, code: FromPath[str]) -> Response[str]:
    """Try the connection; nothing is changed at the provider."""
    _, open_work = await entered(request)
    async with open_work() as work:
        psp = work.settings(PaymentsSettings).psp(code)
        if psp is None:
            raise NotFound
    found = await checking.tried(open_work, code)
    async with open_work() as work:
        return page(
            request,
            work,
            "desk/payments/psp_test.html",
            audience="desk",
            psp=psp,
            checks=found.checks,
        )


@post("/desk/psps/{code:str}/pause", access=access.desk(Payments.PAUSE))
async def psp_pause(
    request: AnyRequest, work: NamedDependency[Work], code: FromPath[str]
) -> Response[None]:
    form = await forms.read(request, Why)
    await watching.pause(work, code, form.reason)
    return go(request, f"/desk/psps/{code}/health", notice=N_("Paused. New payments go elsewhere."))


@post("/desk/psps/{code:str}/resume", access=access.desk(Payments.PAUSE))
async def psp_resume(
    request: AnyRequest, work: NamedDependency[Work], code: FromPath[str]
) -> Response[None]:
    await watching.resume(work, code)
    return go(request, f"/desk/psps/{code}/health", notice=N_("It takes new payments again."))


ALL = [
    explain_deposit,
    explain_payout,
    psps,
    psp_health,
    incident_page,
    psp_test,
    psp_pause,
    psp_resume,
]
