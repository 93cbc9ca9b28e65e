"""Staff and the books: a client's money, entries with their legs, the chart, corrections."""

from datetime import UTC, datetime
from typing import Annotated, Any, Final
from uuid import UUID

import msgspec
from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response
from msgspec import Meta
from sqlalchemy import select

from brokerage.ledger import accounts, adjustments, books, hooks, kinds, lists, queries, wallets
from brokerage.ledger.model import Adjustment, AdjustmentState, LedgerAccount, LedgerBalance, Tree
from brokerage.ledger.permissions import Ledger
from brokerage.ledger.settings import LedgerSettings
from stoa.kernel.money import Money, parse
from stoa.kernel.refusals import Invalid, NotFound
from stoa.product import Tab
from stoa.tenancy.facts import TenantFacts
from stoa.tenancy.work import Work
from stoa.theming.texts import N_
from stoa.web import access, forms, tables
from stoa.web.pages import go, page

AnyRequest = Request[Any, Any, Any]

TABS: Final = (Tab("money", N_("Money"), "/desk/clients/{client}/money", Ledger.VIEW, order=30),)

Words = Annotated[str, Meta(max_length=400)]


class Ask(msgspec.Struct):
    """A credit or debit by hand."""

    direction: Annotated[str, Meta(max_length=8)]
    currency: Annotated[str, Meta(max_length=8)]
    amount: Annotated[str, Meta(max_length=40)]
    category: Annotated[str, Meta(max_length=24)]
    reason: Words
    evidence: Words


class Undo(msgspec.Struct):
    reason: Words
    evidence: Words


class Decision(msgspec.Struct):
    reason: Words = ""


class Why(msgspec.Struct):
    reason: Words


@get("/desk/clients/{client:uuid}/money", access=access.desk(Ledger.VIEW))
async def client_money(
    request: AnyRequest, work: NamedDependency[Work], client: FromPath[UUID]
) -> Response[str]:
    """A client's wallets, holds, trading money and newest movements."""
    name = await queries.known_client(work, client)
    base, known = await queries.base_rates(work)
    total, line = await queries.over_time(work, client, known)
    waiting = await work.rows(
        select(Adjustment)
        .where(Adjustment.client == client, Adjustment.state == AdjustmentState.ASKED)
        .order_by(Adjustment.id)
        .limit(20)
    )
    return page(
        request,
        work,
        "desk/ledger/client.html",
        audience="desk",
        client=client,
        name=name,
        base=base,
        total=total,
        line=line,
        wallets=await wallets.of(work, client),
        holds=[
            {
                "title": kinds.of(one.cause[0]).label,
                "money": one.money,
                "since": one.since,
                "href": queries.path(hooks.paths, *one.cause) or f"/desk/ledger/accounts/{one.id}",
            }
            for one in await wallets.holds(work, client)
        ],
        platforms=await _platforms(work, client),
        movements=await queries.movements(work, client, 15),
        waiting=[(row.id, row.reference, _signed(row)) for row in waiting],
        may_adjust=work.actor.may(Ledger.ADJUST),
        may_freeze=work.actor.may(Ledger.FREEZE),
        currencies=work.settings(LedgerSettings).offered(work.settings(TenantFacts)),
        categories=[(code, one.label) for code, one in kinds.CATEGORIES.items()],
    )


async def _platforms(work: Work, client: UUID) -> list[dict[str, Any]]:
    rows = await work.table(
        select(LedgerAccount, LedgerBalance)
        .join(LedgerBalance, LedgerBalance.account == LedgerAccount.id)
        .where(LedgerAccount.owner == client, LedgerAccount.kind == accounts.PLATFORM)
        .order_by(LedgerAccount.opened_at)
        .limit(100)
    )
    return [
        {
            "money": Money(standing.balance, row.currency),
            "href": queries.path(hooks.paths, row.ref_kind, row.ref),
            "account": row.id,
            "at": standing.moved_at,
        }
        for row, standing in rows
    ]


def _signed(row: Adjustment) -> Money:
    return Money(row.amount if row.direction == "credit" else -row.amount, row.currency)


@get("/desk/clients/{client:uuid}/money/history", access=access.desk(Ledger.VIEW))
async def client_history(
    request: AnyRequest, work: NamedDependency[Work], client: FromPath[UUID]
) -> Response[Any]:
    """Every movement of a client's wallets."""
    name = await queries.known_client(work, client)
    return await tables.answer(
        request,
        work,
        lists.history(client, room=False),
        audience="desk",
        template="desk/ledger/history.html",
        client=client,
        name=name,
    )


@post("/desk/clients/{client:uuid}/money/freeze", access=access.desk(Ledger.FREEZE))
async def freeze(
    request: AnyRequest, work: NamedDependency[Work], client: FromPath[UUID]
) -> Response[Any]:
    await queries.known_client(work, client)
    form = await forms.read(request, Why)
    await accounts.freeze(work, client, form.reason)
    return go(request, f"/desk/clients/{client}?tab=money", notice=N_("Nothing can leave now."))


@post("/desk/clients/{client:uuid}/money/unfreeze", access=access.desk(Ledger.FREEZE))
async def unfreeze(
    request: AnyRequest, work: NamedDependency[Work], client: FromPath[UUID]
) -> Response[Any]:
    await queries.known_client(work, client)
    form = await forms.read(request, Why)
    work.reason = form.reason
    await accounts.unfreeze(work, client)
    return go(request, f"/desk/clients/{client}?tab=money", notice=N_("Money can move again."))


@post("/desk/clients/{client:uuid}/money/adjust", access=access.desk(Ledger.ADJUST))
async def adjust(
    request: AnyRequest, work: NamedDependency[Work], client: FromPath[UUID]
) -> Response[Any]:
    """Ask for a correction; somebody else decides it."""
    await queries.known_client(work, client)
    form = await forms.read(request, Ask)
    row = await adjustments.ask(
        work,
        client,
        parse(form.amount, form.currency),
        direction=form.direction,
        category=form.category,
        reason=form.reason,
        evidence=form.evidence,
    )
    return go(
        request,
        f"/desk/ledger/adjustments/{row.id}",
        notice=N_("Asked. Nothing moves until somebody else approves it."),
    )


@get("/desk/ledger", access=access.desk(Ledger.ACCOUNTS_VIEW))
async def chart(request: AnyRequest, work: NamedDependency[Work]) -> Response[str]:
    """The chart of accounts with the trial balance of one currency."""
    found = await books.every(work)
    base = work.settings(TenantFacts).base_currency
    asked = str(request.query_params.get("currency", ""))
    here = asked if asked in found else base if base in found else next(iter(found), "")
    book = found.get(here)
    return page(
        request,
        work,
        "desk/ledger/chart.html",
        audience="desk",
        currencies=[
            {"label": code, "href": f"/desk/ledger?currency={code}", "active": code == here}
            for code in found
        ],
        book=book,
        client_money=book.tree(Tree.CLIENT_MONEY) if book else [],
        house=book.tree(Tree.HOUSE) if book else [],
    )


@get("/desk/ledger/explain/{currency:str}", access=access.desk(Ledger.ACCOUNTS_VIEW))
async def explain(
    request: AnyRequest, work: NamedDependency[Work], currency: FromPath[str]
) -> Response[str]:
    """Why client money is what it is, line by line."""
    book = (await books.every(work)).get(currency)
    if book is None:
        raise NotFound
    return page(request, work, "desk/ledger/explain.html", audience="desk", book=book)


@get("/desk/ledger/entries", access=access.desk(Ledger.VIEW))
async def entries(request: AnyRequest, work: NamedDependency[Work]) -> Response[Any]:
    return await tables.answer(
        request, work, lists.ENTRIES, audience="desk", template="desk/ledger/entries.html"
    )


@get("/desk/ledger/entries/{entry:uuid}", access=access.desk(Ledger.VIEW))
async def entry_page(
    request: AnyRequest, work: NamedDependency[Work], entry: FromPath[UUID]
) -> Response[str]:
    """One entry: its legs, their sum, who posted it, what it belongs to."""
    found = await queries.entry_view(work, entry)
    owners = {side.account.owner for side in found.sides if side.account.owner}
    return page(
        request,
        work,
        "desk/ledger/entry.html",
        audience="desk",
        entry=found.row,
        kind=found.kind,
        sides=found.sides,
        sums=found.sums,
        by=found.by,
        ref_path=found.ref_path,
        reversed_by=found.reversed_by,
        quote=found.quote,
        may_reverse=(
            work.actor.may(Ledger.ADJUST)
            and found.kind.reversible
            and found.reversed_by is None
            and found.row.reverses is None
            and len(owners) == 1
        ),
    )


@post("/desk/ledger/entries/{entry:uuid}/reverse", access=access.desk(Ledger.ADJUST))
async def reverse(
    request: AnyRequest, work: NamedDependency[Work], entry: FromPath[UUID]
) -> Response[Any]:
    """Ask for a reversal; somebody else decides it."""
    await queries.entry_view(work, entry)
    form = await forms.read(request, Undo)
    row = await adjustments.ask_reversal(work, entry, reason=form.reason, evidence=form.evidence)
    return go(
        request,
        f"/desk/ledger/adjustments/{row.id}",
        notice=N_("Asked. Nothing moves until somebody else approves it."),
    )


@get("/desk/ledger/accounts/{account:uuid}", access=access.desk(Ledger.ACCOUNTS_VIEW))
async def account_page(
    request: AnyRequest, work: NamedDependency[Work], account: FromPath[UUID]
) -> Response[Any]:
    """One account's legs, and its balance at any past instant."""
    found = await accounts.get(work, account)
    if found.owner is not None:
        await queries.reach(work, [found.owner])
    asked = str(request.query_params.get("as_of", ""))
    instant = _instant(asked) or work.now
    named = await queries.names(work, [found.owner])
    return await tables.answer(
        request,
        work,
        lists.statement(account),
        audience="desk",
        template="desk/ledger/account.html",
        account=found,
        label=kinds.account(found.kind),
        owner_name=named.get(found.owner, "") if found.owner else found.code.partition(":")[2],
        balance=await wallets.as_of(work, found, instant),
        as_of=asked if _instant(asked) else "",
        instant=instant,
    )


def _instant(typed: str) -> datetime | None:
    """What a datetime field posts, read as UTC."""
    try:
        read = datetime.fromisoformat(typed)
    except ValueError:
        return None
    return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)


@get("/desk/ledger/adjustments", access=access.desk(Ledger.ADJUSTMENTS_VIEW))
async def adjustments_list(request: AnyRequest, work: NamedDependency[Work]) -> Response[Any]:
    return await tables.answer(
        request, work, lists.ADJUSTMENTS, audience="desk", template="desk/ledger/adjustments.html"
    )


@get("/desk/ledger/adjustments/{adjustment:uuid}", access=access.desk(Ledger.ADJUSTMENTS_VIEW))
async def adjustment_page(
    request: AnyRequest, work: NamedDependency[Work], adjustment: FromPath[UUID]
) -> Response[str]:
    """A correction: what, why, by whom, and the decision."""
    row = await _reachable(work, adjustment)
    named = await queries.names(work, [row.client, row.asked_by, row.decided_by])
    wallet = accounts.client_wallet(work, row.client, row.currency)
    has = await wallets.available(work, row.client, row.currency)
    category = kinds.CATEGORIES.get(row.category)
    return page(
        request,
        work,
        "desk/ledger/adjustment.html",
        audience="desk",
        row=row,
        signed=_signed(row),
        category=lists.category_label(row.category),
        house=kinds.account(category.account) if category else "",
        client_name=named.get(row.client, ""),
        asked_name=named.get(row.asked_by, ""),
        decided_name=named.get(row.decided_by, "") if row.decided_by else "",
        wallet=wallet.id,
        has=has,
        after=has + _signed(row),
        waits=row.state == AdjustmentState.ASKED,
        mine=row.asked_by == work.actor.id,
        may_decide=work.actor.may(Ledger.APPROVE) and row.asked_by != work.actor.id,
    )


async def _reachable(work: Work, adjustment: UUID) -> Adjustment:
    row = await work.get(Adjustment, adjustment)
    await queries.known_client(work, row.client)
    return row


@post("/desk/ledger/adjustments/{adjustment:uuid}/approve", access=access.desk(Ledger.APPROVE))
async def approve(
    request: AnyRequest, work: NamedDependency[Work], adjustment: FromPath[UUID]
) -> Response[Any]:
    await _reachable(work, adjustment)
    form = await forms.read(request, Decision)
    await adjustments.approve(work, adjustment, form.reason or None)
    return go(request, f"/desk/ledger/adjustments/{adjustment}", notice=N_("Approved and posted."))


@post("/desk/ledger/adjustments/{adjustment:uuid}/reject", access=access.desk(Ledger.APPROVE))
async def reject(
    request: AnyRequest, work: NamedDependency[Work], adjustment: FromPath[UUID]
) -> Response[Any]:
    await _reachable(work, adjustment)
    form = await forms.read(request, Decision)
    if not form.reason:
        raise Invalid("Say why: who asked will read it.", field="reason")
    await adjustments.reject(work, adjustment, form.reason)
    return go(request, f"/desk/ledger/adjustments/{adjustment}", notice=N_("Rejected."))


@post("/desk/ledger/adjustments/{adjustment:uuid}/cancel", access=access.desk(Ledger.ADJUST))
async def cancel(
    request: AnyRequest, work: NamedDependency[Work], adjustment: FromPath[UUID]
) -> Response[Any]:
    await _reachable(work, adjustment)
    await adjustments.cancel(work, adjustment)
    return go(request, f"/desk/ledger/adjustments/{adjustment}", notice=N_("Taken back."))


WEB: Final = [
    client_money,
    client_history,
    freeze,
    unfreeze,
    adjust,
    chart,
    explain,
    entries,
    entry_page,
    reverse,
    account_page,
    adjustments_list,
    adjustment_page,
    approve,
    reject,
    cancel,
]
