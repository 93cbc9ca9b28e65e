"""Trading at the desk: accounts, deals, servers."""

from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response
from sqlalchemy import select

from brokerage.clients import queries as clients
from brokerage.trading import accounts, connectors, groups, lines, listening, missing, queries
from brokerage.trading.connector import Verb
from brokerage.trading.model import TradingAccount, TradingServer
from brokerage.trading.permissions import Trading
from brokerage.trading.settings import TradingSettings
from brokerage.trading.tables import ACCOUNTS, DEALS, deal_table
from stoa.kernel.refusals import NotFound
from stoa.tenancy.module import Settings
from stoa.tenancy.work import Work
from stoa.theming.texts import N_
from stoa.web import access, forms, tables
from stoa.web.open import entered
from stoa.web.pages import go, page

AnyRequest = Request[Any, Any, Any]
MOST_SHOWN = 12
"""Differences of a server that its card lists."""


@get("/desk/accounts", access=access.desk(Trading.VIEW))
async def listed(request: AnyRequest, work: NamedDependency[Work]) -> Response[Any]:
    return await tables.answer(request, work, ACCOUNTS)


@get("/desk/deals", access=access.desk(Trading.VIEW))
async def deals(request: AnyRequest, work: NamedDependency[Work]) -> Response[Any]:
    return await tables.answer(request, work, DEALS)


@get("/desk/accounts/{account:uuid}", access=access.desk(Trading.VIEW))
async def one(
    request: AnyRequest, work: NamedDependency[Work], account: FromPath[UUID]
) -> Response[Any]:
    row = await work.get(TradingAccount, account)
    await clients.seen(work, row.client)
    names = await clients.names(work, [row.client])
    days, line = await lines.of_account(work, row)
    return page(
        request,
        work,
        "desk/trading/account.html",
        audience="desk",
        account=queries.card(work, row),
        client=row.client,
        name=names.get(row.client, ""),
        positions=await queries.positions(work, row.id),
        transfers=await queries.transfers(work, row.id),
        table=await tables.shell(request, work, deal_table(desk=True, account=row.id)),
        days=days,
        line=line,
        may_edit=work.actor.may(Trading.EDIT),
    )


@post("/desk/accounts/{account:uuid}/retry", access=access.desk(Trading.EDIT))
async def retry(
    request: AnyRequest, work: NamedDependency[Work], account: FromPath[UUID]
) -> Response[None]:
    await accounts.retry(work, account)
    return go(request, f"/desk/accounts/{account}", notice="The server is asked again.")


class Reason(msgspec.Struct):
    reason: str = ""


@post("/desk/accounts/{account:uuid}/let-go", access=access.desk(Trading.EDIT))
async def let_go(
    request: AnyRequest, work: NamedDependency[Work], account: FromPath[UUID]
) -> Response[None]:
    """Believe the server that it has no such account."""
    form = await forms.read(request, Reason)
    await missing.let_go(work, account, form.reason)
    return go(request, f"/desk/accounts/{account}", notice=N_("Archived. Its positions are gone."))


@get("/desk/clients/{client:uuid}/accounts", access=access.desk(Trading.VIEW))
async def client_tab(
    request: AnyRequest, work: NamedDependency[Work], client: FromPath[UUID]
) -> Response[str]:
    await clients.seen(work, client)
    return page(
        request,
        work,
        "desk/trading/client_tab.html",
        audience="desk",
        accounts=await queries.cards(work, client),
        client=client,
        may_open=work.actor.may(Trading.EDIT),
    )


@get("/desk/servers", access=access.desk(Trading.SERVERS))
async def servers(request: AnyRequest, work: NamedDependency[Work]) -> Response[str]:
    known = {row.code: row for row in await work.rows(select(TradingServer).limit(100))}
    settings = work.settings(TradingSettings)
    missing_of = await missing.count(work)
    shown: list[dict[str, Any]] = []
    for one in settings.servers:
        row = known.get(one.code)
        there = groups.read(row.groups if row is not None else None)
        symbols = groups.symbol_differences(settings, row.symbols) if row is not None else []
        behind, ahead = queries.way(row.behind if row is not None else ())
        shown.append(
            {
                "server": one,
                "row": row,
                "asked_at": row.groups_at if row is not None else None,
                "groups": groups.differences(one, there) if there else [],
                "symbols": symbols[:MOST_SHOWN],
                "more": max(0, len(symbols) - MOST_SHOWN),
                "pushes": listening.pushes(one),
                "rings": listening.rings(one),
                "lists": Verb.LISTS in connectors.named(one.connector).capabilities.verbs,
                "missing": missing_of.get(one.code, 0),
                "heard": row is not None
                and row.listened_until is not None
                and row.listened_until > work.now,
                "behind": behind,
                "ahead": ahead,
                "slow": queries.SLOW_MS,
            }
        )
    return page(
        request,
        work,
        "desk/trading/servers.html",
        audience="desk",
        servers=shown,
        may_import=work.actor.may(Trading.IMPORT),
        may_edit=work.actor.may(Settings.EDIT),
    )


@post("/desk/servers/{code:str}/compare", access=access.desk(Trading.EDIT, own_transaction=True))
async def compare(request: AnyRequest, code: FromPath[str]) -> Response[Any]:
    """Ask a server for its groups now; the page then shows what differs."""
    _, open_work = await entered(request)
    async with open_work() as work:
        work.require(Trading.EDIT)
        if work.settings(TradingSettings).server(code) is None:
            raise NotFound
    await groups.ask(open_work, code)
    return go(request, "/desk/servers", notice=N_("Compared with the server."))
