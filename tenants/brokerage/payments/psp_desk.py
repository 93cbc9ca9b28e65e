"""The page of one provider account: its form, its callback address, its capabilities."""

from typing import Any

from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response

from brokerage.payments import connectors, hook_paths, providers, psps, queries
from brokerage.payments.connector import PaymentConnector
from brokerage.payments.permissions import Payments
from brokerage.payments.settings import PaymentsSettings, Psp
from stoa.connectors.keyring import filled_fields, secret_fields
from stoa.kernel.refusals import NotFound
from stoa.tenancy.module import Settings
from stoa.tenancy.work import Work
from stoa.theming.texts import N_
from stoa.web import access
from stoa.web.forms import ONCE_FIELD, one_of, sent_of
from stoa.web.open import CSRF_FIELD
from stoa.web.pages import go, page

AnyRequest = Request[Any, Any, Any]

WAITS = N_("It waits for a second person to agree. Nothing has changed yet.")
_OWN = frozenset({CSRF_FIELD, ONCE_FIELD, "code", "label", "on", "why", "connector"})
ABOUT = {
    "stripe": N_("Cards, on Stripe's own page."),
    "adyen": N_("Cards, by payment links."),
    "paypal": N_("PayPal accounts, in and out."),
    "praxis": N_("A cashier over many processors."),
    "bridgerpay": N_("A cashier over many processors, with payouts."),
    "hyperswitch": N_("A router over many processors."),
    "b2binpay": N_("Coins, to wallets of yours."),
    "btcpay": N_("Coins, to a server of your own."),
    "nowpayments": N_("Coins, an address for each deposit."),
    "mpesa": N_("Mobile money in Kenya, by a prompt."),
    "paystack": N_("Cards and transfers in West and South Africa."),
    "flutterwave": N_("Cards, transfers and mobile money in Africa."),
    "pawapay": N_("Mobile money in many African markets."),
    "pix": N_("Brazil's QR code, to your own account."),
    "vietqr": N_("Vietnam's QR code, to your own account."),
    "wire": N_("Transfers to your own bank account."),
}


@get("/desk/psps/new", access=access.desk(Settings.EDIT))
async def choose(request: AnyRequest, work: NamedDependency[Work]) -> Response[str]:
    """Which provider is to be connected; with `connector`, its form."""
    chosen = request.query_params.get("connector", "")
    if chosen:
        kind = psps.kind_of(chosen)
        taken = {one.code for one in work.settings(PaymentsSettings).psps}
        code = next(
            name
            for name in (kind.code, *(f"{kind.code}-{n}" for n in range(2, 100)))
            if name not in taken
        )
        fresh = Psp(code=code, connector=kind.code, label=kind.label)
        return await _form(request, work, fresh, kind, new=True)
    return page(
        request,
        work,
        "desk/payments/psp_new.html",
        audience="desk",
        kinds=[
            {"code": kind.code, "label": kind.label, "about": ABOUT.get(kind.code, "")}
            for kind in connectors.ALL
        ],
    )


@get("/desk/psps/{code:str}/settings", access=access.desk(Payments.PSPS))
async def show(
    request: AnyRequest, work: NamedDependency[Work], code: FromPath[str]
) -> Response[str]:
    psp = work.settings(PaymentsSettings).psp(code)
    if psp is None:
        raise NotFound
    return await _form(request, work, psp, psps.kind_of(psp.connector))


@post("/desk/psps/new", access=access.desk(Settings.EDIT, step_up=True))
async def add(request: AnyRequest, work: NamedDependency[Work]) -> Response[Any]:
    sent = await sent_of(request)
    connector, code = one_of(sent, "connector"), one_of(sent, "code")
    return await _keep(request, work, code, sent, connector)


@post("/desk/psps/{code:str}/settings", access=access.desk(Settings.EDIT, step_up=True))
async def change(
    request: AnyRequest, work: NamedDependency[Work], code: FromPath[str]
) -> Response[Any]:
    return await _keep(request, work, code, await sent_of(request), "")


async def _keep(
    request: AnyRequest, work: Work, code: str, sent: dict[str, Any], connector: str
) -> Response[Any]:
    typed = psps.Typed(
        label=one_of(sent, "label"),
        on=one_of(sent, "on") in {"true", "on", "1"},
        sent={name: value for name, value in sent.items() if name not in _OWN},
    )
    version = await psps.keep(work, code, typed, why=one_of(sent, "why"), connector=connector)
    where = "/desk/psps" if version is None else f"/desk/psps/{code}/settings"
    notice = WAITS if version is None else N_("Kept. Test the connection now.")
    return go(request, where, notice=notice)


async def _form(
    request: AnyRequest,
    work: Work,
    psp: Psp,
    kind: type[PaymentConnector],
    *,
    new: bool = False,
) -> Response[str]:
    known = {} if new else await psps.known(work, kind.settings_type, psp.settings)
    able = providers.abilities(psp)
    called = bool(
        set(filled_fields(kind.settings_type, "callback")) or secret_fields(kind.settings_type)
    )
    return page(
        request,
        work,
        "desk/payments/psp.html",
        audience="desk",
        psp=psp,
        kind={"code": kind.code, "label": kind.label, "about": ABOUT.get(kind.code, "")},
        fields=psps.fields_of(kind.settings_type, psp.settings, known, {}),
        hook=hook_paths.address(work, psp.code) if called else "",
        able=[
            {
                "way": way,
                "method": queries.METHODS[offer.method][1],
                "currencies": sorted(offer.currencies),
                "countries": sorted(offer.countries),
            }
            for way, offers in (("in", able.deposits), ("out", able.payouts))
            for offer in offers
        ]
        if able is not None
        else [],
        refunds=able is not None and able.refunds,
        new=new,
        may_edit=work.actor.may(Settings.EDIT),
        may_test=not new and work.actor.may(Payments.TEST),
    )


ALL = [choose, add, show, change]
