"""Withdrawals in the trader room: asked for, followed, sent elsewhere, taken back."""

from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response

from brokerage.ledger import wallets
from brokerage.payments import queries
from brokerage.payments.model import Withdrawal
from brokerage.payments.payout_places import destinations
from brokerage.payments.permissions import Payments
from brokerage.payments.settings import PaymentsSettings
from brokerage.payments.values import Method
from brokerage.payments.withdrawing import asking, clocks, withdrawals
from brokerage.payments.withdrawing.rows import CAME_BACK
from stoa.kernel import money
from stoa.kernel.refusals import Invalid, NotFound, Refusal
from stoa.tenancy.work import Work
from stoa.theming.texts import N_
from stoa.web import access, errors, forms
from stoa.web.pages import go, look, page

AnyRequest = Request[Any, Any, Any]

FIXES = {
    "kyc": "/verify",
    "edd": "/verify",
    "new-destination": "",
    "bad-address": "",
    CAME_BACK: "",
}
"""Where a client does something about what a withdrawal waits for."""


_SHOWN = ("amount", "currency", "to", "destination")
"""Fields of the form that tell what is wrong with them; the rest is told above it."""


class PayOut(msgspec.Struct):
    method: Method
    currency: str
    amount: str
    key: UUID
    destination: UUID | None = None
    shown: str = ""
    after: str | None = None


class Elsewhere(msgspec.Struct):
    destination: UUID


async def _withdraw_form(
    request: AnyRequest, work: Work, problem: Refusal | None = None, **typed: str
) -> Response[str]:
    assert work.actor.id is not None  # noqa: S101 - a client's session names them
    settings = work.settings(PaymentsSettings).withdrawals
    language = look(request, work, "room").language
    told = errors.sentence(problem, language) if problem is not None else ""
    field = problem.field if problem is not None and problem.field in _SHOWN else "form"
    rows = []
    for one in settings.methods:
        icon, _ = queries.METHODS[one.method]
        rows.append({"method": one, "icon": icon, "pace": await clocks.pace(work, one.method)})
    _, left = await queries.of_client(work, work.actor.id, limit=5)
    return page(
        request,
        work,
        "room/payments/withdraw.html",
        audience="room",
        status=422 if told else 200,
        wallets=[one for one in await wallets.of(work, work.actor.id) if one.available],
        methods=rows,
        destinations=await destinations.of(work, work.actor.id),
        typed=typed,
        errors={field: told} if told else {},
        recent=left,
        now=work.now,
    )


@get("/withdraw", access=access.room(Payments.WITHDRAW_OWN))
async def withdraw_page(request: AnyRequest, work: NamedDependency[Work]) -> Response[str]:
    return await _withdraw_form(request, work)


@get("/withdraw/review", access=access.room(Payments.WITHDRAW_OWN, step_up=True))
async def withdraw_review(request: AnyRequest, work: NamedDependency[Work]) -> Response[str]:
    """What would happen, before it is confirmed. Nothing moves here."""
    assert work.actor.id is not None  # noqa: S101 - a client's session names them
    typed = {key: str(value) for key, value in request.query_params.items()}
    try:
        asked = money.parse(typed.get("amount", ""), typed.get("currency", ""))
        method, to = _choice(typed.get("to", ""))
        seen = await withdrawals.preview(work, work.actor.id, method, asked, to)
    except NotFound:
        raise
    except Refusal as why:
        return await _withdraw_form(request, work, why, **typed)
    return page(
        request,
        work,
        "room/payments/withdraw_review.html",
        audience="room",
        seen=seen,
        method=method,
        destination=to,
        pace=await clocks.pace(work, method),
        enough=seen.money <= seen.available,
        before=await asking.asked_before(work, work.actor.id, method, seen.money),
    )


def _choice(text: str) -> tuple[Method, UUID | None]:
    """`card`, or `bank:<id>`: the way and the place in one choice."""
    kind, _, to = text.partition(":")
    try:
        return Method(kind), UUID(to) if to else None
    except ValueError as why:
        raise Invalid("Choose where you want to be paid.", field="to") from why


@post(
    "/withdraw",
    access=access.room(Payments.WITHDRAW_OWN, step_up=True, while_suspended=True),
)
async def withdraw(request: AnyRequest, work: NamedDependency[Work]) -> Response[None]:
    form = await forms.read(request, PayOut)
    assert work.actor.id is not None  # noqa: S101 - a client's session names them
    row = await withdrawals.request(
        work,
        work.actor.id,
        form.method,
        money.parse(form.amount, form.currency),
        destination=form.destination,
        key=form.key,
        shown=form.shown,
        after=form.after,
    )
    return go(request, f"/withdrawals/{row.id}", notice=N_("Requested. The money is set aside."))


@get("/withdrawals/{withdrawal:uuid}", access=access.room(Payments.WITHDRAW_OWN))
async def withdrawal_page(
    request: AnyRequest, work: NamedDependency[Work], withdrawal: FromPath[UUID]
) -> Response[str]:
    row = await work.get(Withdrawal, withdrawal)
    if row.client != work.actor.id:
        raise NotFound
    parts = await withdrawals.parts_of(work, row.id)
    return page(
        request,
        work,
        "room/payments/withdrawal.html",
        audience="room",
        withdrawal=row,
        story=await queries.story(work, row, staff=False),
        parts=parts,
        may_cancel=withdrawals.may_stop(row, parts),
        still_open=row.ended_at is None,
        places=await destinations.of(work, row.client) if row.state in {"held", "review"} else [],
        came_back=row.code == CAME_BACK,
        methods=queries.METHODS,
        fixes=FIXES,
        now=work.now,
        clock=await clocks.of(work, row),
    )


@post(
    "/withdrawals/{withdrawal:uuid}/redirect",
    access=access.room(Payments.WITHDRAW_OWN, step_up=True, while_suspended=True),
)
async def withdrawal_redirect(
    request: AnyRequest, work: NamedDependency[Work], withdrawal: FromPath[UUID]
) -> Response[None]:
    """Pay what has not left to another place: its waiting time and the approvals start anew."""
    form = await forms.read(request, Elsewhere)
    row = await withdrawals.redirect(work, withdrawal, form.destination)
    return go(request, f"/withdrawals/{row.id}", notice=N_("Changed. It is looked at again."))


@post(
    "/withdrawals/{withdrawal:uuid}/cancel",
    access=access.room(Payments.WITHDRAW_OWN, while_suspended=True),
)
async def withdrawal_cancel(
    request: AnyRequest, work: NamedDependency[Work], withdrawal: FromPath[UUID]
) -> Response[None]:
    row = await withdrawals.cancel(work, withdrawal)
    return go(
        request, f"/withdrawals/{row.id}", notice=N_("Cancelled. The money is in your wallet.")
    )


ALL = [
    withdraw_page,
    withdraw_review,
    withdraw,
    withdrawal_page,
    withdrawal_cancel,
    withdrawal_redirect,
]
