"""What is still asked for before money can leave, shown before it is paid in and on the wallet."""

from typing import Any, Final

from litestar import MediaType, Request, get
from litestar.di import NamedDependency
from litestar.response import Response

from brokerage.ledger import wallets
from brokerage.payments.permissions import Payments
from brokerage.payments.settings import PaymentsSettings
from brokerage.payments.values import Method
from brokerage.payments.withdrawing import clocks, readiness
from brokerage.payments.withdrawing.readiness import Ready
from stoa.kernel import currencies, money
from stoa.kernel.money import Money
from stoa.kernel.refusals import NotFound, Refusal
from stoa.tenancy.work import Work
from stoa.web import access
from stoa.web.pages import page

AnyRequest = Request[Any, Any, Any]
_WALLETS: Final = 3


async def before(work: Work, typed: dict[str, str]) -> Ready:
    """For a deposit as it is typed so far; what is not typed yet is the least of the way."""
    assert work.actor.id is not None  # noqa: S101 - a client's session names them
    settings = work.settings(PaymentsSettings)
    wanted = typed.get("method", "")
    offered = [one for one in settings.methods if str(one.method) == wanted] or settings.methods
    method = offered[0].method if offered else Method.CARD
    currency = typed.get("currency", "").upper()
    currency = currency if currencies.known(currency) else work.tenant.base_currency
    try:
        amount = money.parse(typed.get("amount", ""), currency)
    except Refusal:
        least = offered[0].least.money if offered else Money.zero(currency)
        amount = least if least.currency == currency and least else _some(currency)
    return await readiness.of(work, work.actor.id, amount, paid_by=method)


def _some(currency: str) -> Money:
    return money.parse("100", currency)


@get("/deposit/ready", access=access.room(Payments.DEPOSIT_OWN))
async def ready_before(request: AnyRequest, work: NamedDependency[Work]) -> Response[str]:
    """The card of the deposit page again, for what is typed now."""
    typed = {name: str(value)[:40] for name, value in request.query_params.items()}
    return page(
        request,
        work,
        "room/payments/ready_before.html",
        audience="room",
        ready=await before(work, typed),
    )


@get("/withdraw/ready", access=access.room(Payments.WITHDRAW_OWN))
async def ready_now(request: AnyRequest, work: NamedDependency[Work]) -> Response[str]:
    """For what is in the wallets: a page of its own, or the card of the wallets' page."""
    assert work.actor.id is not None  # noqa: S101 - a client's session names them
    held = [one for one in await wallets.of(work, work.actor.id) if one.available]
    fragment = request.headers.get("hx-request") == "true"
    return page(
        request,
        work,
        "room/payments/ready_cards.html" if fragment else "room/payments/ready.html",
        audience="room",
        found=[await readiness.of(work, work.actor.id, one.available) for one in held[:_WALLETS]],
    )


@get("/withdrawal-times.json", access=access.public("published figures are for everyone"))
async def published(work: NamedDependency[Work]) -> Response[dict[str, Any]]:
    """How long withdrawals took, in numbers and under the broker's signature.

    `signed` is a compact JWS of the same figures, `key` the JWK that proves it.
    """
    found = await clocks.signed(work)
    if found is None:
        raise NotFound
    return Response(found, media_type=MediaType.JSON)


ALL = [ready_before, ready_now, published]
