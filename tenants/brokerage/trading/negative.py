"""Accounts below zero at the desk: what was covered, what waits, what is owed for it."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

import msgspec
from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response
from sqlalchemy import ColumnElement, Select, func, select

from brokerage.clients import queries as clients
from brokerage.ledger.accounts import RECEIVABLE
from brokerage.ledger.model import LedgerAccount, LedgerBalance
from brokerage.trading import covering
from brokerage.trading.model import TradingAccount, Transfer, TransferState
from brokerage.trading.permissions import Trading
from stoa.kernel.money import Money
from stoa.product import Card, Item
from stoa.tenancy.statements import kept
from stoa.tenancy.work import Work
from stoa.theming import words
from stoa.theming.figures import plain_money
from stoa.theming.texts import N_
from stoa.web import access, forms, tables
from stoa.web.pages import go, page

AnyRequest = Request[Any, Any, Any]
PAYERS: Final = {"house": N_("The house"), "client": N_("The client")}
words.learn(PAYERS)
_STATES: Final = (
    ("waiting", N_("Waits for a decision")),
    ("held", N_("To be sent")),
    ("sending", N_("Being sent")),
    ("done", N_("Covered")),
    ("refused", N_("Refused")),
    ("cancelled", N_("Cancelled")),
)
_OWED: Final = (
    select(func.coalesce(-func.sum(LedgerBalance.balance), 0))
    .join(LedgerAccount, LedgerAccount.id == LedgerBalance.account)
    .where(LedgerAccount.ref == Transfer.id, LedgerAccount.kind == RECEIVABLE)
    .scalar_subquery()
)


class Why(msgspec.Struct):
    reason: str = ""


async def _view(work: Any, rows: Sequence[Any]) -> list[tables.Shown]:
    names = await clients.names(work, [row.Transfer.client for row in rows])
    return [
        tables.Shown(
            key=str(row.Transfer.id),
            href=f"/desk/negative/{row.Transfer.id}",
            tone="needs" if row.Transfer.state == TransferState.WAITING else "",
            cells=(
                str(row.login or "–"),
                names.get(row.Transfer.client, ""),
                Money(row.Transfer.amount, row.Transfer.currency),
                row.Transfer.payer,
                tables.Coded(f"cover {row.Transfer.state}", row.Transfer.state),
                Money(row.owed, row.Transfer.currency) if row.owed else None,
                row.Transfer.asked_at,
                row.Transfer.done_at,
            ),
        )
        for row in rows
    ]


NEGATIVE: Final = tables.Table(
    name="negative",
    title=N_("Accounts below zero"),
    columns=(
        tables.Column("login", N_("Login"), "code", fixed=True),
        tables.Column("client", N_("Client")),
        tables.Column("amount", N_("Loss beyond the balance"), "money", sort=Transfer.amount),
        tables.Column("payer", N_("Borne by"), "word", coded=True),
        tables.Column("state", N_("State"), "status", coded=True, sort=Transfer.state),
        tables.Column("owed", N_("Still owed"), "money"),
        tables.Column("asked", N_("Found"), "when", sort=Transfer.asked_at),
        tables.Column("done", N_("Ended"), "when", hidden=True),
    ),
    query=lambda work: (
        select(Transfer, TradingAccount.login, _OWED.label("owed"))
        .join(TradingAccount, TradingAccount.id == Transfer.account)
        .where(Transfer.direction == covering.COVER, clients.within(work, Transfer.client))
    ),
    view=_view,
    id=Transfer.id,
    order="asked",
    filters=(
        tables.choice("state", N_("State"), Transfer.state, _STATES),
        tables.choice("payer", N_("Borne by"), Transfer.payer, tuple(PAYERS.items())),
        *tables.dates("asked", N_("From"), N_("To"), Transfer.asked_at),
        *tables.amounts("amount", N_("Amount from"), N_("Amount to"), Transfer.amount),
    ),
    export_permission=Trading.EXPORT,
    live="negative",
    empty_title=N_("No account ended below zero"),
    empty_text=N_("A stop-out that comes too late leaves one; it is found and covered here."),
    empty_icon="shield-check",
)


@get("/desk/negative", access=access.desk(Trading.EXPOSURE))
async def listed(request: AnyRequest, work: NamedDependency[Work]) -> Response[Any]:
    return await tables.answer(request, work, NEGATIVE, template="desk/trading/negative.html")


@get("/desk/negative/{transfer:uuid}", access=access.desk(Trading.EXPOSURE))
async def one(
    request: AnyRequest, work: NamedDependency[Work], transfer: FromPath[UUID]
) -> Response[str]:
    row = await covering.seen(work, transfer)
    brief = await clients.brief(work, row.client)
    account = await work.get(TradingAccount, row.account)
    owed = await covering.owed(work, row)
    names = await clients.names(work, [row.decided_by] if row.decided_by else [])
    may = work.actor.may(Trading.COVER)
    return page(
        request,
        work,
        "desk/trading/negative_one.html",
        audience="desk",
        cover=row,
        client=brief,
        account=account,
        amount=Money(row.amount, row.currency),
        owed=owed,
        payer=PAYERS[row.payer or "house"],
        by=names.get(row.decided_by, "") if row.decided_by else "",
        may_decide=may and row.state == TransferState.WAITING,
        may_collect=may and bool(owed),
    )


@post("/desk/negative/{transfer:uuid}/approve", access=access.desk(Trading.COVER))
async def approve(
    request: AnyRequest, work: NamedDependency[Work], transfer: FromPath[UUID]
) -> Response[Any]:
    await covering.approve(work, transfer)
    return go(request, f"/desk/negative/{transfer}", notice=N_("It is sent to the server now."))


@post("/desk/negative/{transfer:uuid}/decline", access=access.desk(Trading.COVER))
async def decline(
    request: AnyRequest, work: NamedDependency[Work], transfer: FromPath[UUID]
) -> Response[Any]:
    form = await forms.read(request, Why)
    await covering.decline(work, transfer, form.reason)
    return go(request, f"/desk/negative/{transfer}", notice=N_("Not covered. Nothing was moved."))


@post("/desk/negative/{transfer:uuid}/collect", access=access.desk(Trading.COVER))
async def collect(
    request: AnyRequest, work: NamedDependency[Work], transfer: FromPath[UUID]
) -> Response[Any]:
    await covering.collect(work, transfer)
    return go(
        request,
        f"/desk/negative/{transfer}",
        notice=N_("Taken from the wallet, as far as it was there."),
    )


@kept
def _to_decide(within: ColumnElement[bool]) -> Select[Any]:
    return (
        select(Transfer)
        .where(
            Transfer.direction == covering.COVER,
            Transfer.state == TransferState.WAITING,
            within,
        )
        .order_by(Transfer.asked_at)
    )


async def today(work: Work) -> list[Card]:
    """Losses beyond a balance that wait for a person's word."""
    if not work.actor.may(Trading.COVER):
        return []
    mine = _to_decide(clients.within(work, Transfer.client))
    rows, count = await clients.named(work, mine, Transfer.client, 6, {})
    if not rows:
        return []
    return [
        Card(
            "negative",
            N_("Accounts below zero to decide"),
            count,
            tone="needs",
            path="/desk/negative?state=waiting",
            items=[
                Item(
                    title=f"\u2066{plain_money(row.amount, row.currency)}\u2069",
                    path=f"/desk/negative/{row.id}",
                    detail=name,
                    status="needs_you",
                    since=row.asked_at,
                )
                for row, name in rows
            ],
            order=13,
            worklist=True,
        )
    ]


ALL = [listed, one, approve, decline, collect]
