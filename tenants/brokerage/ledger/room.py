"""The client's money: wallets, history, exchange, transfers to other clients."""

from typing import Annotated, Any, Final
from uuid import UUID

import msgspec
from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response
from msgspec import Meta

from brokerage.ledger import exchange, hooks, lists, queries, transfers, wallets
from brokerage.ledger.fx import FxQuote
from brokerage.ledger.permissions import Ledger
from brokerage.ledger.settings import LedgerSettings
from stoa.kernel.money import Money, parse
from stoa.kernel.refusals import NotFound, Refusal
from stoa.tenancy.facts import TenantFacts
from stoa.tenancy.work import Work
from stoa.theming.texts import N_
from stoa.web import access, forms, tables
from stoa.web.pages import go, page

AnyRequest = Request[Any, Any, Any]

Amount = Annotated[str, Meta(max_length=40)]
Currency = Annotated[str, Meta(max_length=8)]
Key = Annotated[str, Meta(min_length=8, max_length=60)]


class Asked(msgspec.Struct):
    """An exchange somebody wants a rate for."""

    sell: Currency
    buy: Currency
    amount: Amount


class Sent(msgspec.Struct):
    """A transfer; `once` is the form's own key, so that it moves money once however often sent."""

    currency: Currency
    to: Annotated[str, Meta(max_length=20)]
    amount: Amount
    once: Key = msgspec.field(name="_once")
    note: Annotated[str, Meta(max_length=140)] = ""


def own(work: Work) -> UUID:
    """The client of this session."""
    if work.actor.id is None:
        raise NotFound
    return work.actor.id


@get("/money", access=access.room(Ledger.WALLETS_OWN))
async def money(request: AnyRequest, work: NamedDependency[Work]) -> Response[str]:
    """All wallets at a glance, what is set aside and why, and what moved last."""
    client = own(work)
    base, known = await queries.base_rates(work)
    total, line = await queries.over_time(work, client, known)
    settings = work.settings(LedgerSettings)
    found = await wallets.of(work, client)
    return page(
        request,
        work,
        "room/ledger/money.html",
        cards=hooks.wallet_cards,
        audience="room",
        wallets=[
            {
                "currency": one.account.currency,
                "available": one.available,
                "held": one.held,
                "number": one.account.number,
                "frozen": one.frozen_why is not None,
                "in_base": known.convert(one.total, base)
                if one.account.currency != base and known.knows(one.account.currency, base)
                else None,
            }
            for one in found
        ],
        total=total,
        line=line,
        mixed=len(found) > 1,
        holds=[
            {
                "title": CAUSES.get(one.cause[0], N_("Set aside")),
                "money": one.money,
                "since": one.since,
                "href": queries.path(hooks.room_paths, *one.cause),
            }
            for one in await wallets.holds(work, client)
        ],
        movements=await queries.movements(work, client),
        may_exchange=settings.exchange.on,
        may_transfer=settings.transfers.on,
    )


CAUSES: Final = {
    "withdrawal": N_("A withdrawal under way"),
    "transfer": N_("A transfer to a trading account"),
    "dispute": N_("A payment your bank disputes"),
}
"""What a hold is for, in the client's words, by kind of cause."""


@get("/money/history", access=access.room(Ledger.WALLETS_OWN))
async def history(request: AnyRequest, work: NamedDependency[Work]) -> Response[Any]:
    """Every movement of one's wallets, with filters and files."""
    return await tables.answer(
        request,
        work,
        lists.history(own(work), room=True),
        audience="room",
        template="room/ledger/history.html",
    )


@get("/money/history/{entry:uuid}", access=access.room(Ledger.WALLETS_OWN))
async def movement(
    request: AnyRequest, work: NamedDependency[Work], entry: FromPath[UUID]
) -> Response[str]:
    """One movement explained: what it did to which wallet, and what the balance was after it."""
    client = own(work)
    found = await queries.entry_view(work, entry)
    mine = [side for side in found.sides if side.account.owner == client]
    if not mine:
        raise NotFound
    return page(
        request,
        work,
        "room/ledger/movement.html",
        audience="room",
        entry=found.row,
        kind=found.kind,
        sides=mine,
        quote=found.quote,
        source_path=queries.path(hooks.room_paths, found.row.ref_kind, found.row.ref),
    )


@get("/money/exchange", access=access.room(Ledger.EXCHANGE_OWN))
async def exchange_form(request: AnyRequest, work: NamedDependency[Work]) -> Response[str]:
    """Which wallet, how much, into which currency."""
    return await _exchange_page(request, work, None)


async def _exchange_page(request: AnyRequest, work: Work, quote: FxQuote | None) -> Response[str]:
    client = own(work)
    settings = work.settings(LedgerSettings)
    facts = work.settings(TenantFacts)
    found = [one for one in await wallets.of(work, client) if one.available]
    asked = request.query_params
    sell = quote.sell_currency if quote else str(asked.get("from", ""))
    if sell not in [one.account.currency for one in found]:
        sell = found[0].account.currency if found else facts.base_currency
    offered = settings.offered(facts)
    buy = quote.buy_currency if quote else str(asked.get("to", ""))
    if buy not in offered or buy == sell:
        buy = next((code for code in offered if code != sell), sell)
    return page(
        request,
        work,
        "room/ledger/exchange.html",
        audience="room",
        on=settings.exchange.on,
        wallets=[
            {"value": one.account.currency, "label": one.account.currency, "money": one.available}
            for one in found
        ],
        offered=offered,
        sell=sell,
        buy=buy,
        amount=Money(quote.sell_amount + quote.fee, quote.sell_currency).text() if quote else "",
        quote=queries.Promise.of(quote) if quote else None,
        expired=quote is not None and work.now > quote.expires_at,
        quote_s=settings.exchange.quote_s,
    )


@post("/money/exchange", access=access.room(Ledger.EXCHANGE_OWN))
async def ask_rate(request: AnyRequest, work: NamedDependency[Work]) -> Response[Any]:
    """Promise a rate and show it with its countdown."""
    form = await forms.read(request, Asked)
    quote = await exchange.quote(work, own(work), parse(form.amount, form.sell), form.buy)
    return go(request, f"/money/exchange/{quote.id}")


@get("/money/exchange/{quote:uuid}", access=access.room(Ledger.EXCHANGE_OWN))
async def promised(
    request: AnyRequest, work: NamedDependency[Work], quote: FromPath[UUID]
) -> Response[str]:
    """The promised rate, while it lasts; afterwards what became of it."""
    row = await work.get(FxQuote, quote)
    work.actor.own(row.client)
    return await _exchange_page(request, work, row)


@post("/money/exchange/{quote:uuid}", access=access.room(Ledger.EXCHANGE_OWN))
async def accept(
    request: AnyRequest, work: NamedDependency[Work], quote: FromPath[UUID]
) -> Response[Any]:
    await exchange.accept(work, quote)
    return go(request, "/money", notice=N_("Exchanged. Both wallets show it."))


@get("/money/transfer", access=access.room(Ledger.TRANSFER_OWN))
async def transfer_form(request: AnyRequest, work: NamedDependency[Work]) -> Response[str]:
    """To whom, from which wallet, how much."""
    settings = work.settings(LedgerSettings).transfers
    base = work.settings(TenantFacts).base_currency
    found = [one for one in await wallets.of(work, own(work)) if one.available]
    asked = str(request.query_params.get("from", ""))
    return page(
        request,
        work,
        "room/ledger/transfer.html",
        audience="room",
        on=settings.on,
        wallets=[
            {"currency": one.account.currency, "money": one.available, "number": one.account.number}
            for one in found
        ],
        chosen=asked if asked in [one.account.currency for one in found] else "",
        most=Money(settings.most, base) if settings.most else None,
        most_per_day=Money(settings.most_per_day, base) if settings.most_per_day else None,
    )


@get("/money/transfer/recipient", access=access.room(Ledger.TRANSFER_OWN))
async def recipient(request: AnyRequest, work: NamedDependency[Work]) -> Response[str]:
    """Whom a number belongs to, by initials, so that a slip is seen before money moves."""
    typed = str(request.query_params.get("to", ""))[:20]
    found: transfers.Recipient | None = None
    problem = ""
    if typed:
        try:
            found = await transfers.recipient(work, typed)
        except Refusal as refused:
            problem = refused.sentence
    if found is not None and found.client == own(work):
        found, problem = None, N_("This is your own wallet. Choose another one.")
    return page(
        request,
        work,
        "room/ledger/recipient.html",
        audience="room",
        found=found,
        problem=problem,
    )


@post("/money/transfer", access=access.room(Ledger.TRANSFER_OWN))
async def send(request: AnyRequest, work: NamedDependency[Work]) -> Response[Any]:
    """Move the money: now, once, or not at all."""
    form = await forms.read(request, Sent)
    await transfers.send(
        work,
        own(work),
        parse(form.amount, form.currency),
        form.to,
        key=form.once,
        note=form.note or None,
    )
    return go(request, "/money", notice=N_("Sent. The money has arrived."))


WEB: Final = [
    money,
    history,
    movement,
    exchange_form,
    ask_rate,
    promised,
    accept,
    transfer_form,
    recipient,
    send,
]
