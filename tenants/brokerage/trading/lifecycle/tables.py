"""Wanted changes as a list: the desk's work queue, and everything that was ever wanted."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from brokerage.clients import queries as clients
from brokerage.trading.lifecycle import wording
from brokerage.trading.lifecycle.model import AccountBatch, AccountRequest, RequestState
from brokerage.trading.model import TradingAccount
from brokerage.trading.permissions import Trading
from stoa.kernel.money import Money
from stoa.theming.texts import N_
from stoa.web import tables

_STATES = (
    ("asked", N_("Waits for a decision")),
    ("approved", N_("To be sent")),
    ("sending", N_("Being sent")),
    ("done", N_("Done")),
    ("refused", N_("Refused")),
    ("cancelled", N_("Taken back")),
    ("planned", N_("Planned")),
)
_WHO = (("client", N_("The client")), ("staff", N_("Staff")), ("rule", N_("A rule")))


async def _view(work: Any, rows: Sequence[Any]) -> list[tables.Shown]:
    names = await clients.names(work, [row.AccountRequest.client for row in rows])
    return [
        tables.Shown(
            key=str(row.AccountRequest.id),
            href=f"/desk/requests/{row.AccountRequest.id}",
            tone="needs" if row.AccountRequest.state == RequestState.ASKED else "",
            cells=(
                str(row.login or "–"),
                names.get(row.AccountRequest.client, ""),
                row.AccountRequest.kind,
                wording.wanted(row.AccountRequest) or "–",
                tables.Coded(f"request {row.AccountRequest.state}", row.AccountRequest.state),
                (row.AccountRequest.effect or {}).get("verdict", "none"),
                tables.Coded(
                    f"asked {row.AccountRequest.asked_kind}", row.AccountRequest.asked_kind
                ),
                row.AccountRequest.asked_at,
                row.AccountRequest.done_at,
            ),
        )
        for row in rows
    ]


REQUESTS = tables.Table(
    name="requests",
    title=N_("Account requests"),
    columns=(
        tables.Column("login", N_("Login"), "code", fixed=True),
        tables.Column("client", N_("Client")),
        tables.Column("kind", N_("What"), "word", coded=True, sort=AccountRequest.kind),
        tables.Column("wanted", N_("Wanted"), "word"),
        tables.Column("state", N_("State"), "status", coded=True, sort=AccountRequest.state),
        tables.Column("effect", N_("Effect on the margin"), "word", coded=True),
        tables.Column("by", N_("Asked by"), "word", coded=True, hidden=True),
        tables.Column("asked", N_("Asked"), "when", sort=AccountRequest.asked_at),
        tables.Column("done", N_("Ended"), "when", hidden=True),
    ),
    query=lambda work: (
        select(AccountRequest, TradingAccount.login)
        .join(TradingAccount, TradingAccount.id == AccountRequest.account)
        .where(clients.within(work, AccountRequest.client))
    ),
    view=_view,
    id=AccountRequest.id,
    order="asked",
    descending=False,
    usual={"state": "asked"},
    filters=(
        tables.choice("state", N_("State"), AccountRequest.state, _STATES),
        tables.choice(
            "kind",
            N_("What"),
            AccountRequest.kind,
            tuple((str(key), text) for key, text in wording.KINDS.items()),
        ),
        tables.choice("by", N_("Asked by"), AccountRequest.asked_kind, _WHO),
        *tables.dates("asked", N_("From"), N_("To"), AccountRequest.asked_at),
    ),
    search=lambda _work, typed: (
        TradingAccount.login == (int(typed) if typed.isdecimal() and len(typed) < 18 else -1)
    ),
    search_label=N_("Find a login"),
    export_permission=Trading.EXPORT,
    live="requests",
    empty_title=N_("Nothing waits for a decision"),
    empty_text=N_("What clients want of their accounts and no rule decides comes here."),
    empty_icon="inbox",
)


def batch_table(batch: AccountBatch) -> tables.Table:
    """The accounts of one batch: the plan before it runs, the report after."""
    moves = batch.kind == "migrate"

    async def view(work: Any, rows: Sequence[Any]) -> list[tables.Shown]:
        names = await clients.names(work, [row.AccountRequest.client for row in rows])
        return [_planned(row, names, moves=moves) for row in rows]

    columns = [
        tables.Column("login", N_("Login"), "code", fixed=True),
        tables.Column("client", N_("Client")),
        tables.Column("now", N_("Now"), "code"),
        tables.Column("wanted", N_("Wanted"), "code"),
    ]
    if moves:
        columns += [
            tables.Column("balance", N_("Balance"), "money"),
            tables.Column("after", N_("There now"), "money"),
            tables.Column("difference", N_("Difference"), "money"),
        ]
    else:
        columns += [
            tables.Column("level", N_("Level now"), "num"),
            tables.Column("level_after", N_("Level after"), "num"),
            tables.Column("effect", N_("Effect on the margin"), "word", coded=True),
        ]
    columns += [
        tables.Column("state", N_("State"), "status", coded=True, sort=AccountRequest.state),
        tables.Column("asked", N_("Asked"), "when", sort=AccountRequest.asked_at, hidden=True),
        tables.Column("why", N_("Why"), "said"),
    ]
    verdicts = tuple(wording.EFFECTS.items())
    return tables.Table(
        name="batch-moves" if moves else "batch",
        title=N_("Accounts"),
        columns=columns,
        query=lambda work: (
            select(AccountRequest, TradingAccount.login, TradingAccount.leverage)
            .join(TradingAccount, TradingAccount.id == AccountRequest.account)
            .where(AccountRequest.batch == batch.id, clients.within(work, AccountRequest.client))
        ),
        view=view,
        id=AccountRequest.id,
        order="state",
        filters=(
            tables.choice("state", N_("State"), AccountRequest.state, _STATES),
            *(
                ()
                if moves
                else (
                    tables.choice(
                        "effect",
                        N_("Effect on the margin"),
                        AccountRequest.effect["verdict"].astext,
                        verdicts,
                    ),
                )
            ),
        ),
        export_permission=Trading.EXPORT,
        live="batches",
        empty_title=N_("No account fits"),
        empty_text=N_("Choose others: nothing was changed."),
        empty_icon="inbox",
    )


def _planned(row: Any, names: dict[Any, str], *, moves: bool) -> tables.Shown:
    one, was, wants = row.AccountRequest, row.AccountRequest.was or {}, row.AccountRequest.wants
    effect = one.effect or {}
    cells: list[Any] = [str(row.login or "–"), names.get(one.client, "")]
    if moves:
        currency = str(wants.get("currency", ""))
        cells += [wants.get("from", ""), wants.get("group") or "–"]
        cells += [
            Money(Decimal(was.get("before") or wants.get("balance") or 0), currency).rounded(),
            *(
                Money(Decimal(was[key]), currency).rounded() if was.get(key) else None
                for key in ("after", "difference")
            ),
        ]
    else:
        cells += [f"1:{was.get('leverage', row.leverage)}", f"1:{wants.get('leverage')}"]
        cells += [
            *(
                Decimal(effect[key]) if effect.get(key) else None
                for key in ("level", "level_after")
            ),
            effect.get("verdict", "none"),
        ]
    answer = one.answer or {}
    cells += [
        tables.Coded(f"request {one.state}", one.state),
        one.asked_at,
        tables.Said(answer["text"], answer.get("places", {})) if answer.get("text") else "",
    ]
    danger = effect.get("verdict", "none") != "none"
    return tables.Shown(
        key=str(one.id),
        href=f"/desk/requests/{one.id}",
        tone="needs" if danger and one.state == RequestState.PLANNED else "",
        cells=cells,
    )
