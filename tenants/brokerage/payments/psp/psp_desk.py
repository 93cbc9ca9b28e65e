"""The page of one provider account: its form, its callback address, its capabilities."""

from typing import Any

import msgspec
from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response

from brokerage.payments import connectors, queries
from brokerage.payments.connector import PaymentConnector
from brokerage.payments.permissions import Payments
from brokerage.payments.psp import hook_paths, providers, psps
from brokerage.payments.settings import PaymentsSettings, Psp
from stoa.connectors.keyring import filled_fields, secret_fields
from stoa.connectors.outside import NOTED
from stoa.drawn import whole
from stoa.kernel.refusals import NotFound
from stoa.tenancy.module import Settings
from stoa.tenancy.work import Work
from stoa.theming.texts import N_
from stoa.web import access
from stoa.web.forms import one_of, sent_of
from stoa.web.pages import go, look, page

AnyRequest = Request[Any, Any, Any]

WAITS = N_("It waits for a second person to agree. Nothing has changed yet.")
_OWN = frozenset({"code", "label", "on", "why", "connector"})
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
        form = await _opened(request, work, fresh, kind, new=True)
        return await _page(request, work, fresh, kind, form, new=True)
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
    kind = psps.kind_of(psp.connector)
    form = await _opened(request, work, psp, kind, new=False)
    return await _page(request, work, psp, kind, form)


@post("/desk/psps/new", access=access.desk(Settings.EDIT, step_up=True), status_code=200)
async def add(request: AnyRequest, work: NamedDependency[Work]) -> Response[Any]:
    sent = await sent_of(request)
    kind = psps.kind_of(one_of(sent, "connector"))
    fresh = Psp(code=one_of(sent, "code") or kind.code, connector=kind.code, label=kind.label)
    return await _step(request, work, fresh, kind, sent, new=True)


@post(
    "/desk/psps/{code:str}/settings",
    access=access.desk(Settings.EDIT, step_up=True),
    status_code=200,
)
async def change(
    request: AnyRequest, work: NamedDependency[Work], code: FromPath[str]
) -> Response[Any]:
    psp = work.settings(PaymentsSettings).psp(code)
    if psp is None:
        raise NotFound
    return await _step(request, work, psp, psps.kind_of(psp.connector), await sent_of(request))


async def _step(
    request: AnyRequest,
    work: Work,
    psp: Psp,
    kind: type[PaymentConnector],
    sent: dict[str, Any],
    *,
    new: bool = False,
) -> Response[Any]:
    """A step of the form, or the account put in force; what is wrong is said at its field."""
    told = {name: value for name, value in sent.items() if name not in _OWN}
    on = one_of(sent, "on") in {"true", "on", "1"}
    said = {name: one_of(sent, name) for name in ("code", "label", "why")}
    form = await whole.kept(
        whole.sent(await _opened(request, work, psp, kind, new=new), told),
        work,
        lambda form: psps.keep(
            work,
            said["code"] if new else psp.code,
            psps.Typed(label=said["label"], on=on, value=form.value, entered=form.entered),
            why=said["why"],
            connector=kind.code if new else "",
        ),
    )
    if form.kept:
        waits = form.answer is None
        where = "/desk/psps" if waits else f"/desk/psps/{psp.code}/settings"
        return go(request, where, notice=WAITS if waits else N_("Kept. Test the connection now."))
    shown = msgspec.structs.replace(psp, label=said["label"], on=on)
    code = said["code"] if new else psp.code
    return await _page(request, work, shown, kind, form, code=code, why=said["why"], new=new)


async def _opened(
    request: AnyRequest, work: Work, psp: Psp, kind: type[PaymentConnector], *, new: bool
) -> whole.Whole:
    known = {} if new else await psps.known(work, kind.settings_type, psp.settings)
    noted = look(request, work, "desk").texts.gettext(NOTED)
    return psps.form_of(kind.settings_type, psp.settings, known, noted)


async def _page(
    request: AnyRequest,
    work: Work,
    psp: Psp,
    kind: type[PaymentConnector],
    form: whole.Whole,
    *,
    code: str = "",
    why: str = "",
    new: bool = False,
) -> Response[str]:
    able = providers.abilities(psp)
    called = bool(
        set(filled_fields(kind.settings_type, "callback")) or secret_fields(kind.settings_type)
    )
    return page(
        request,
        work,
        "desk/payments/psp.html",
        audience="desk",
        status=422 if form.faults else 200,
        psp=psp,
        code=code or psp.code,
        why=why,
        kind={"code": kind.code, "label": kind.label, "about": ABOUT.get(kind.code, "")},
        form=form.drawn(look(request, work, "desk").texts, beside=_OWN),
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
