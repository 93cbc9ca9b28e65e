"""A client's own addresses in the trader room: given once, paid to again and again."""

from datetime import timedelta
from typing import Any, Final

import msgspec
from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.response import Response

from brokerage.payments.permissions import Payments
from brokerage.payments.receiving import giving, queries
from brokerage.payments.receiving.port import Coin
from stoa.kernel.refusals import Invalid
from stoa.tenancy.work import Work
from stoa.theming.texts import N_
from stoa.web import access, forms
from stoa.web.open import entered
from stoa.web.pages import go, page

AnyRequest = Request[Any, Any, Any]
_SEEN: Final = timedelta(minutes=5)


class WantedCoin(msgspec.Struct):
    coin: str


@get("/deposit/addresses", access=access.room(Payments.DEPOSIT_OWN))
async def addresses_page(request: AnyRequest, work: NamedDependency[Work]) -> Response[str]:
    assert work.actor.id is not None  # noqa: S101 - a client's session names them
    held = await queries.of_client(work, work.actor.id)
    for one in held:
        # Who looks at an address may have just paid to it: its provider is asked soon.
        row = one.row
        if row.seen_at is None or work.now - row.seen_at > _SEEN:
            row.seen_at = work.now
            soon = work.now + giving.FIRST_POLL
            row.next_poll_at = min(row.next_poll_at or soon, soon)
    offered = await queries.offered(work, work.actor.id)
    have = {one.coin for one in held}
    return page(
        request,
        work,
        "room/payments/addresses.html",
        audience="room",
        held=held,
        offered=[one for one in offered if one.coin not in have],
        came=await queries.came(work, work.actor.id),
    )


@post("/deposit/addresses", access=access.room(Payments.DEPOSIT_OWN, own_transaction=True))
async def address_ask(request: AnyRequest) -> Response[Any]:
    client, open_work = await entered(request)
    form = await forms.read(request, WantedCoin)
    asset, _, network = form.coin.partition(":")
    if not asset or not network:
        raise Invalid("Choose a coin and its network.", field="coin")
    await giving.address_for(open_work, client, Coin(asset, network))
    return go(request, "/deposit/addresses", notice=N_("This address is yours and stays."))


ALL = [addresses_page, address_ask]
