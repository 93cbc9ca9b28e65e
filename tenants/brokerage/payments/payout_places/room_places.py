"""Where a client is paid, in the trader room: the forms their country and our providers call for."""

from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response

from brokerage.clients.model import Client
from brokerage.payments.payout_places import destinations, place_forms, places
from brokerage.payments.payout_places.place_forms import Form
from brokerage.payments.permissions import Payments
from brokerage.payments.psp import providers
from brokerage.payments.queries import METHODS
from brokerage.payments.settings import PaymentsSettings
from brokerage.payments.values import Asks
from stoa.kernel.refusals import Invalid
from stoa.tenancy.work import Work
from stoa.theming.texts import N_
from stoa.web import access, forms
from stoa.web.pages import go, page

AnyRequest = Request[Any, Any, Any]


class NewPlace(msgspec.Struct):
    """What any of the forms asks; the rest stays empty."""

    kind: Asks
    holder: str = ""
    label: str = ""
    iban: str = ""
    bic: str = ""
    bank_name: str = ""
    sort_code: str = ""
    routing_number: str = ""
    account_number: str = ""
    pix_key: str = ""
    network: str = ""
    asset: str = ""
    address: str = ""
    memo: str = ""
    email: str = ""
    number: str = ""
    operator: str = ""


async def forms_of(work: Work, client: UUID) -> list[Form]:
    """What this client may add, by their country, the ways offered and what providers can pay to."""
    settings = work.settings(PaymentsSettings)
    country = (await work.get(Client, client)).country
    methods = [
        one.method
        for one in settings.withdrawals.methods
        if not one.countries or country in one.countries
    ]
    offers = [
        offer
        for psp in settings.psps
        if psp.on and (able := providers.abilities(psp)) is not None
        for offer in able.payouts
    ]
    return place_forms.forms_for(methods, offers, country)


@get("/withdraw/destinations", access=access.room(Payments.WITHDRAW_OWN, step_up=True))
async def destinations_page(request: AnyRequest, work: NamedDependency[Work]) -> Response[str]:
    assert work.actor.id is not None  # noqa: S101 - a client's session names them
    offered = await forms_of(work, work.actor.id)
    kind = str(request.query_params.get("kind", ""))
    chosen = next((one for one in offered if kind in {one.code, str(one.method)}), None)
    return page(
        request,
        work,
        "room/payments/destinations.html",
        audience="room",
        destinations=await destinations.of(work, work.actor.id),
        forms=offered,
        chosen=chosen or (offered[0] if offered else None),
        methods=METHODS,
        wait_h=work.settings(PaymentsSettings).withdrawals.new_destination_wait_h,
        now=work.now,
    )


@post(
    "/withdraw/destinations",
    access=access.room(Payments.WITHDRAW_OWN, step_up=True, while_suspended=True),
)
async def destination_add(request: AnyRequest, work: NamedDependency[Work]) -> Response[None]:
    form = await forms.read(request, NewPlace)
    client = work.actor.id
    assert client is not None  # noqa: S101 - a client's session names them
    if form.kind not in {one.code for one in await forms_of(work, client)}:
        raise Invalid("This way to be paid is not offered to you.", field="kind")
    typed = {name: str(value).strip() for name, value in msgspec.structs.asdict(form).items()}
    country = (await work.get(Client, client)).country
    to = places.read(form.kind, typed, country)
    await destinations.add(work, client, to, holder=form.holder, label=form.label)
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


ALL = [destinations_page, destination_add, destination_remove]
