"""Accounts in the trader room: cards, one account, opening, transfers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response

from brokerage.clients.model import Client
from brokerage.kyc import cases, standing
from brokerage.kyc.model import WITH_US
from brokerage.kyc.standing import Limits
from brokerage.ledger import wallets
from brokerage.trading import accounts, lines, queries, switches, transfers
from brokerage.trading.model import TradingAccount
from brokerage.trading.permissions import Trading
from brokerage.trading.settings import RIGHTS, TradingProduct, TradingSettings
from brokerage.trading.tables import deal_table
from brokerage.trading.terms import cap_for, terms
from stoa.kernel import money
from stoa.kernel.refusals import Invalid, NotFound
from stoa.tenancy.facts import TenantFacts
from stoa.tenancy.work import Work
from stoa.web import access, forms, tables
from stoa.web.pages import go, page

AnyRequest = Request[Any, Any, Any]


class Open(msgspec.Struct):
    product: str
    currency: str
    leverage: int | None = None


class Move(msgspec.Struct):
    """`direction` is to-account, to-wallet, or the other account that it goes on to."""

    amount: str
    direction: str
    key: UUID | None = None


async def _mine(work: Work, account: UUID) -> TradingAccount:
    row = await work.get(TradingAccount, account)
    if row.client != work.actor.id:
        raise NotFound
    return row


def _may_open(work: Work, client: Client) -> dict[str, bool]:
    return {kind: accounts.may_open(work, client.level, kind) for kind in ("live", "demo")}


@get("/accounts", access=access.room(Trading.OWN))
async def listed(request: AnyRequest, work: NamedDependency[Work]) -> Response[str]:
    assert work.actor.id is not None  # noqa: S101 - a client's session names them
    cards = await queries.cards(work, work.actor.id)
    may = _may_open(work, await work.get(Client, work.actor.id))
    case = await cases.newest(work, work.actor.id) if not all(may.values()) else None
    return page(
        request,
        work,
        "room/trading/accounts.html",
        audience="room",
        live=[one for one in cards if one.kind == "live"],
        demo=[one for one in cards if one.kind == "demo"],
        lines=await lines.by_day(work, cards),
        may=may,
        with_us=case is not None and case.state in WITH_US,
    )


@get("/accounts/new", access=access.room(Trading.OWN))
async def new(request: AnyRequest, work: NamedDependency[Work]) -> Response[str]:
    client = await work.get(Client, work.actor.id)
    limits = await standing.limits(work, client.id)
    settings = work.settings(TradingSettings)
    asked = request.query_params.get("product", "")
    products = [
        one
        for one in settings.offered(limits.pack.code)
        if one.availability != "hidden" or one.code == asked
    ]
    offers = [_offer(settings, limits, one) for one in products]
    chosen = next((one.code for one in products if one.code == asked), "") or next(
        (one.code for one in products if one.availability == "default"), ""
    )
    return page(
        request,
        work,
        "room/trading/new.html",
        audience="room",
        products=products,
        offers=offers,
        chosen=chosen,
        may=_may_open(work, client),
        currencies=_currencies(products),
        base=work.settings(TenantFacts).base_currency,
        leverages=_leverages(offers),
    )


@dataclass(frozen=True, slots=True)
class Offer:
    """A product as clients compare it, with what their jurisdiction leaves of its leverages."""

    product: TradingProduct
    server: str
    leverages: tuple[int, ...]
    cap: int | None
    swap_free: bool


def _offer(settings: TradingSettings, limits: Limits, product: TradingProduct) -> Offer:
    cap = cap_for(limits, product) if product.kind == "live" else None
    server = settings.server(product.server)
    fits = [one for one in product.leverages if cap is None or one <= cap.leverage]
    can = settings.swap_free.decides != "off" and server is not None
    return Offer(
        product=product,
        server=server.label if server else product.server,
        leverages=tuple(sorted(fits or [min(product.leverages)], reverse=True)),
        cap=cap.leverage if cap else None,
        swap_free=can
        and any(rule.swap_free for rule in (server.groups if server else ()))
        and settings.swap_free.when.fits(
            country=limits.country, pack=limits.pack.code, product=product.code
        ),
    )


def _leverages(offers: Sequence[Offer]) -> list[dict[str, Any]]:
    """Each leverage with the products that may have it where the client lives."""
    every = sorted({ratio for one in offers for ratio in one.leverages}, reverse=True)
    return [{"value": ratio, "label": f"1:{ratio}"} for ratio in every]


def _currencies(products: Sequence[TradingProduct]) -> list[dict[str, str]]:
    """Each currency with the products that are kept in it."""
    return [
        {
            "value": code,
            "label": code,
            "only_with": " ".join(["product", *(p.code for p in products if code in p.currencies)]),
        }
        for code in sorted({code for one in products for code in one.currencies})
    ]


@post("/accounts", access=access.room(Trading.OWN))
async def create(request: AnyRequest, work: NamedDependency[Work]) -> Response[None]:
    form = await forms.read(request, Open)
    assert work.actor.id is not None  # noqa: S101 - a client's session names them
    wanted = work.settings(TradingSettings).product(form.product)
    pack, cap = await terms(work, work.actor.id, wanted)
    row = await accounts.open_account(
        work,
        work.actor.id,
        product=form.product,
        currency=form.currency,
        leverage=form.leverage,
        pack=pack,
        cap=cap,
    )
    return go(request, f"/accounts/{row.id}", notice="Your account is being made on the server.")


@get("/accounts/{account:uuid}", access=access.room(Trading.OWN))
async def one(
    request: AnyRequest, work: NamedDependency[Work], account: FromPath[UUID]
) -> Response[Any]:
    row = await _mine(work, account)
    if request.query_params.get("format"):
        return await tables.answer(
            request, work, deal_table(desk=False, account=row.id), audience="room"
        )
    days, line = await lines.of_account(work, row)
    available = await wallets.available(work, row.client, row.currency)
    return page(
        request,
        work,
        "room/trading/account.html",
        audience="room",
        account=queries.card(work, row),
        positions=await queries.positions(work, row.id),
        transfers=await queries.transfers(work, row.id),
        table=await tables.shell(
            request, work, deal_table(desk=False, account=row.id), audience="room"
        ),
        days=days,
        line=line,
        available=available,
        others=await queries.others(work, row) if row.kind == "live" else [],
        shut={right: switches.why_shut(work, row, right) for right in RIGHTS},
    )


@post("/accounts/{account:uuid}/password", access=access.room(Trading.OWN))
async def password(
    request: AnyRequest, work: NamedDependency[Work], account: FromPath[UUID]
) -> Response[str]:
    """Shows the first password once; the answer is a dialog's content."""
    shown = await accounts.reveal(work, account)
    row = await _mine(work, account)
    return page(
        request,
        work,
        "room/trading/password.html",
        audience="room",
        password=shown,
        login=row.login,
        account=account,
    )


@post("/accounts/{account:uuid}/transfer", access=access.room(Trading.OWN))
async def transfer(
    request: AnyRequest, work: NamedDependency[Work], account: FromPath[UUID]
) -> Response[None]:
    form = await forms.read(request, Move)
    row = await _mine(work, account)
    amount = money.parse(form.amount, row.currency)
    if form.direction == transfers.TO_ACCOUNT:
        await transfers.to_account(work, account, amount, key=form.key)
    elif form.direction == transfers.TO_WALLET:
        await transfers.to_wallet(work, account, amount, key=form.key)
    else:
        await transfers.between(work, account, _other(form.direction), amount, key=form.key)
    return go(request, f"/accounts/{account}", notice="On its way. You see it here in a moment.")


def _other(direction: str) -> UUID:
    try:
        return UUID(direction)
    except ValueError as why:
        raise Invalid("Choose one of the offered values.", field="direction") from why


@post("/transfers/{transfer:uuid}/cancel", access=access.room(Trading.OWN))
async def cancel(
    request: AnyRequest, work: NamedDependency[Work], transfer: FromPath[UUID]
) -> Response[None]:
    row = await transfers.cancel(work, transfer)
    return go(request, f"/accounts/{row.account}", notice="Taken back.")
