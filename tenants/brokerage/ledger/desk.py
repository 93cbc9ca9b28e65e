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

from brokerage.ledger import accounts, books, corrections, hooks, kinds, lists, queries, wallets
from brokerage.ledger.model import Adjustment, AdjustmentState, LedgerAccount, LedgerBalance, Tree
from brokerage.ledger.permissions import Ledger
from brokerage.ledger.settings import LedgerSettings
from stoa.kernel.money import Money
from stoa.kernel.refusals import NotFound
from stoa.product import Tab
from stoa.tenancy.facts import TenantFacts
from stoa.tenancy.work import Work
from stoa.theming.texts import N_
from stoa.web import access, forms, tables
from stoa.web.pages import go, page

AnyRequest = Request[Any, Any, Any]

TABS: Final = (Tab("money", N_("Wallets"), "/desk/clients/{client}/money", Ledger.VIEW, order=30),)

Words = Annotated[str, Meta(max_length=400)]


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
        waiting=[(row.id, row.reference, corrections.signed(row)) for row in waiting],
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
        poster=kinds.POSTERS.get(found.row.posted_by_kind, found.row.posted_by_kind),
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


WEB: Final = [
    client_money,
    client_history,
    freeze,
    unfreeze,
    chart,
    explain,
    entries,
    entry_page,
    account_page,
]
