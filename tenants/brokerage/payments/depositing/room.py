"""Deposits in the trader room."""

from typing import Any
from uuid import UUID

import msgspec
from litestar import MediaType, Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response

from brokerage.ledger.settings import LedgerSettings
from brokerage.payments import hooks, queries
from brokerage.payments.depositing import deposits
from brokerage.payments.depositing.room_ready import before
from brokerage.payments.model import Deposit, DepositState
from brokerage.payments.permissions import Payments
from brokerage.payments.receiving import queries as receiving
from brokerage.payments.values import Method
from stoa.kernel import money
from stoa.kernel.refusals import Invalid, NotFound
from stoa.tenancy.facts import TenantFacts
from stoa.tenancy.work import Work
from stoa.theming.texts import N_
from stoa.web import access, forms
from stoa.web.open import entered
from stoa.web.pages import go, page

AnyRequest = Request[Any, Any, Any]


class PayIn(msgspec.Struct):
    method: Method
    currency: str
    amount: str
    key: UUID


def _currencies(work: Work) -> list[str]:
    return list(work.settings(LedgerSettings).offered(work.settings(TenantFacts)))


@get("/deposit", access=access.room(Payments.DEPOSIT_OWN))
async def deposit_page(request: AnyRequest, work: NamedDependency[Work]) -> Response[str]:
    assert work.actor.id is not None  # noqa: S101 - a client's session names them
    came, _ = await queries.of_client(work, work.actor.id, limit=5)
    typed = {
        name: str(request.query_params.get(name, ""))[:40]
        for name in ("method", "amount", "currency")
    }
    return page(
        request,
        work,
        "room/payments/deposit.html",
        audience="room",
        methods=await queries.offered(work, work.actor.id),
        currencies=_currencies(work),
        base=work.tenant.base_currency,
        ready=await before(work, typed),
        recent=came,
        addresses=bool(await receiving.offered(work, work.actor.id)),
        offers=[one for hook in hooks.offers for one in await hook(work, work.actor.id)],
        typed=typed,
        paused=work.tenant.state == "suspended",
    )


@post("/deposit", access=access.room(Payments.DEPOSIT_OWN, own_transaction=True))
async def deposit_start(request: AnyRequest) -> Response[Any]:
    client, open_work = await entered(request)
    form = await forms.read(request, PayIn)
    asked = money.parse(form.amount, form.currency)
    made = await deposits.start(open_work, client, form.method, asked, key=form.key)
    if made.url is None:
        return go(request, f"/deposit/{made.deposit}")
    return _away(request, made.url)


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
        sent=any("address" in one.decision for one in tried),
    )


@post(
    "/deposit/{deposit:uuid}/cancel", access=access.room(Payments.DEPOSIT_OWN, own_transaction=True)
)
async def deposit_cancel(request: AnyRequest, deposit: FromPath[UUID]) -> Response[Any]:
    _, open_work = await entered(request)
    await deposits.cancel(open_work, deposit)
    return go(request, f"/deposit/{deposit}", notice=N_("Cancelled. No money has moved."))


ALL = [deposit_page, deposit_start, deposit_state, deposit_cancel]
