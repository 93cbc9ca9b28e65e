"""Deposits and withdrawals in the trader room."""

from typing import Any
from uuid import UUID

import msgspec
from litestar import MediaType, Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response

from brokerage.ledger import wallets
from brokerage.ledger.settings import LedgerSettings
from brokerage.payments import deposits, destinations, queries, withdrawals
from brokerage.payments.model import Deposit, DepositState, Withdrawal
from brokerage.payments.permissions import Payments
from brokerage.payments.settings import PaymentsSettings
from brokerage.payments.values import Method
from stoa.kernel import money
from stoa.kernel.refusals import Conflict, Invalid, NotFound, Refusal
from stoa.tenancy.actor import VISITOR
from stoa.tenancy.door import OpenWork
from stoa.tenancy.facts import TenantFacts
from stoa.tenancy.work import Work
from stoa.theming.texts import N_
from stoa.web import access, forms
from stoa.web.open import admit
from stoa.web.pages import go, look, page
from stoa.web.visit import visit

AnyRequest = Request[Any, Any, Any]


class PayIn(msgspec.Struct):
    method: Method
    currency: str
    amount: str
    key: UUID


class PayOut(msgspec.Struct):
    method: Method
    currency: str
    amount: str
    key: UUID
    destination: UUID | None = None


class NewDestination(msgspec.Struct):
    kind: Method
    iban: str = ""
    bic: str = ""
    bank_name: str = ""
    network: str = ""
    asset: str = ""
    address: str = ""


async def entered(request: AnyRequest) -> tuple[UUID, OpenWork]:
    """Who asks, checked as any handler checks; and the door for work in several transactions."""
    state, seen = request.app.state.stoa, visit(request)
    if seen.tenant is None:
        raise NotFound
    purpose = f"{request.method} {request.scope['path_template']}"
    async with state.door.open(seen.tenant, actor=VISITOR, purpose=purpose) as work:
        work.request = seen.request_id
        await admit(request, work)
        actor = work.actor
    if actor.id is None:
        raise NotFound
    return actor.id, state.door.opener(seen.tenant, actor=actor, purpose=purpose)


def _currencies(work: Work) -> list[str]:
    return list(work.settings(LedgerSettings).offered(work.settings(TenantFacts)))


@get("/deposit", access=access.room(Payments.DEPOSIT_OWN))
async def deposit_page(request: AnyRequest, work: NamedDependency[Work]) -> Response[str]:
    assert work.actor.id is not None  # noqa: S101 - a client's session names them
    came, _ = await queries.of_client(work, work.actor.id, limit=5)
    return page(
        request,
        work,
        "room/payments/deposit.html",
        audience="room",
        methods=await queries.offered(work, work.actor.id),
        currencies=_currencies(work),
        base=work.tenant.base_currency,
        ready=await queries.ready(work, work.actor.id),
        recent=came,
        typed={
            name: str(request.query_params.get(name, ""))[:40]
            for name in ("method", "amount", "currency")
        },
    )


@post("/deposit", access=access.room(Payments.DEPOSIT_OWN, own_transaction=True))
async def deposit_start(request: AnyRequest) -> Response[Any]:
    client, open_work = await entered(request)
    form = await forms.read(request, PayIn)
    asked = money.parse(form.amount, form.currency)
    _running(request)
    made = await deposits.start(open_work, client, form.method, asked, key=form.key)
    if made.url is None:
        return go(request, f"/deposit/{made.deposit}")
    return _away(request, made.url)


def _running(request: AnyRequest) -> None:
    tenant = visit(request).tenant
    if tenant is None or tenant.state != "active":
        raise Conflict(
            "New deposits are not taken at the moment. No money has moved; withdrawals work."
        )


def _away(request: AnyRequest, url: str) -> Response[Any]:
    """To the provider's page; the address comes from the provider's own answer."""
    if not url.startswith(("https://", "http://")):
        raise Invalid("The provider gave no address.")
    if request.headers.get("hx-request") == "true":
        return Response(
            "", status_code=204, media_type=MediaType.TEXT, headers={"hx-redirect": url}
        )
    return Response("", status_code=303, media_type=MediaType.TEXT, headers={"location": url})


@get("/deposit/{deposit:uuid}", access=access.room(Payments.DEPOSIT_OWN))
async def deposit_state(
    request: AnyRequest, work: NamedDependency[Work], deposit: FromPath[UUID]
) -> Response[str]:
    """Where it stands. Coming back here proves nothing, so nothing is credited here."""
    row = await work.get(Deposit, deposit)
    if row.client != work.actor.id:
        raise NotFound
    tried = await queries.attempts(work, row.id)
    open_now = next((one for one in reversed(tried) if one.state == "open"), None)
    return page(
        request,
        work,
        "room/payments/deposit_state.html",
        audience="room",
        deposit=row,
        url=open_now.page if open_now is not None else None,
        lines=open_now.lines if open_now is not None else None,
        moved_on=len(tried) > 1,
        back=request.query_params.get("back") == "1",
        waiting=row.state in {DepositState.STARTING, DepositState.WAITING},
        others=await queries.others(work, row) if row.state == DepositState.FAILED else [],
        again=queries.again_path(row, row.method),
    )


@post(
    "/deposit/{deposit:uuid}/cancel", access=access.room(Payments.DEPOSIT_OWN, own_transaction=True)
)
async def deposit_cancel(request: AnyRequest, deposit: FromPath[UUID]) -> Response[Any]:
    _, open_work = await entered(request)
    await deposits.cancel(open_work, deposit)
    return go(request, f"/deposit/{deposit}", notice=N_("Cancelled. No money has moved."))


async def _withdraw_form(
    request: AnyRequest, work: Work, problem: Refusal | None = None, **typed: str
) -> Response[str]:
    assert work.actor.id is not None  # noqa: S101 - a client's session names them
    settings = work.settings(PaymentsSettings).withdrawals
    say = look(request, work, "room").texts.gettext
    told = say(problem.sentence).format_map(problem.places) if problem is not None else ""
    field = (problem.field or "form") if problem is not None else "form"
    rows = []
    for one in settings.methods:
        hours, promise = await queries.estimate_hours(work, one.method)
        icon, _ = queries.METHODS[one.method]
        rows.append({"method": one, "icon": icon, "hours": hours, "promise": promise})
    _, left = await queries.of_client(work, work.actor.id, limit=5)
    return page(
        request,
        work,
        "room/payments/withdraw.html",
        audience="room",
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
    hours, promise = await queries.estimate_hours(work, method)
    return page(
        request,
        work,
        "room/payments/withdraw_review.html",
        audience="room",
        seen=seen,
        method=method,
        destination=to,
        hours=hours,
        promise=promise,
        enough=seen.money <= seen.available,
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
    )
    return go(request, f"/withdrawals/{row.id}", notice=N_("Requested. The money is set aside."))


@get("/withdrawals/{withdrawal:uuid}", access=access.room(Payments.WITHDRAW_OWN))
async def withdrawal_page(
    request: AnyRequest, work: NamedDependency[Work], withdrawal: FromPath[UUID]
) -> Response[str]:
    row = await work.get(Withdrawal, withdrawal)
    if row.client != work.actor.id:
        raise NotFound
    return page(
        request,
        work,
        "room/payments/withdrawal.html",
        audience="room",
        withdrawal=row,
        story=await queries.story(work, row, staff=False),
        parts=await withdrawals.parts_of(work, row.id),
        may_cancel=row.state in {"held", "review", "approved"},
        still_open=row.ended_at is None,
    )


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


@get("/withdraw/destinations", access=access.room(Payments.WITHDRAW_OWN, step_up=True))
async def destinations_page(request: AnyRequest, work: NamedDependency[Work]) -> Response[str]:
    assert work.actor.id is not None  # noqa: S101 - a client's session names them
    return page(
        request,
        work,
        "room/payments/destinations.html",
        audience="room",
        destinations=await destinations.of(work, work.actor.id),
        networks=destinations.NETWORKS,
        wait_h=work.settings(PaymentsSettings).withdrawals.new_destination_wait_h,
        now=work.now,
        kind=str(request.query_params.get("kind", "bank")),
    )


@post(
    "/withdraw/destinations",
    access=access.room(Payments.WITHDRAW_OWN, step_up=True, while_suspended=True),
)
async def destination_add(request: AnyRequest, work: NamedDependency[Work]) -> Response[None]:
    form = await forms.read(request, NewDestination)
    assert work.actor.id is not None  # noqa: S101 - a client's session names them
    if form.kind is Method.BANK:
        await destinations.add(
            work, work.actor.id, destinations.bank(form.iban, form.bic, form.bank_name)
        )
    elif form.kind is Method.CRYPTO:
        network, _, asset = form.network.partition(":")
        to = destinations.crypto(network, form.asset or asset, form.address)
        await destinations.add(work, work.actor.id, to)
    else:
        raise Invalid("Choose a bank account or a crypto wallet.", field="kind")
    return go(request, "/withdraw", notice=N_("Kept. It can be used after the waiting time."))


@post(
    "/withdraw/destinations/{destination:uuid}/remove",
    access=access.room(Payments.WITHDRAW_OWN, while_suspended=True),
)
async def destination_remove(
    request: AnyRequest, work: NamedDependency[Work], destination: FromPath[UUID]
) -> Response[None]:
    await destinations.remove(work, destination)
    return go(request, "/withdraw/destinations", notice=N_("Removed."))


ALL = [
    deposit_page,
    deposit_start,
    deposit_state,
    deposit_cancel,
    withdraw_page,
    withdraw_review,
    withdraw,
    withdrawal_page,
    withdrawal_cancel,
    destinations_page,
    destination_add,
    destination_remove,
]
