"""Staff open an account for a client: what their jurisdiction allows, chosen on one page."""

from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response

from brokerage.clients import queries as clients
from brokerage.clients.model import Client
from brokerage.kyc import standing
from brokerage.trading import accounts, terms
from brokerage.trading.permissions import Trading
from brokerage.trading.settings import TradingSettings
from stoa.kernel.refusals import Invalid
from stoa.tenancy.work import Work
from stoa.theming.texts import N_
from stoa.web import access, forms
from stoa.web.pages import go, page

AnyRequest = Request[Any, Any, Any]
_LEAST_REASON = 3


class Wanted(msgspec.Struct):
    product: str
    currency: str
    reason: str = ""
    leverage: int | None = None


@get("/desk/clients/{client:uuid}/accounts/new", access=access.desk(Trading.EDIT))
async def new(
    request: AnyRequest, work: NamedDependency[Work], client: FromPath[UUID]
) -> Response[str]:
    await clients.seen(work, client)
    row = await work.get(Client, client)
    limits = await standing.limits(work, client)
    offered = work.settings(TradingSettings).offered(limits.pack.code, staff=True)
    caps = {
        one.code: cap.leverage if (cap := terms.cap_for(limits, one)) is not None else None
        for one in offered
        if one.kind == "live"
    }
    names = await clients.names(work, [client])
    return page(
        request,
        work,
        "desk/trading/open.html",
        audience="desk",
        client=client,
        name=names.get(client, ""),
        products=offered,
        caps=caps,
        pack=limits.pack.code,
        may={kind: accounts.may_open(work, row.level, kind) for kind in ("live", "demo")},
        currencies=sorted({code for one in offered for code in one.currencies}),
        leverages=sorted({ratio for one in offered for ratio in one.leverages}, reverse=True),
    )


@post("/desk/clients/{client:uuid}/accounts/new", access=access.desk(Trading.EDIT))
async def create(
    request: AnyRequest, work: NamedDependency[Work], client: FromPath[UUID]
) -> Response[Any]:
    """The server makes it seconds later; its first password is shown to its owner alone."""
    form = await forms.read(request, Wanted)
    await clients.seen(work, client)
    if len(form.reason.strip()) < _LEAST_REASON:
        raise Invalid("Say why, in a few words.", field="reason")
    product = work.settings(TradingSettings).product(form.product)
    if product is not None and form.leverage is not None and form.leverage not in product.leverages:
        raise Invalid("Choose one of the offered leverages.", field="leverage")
    pack, cap = await terms.terms(work, client, product)
    cap = cap if product is None or product.kind == "live" else None
    if cap is not None and form.leverage is not None and form.leverage > cap:
        raise Invalid(
            "Where this client lives the leverage is at most 1:{cap}. Nothing was opened.",
            field="leverage",
            cap=cap,
        )
    row = await accounts.open_account(
        work,
        client,
        product=form.product,
        currency=form.currency,
        leverage=form.leverage,
        pack=pack,
        cap=cap,
    )
    work.record("account opened by staff", account=str(row.id), why=form.reason.strip()[:400])
    return go(
        request,
        f"/desk/accounts/{row.id}",
        notice=N_("Asked for. The server makes it in a few seconds."),
    )


ALL = [new, create]
