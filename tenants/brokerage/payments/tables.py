"""Lists of payments at the desk: deposits, withdrawals, what is unresolved."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select

from brokerage.clients import queries as clients
from brokerage.payments import declines, queries
from brokerage.payments.model import Deposit, Unresolved, Withdrawal
from brokerage.payments.permissions import Payments
from brokerage.payments.queries import METHODS, PROBLEMS, PROPOSED
from brokerage.payments.settings import PaymentsSettings
from brokerage.payments.withdrawing.story import reason_of
from stoa.kernel.money import Money
from stoa.theming import words
from stoa.theming.texts import N_
from stoa.web import tables

_METHODS = tuple((str(method), label) for method, (_, label) in METHODS.items())
words.learn(dict(_METHODS))
_DEPOSIT_STATES = (
    ("waiting", N_("Waiting")),
    ("credited", N_("Credited")),
    ("review", N_("In review")),
    ("failed", N_("Failed")),
    ("expired", N_("Expired")),
    ("cancelled", N_("Cancelled")),
    ("returned", N_("Returned")),
)
_WITHDRAWAL_STATES = (
    ("review", N_("In review")),
    ("held", N_("On hold")),
    ("approved", N_("Approved")),
    ("sending", N_("Being sent")),
    ("paid", N_("Paid")),
    ("returned", N_("Returned")),
    ("rejected", N_("Rejected")),
    ("cancelled", N_("Cancelled")),
)


def _reference(column: Any) -> Any:
    return lambda _work, typed: column == typed.strip().upper()


async def _deposits_view(work: Any, rows: Sequence[Any]) -> list[tables.Shown]:
    found = [row[0] for row in rows]
    names = await clients.names(work, [row.client for row in found])
    psps = work.settings(PaymentsSettings).psp_names
    return [
        tables.Shown(
            key=str(row.id),
            href=f"/desk/deposits/{row.id}",
            cells=(
                row.reference,
                names.get(row.client, ""),
                Money(row.amount, row.currency),
                str(row.method),
                row.state,
                tables.Coded(psps.get(row.psp, row.psp), row.psp) if row.psp else "–",
                tables.Coded(declines.why(row.code), row.code) if row.code else "",
                row.started_at,
                row.ended_at,
            ),
        )
        for row in found
    ]


DEPOSITS = tables.Table(
    name="deposits",
    title=N_("Money in"),
    columns=(
        tables.Column("reference", N_("Reference"), "code", fixed=True),
        tables.Column("client", N_("Client")),
        tables.Column("amount", N_("Amount"), "money", sort=Deposit.amount),
        tables.Column("method", N_("Method"), "word", coded=True),
        tables.Column("state", N_("State"), "status", coded=True, sort=Deposit.state),
        tables.Column("psp", N_("Provider"), "word", coded=True),
        tables.Column("why", N_("Why"), "word", coded=True, hidden=True),
        tables.Column("started", N_("Started"), "when", sort=Deposit.started_at),
        tables.Column("ended", N_("Ended"), "when"),
    ),
    query=lambda work: select(Deposit).where(clients.within(work, Deposit.client)),
    view=_deposits_view,
    id=Deposit.id,
    order="started",
    filters=(
        tables.choice("state", N_("State"), Deposit.state, _DEPOSIT_STATES),
        tables.choice("method", N_("Method"), Deposit.method, _METHODS),
        *tables.dates("started", N_("From"), N_("To"), Deposit.started_at),
        *tables.amounts("amount", N_("Amount from"), N_("Amount to"), Deposit.amount),
    ),
    search=_reference(Deposit.reference),
    search_label=N_("Find a reference"),
    export_permission=Payments.EXPORT,
    live="payments",
    empty_title=N_("No deposits yet"),
    empty_text=N_("They appear here the moment a client starts one."),
    empty_icon="arrow-down-left",
)


async def _withdrawals_view(work: Any, rows: Sequence[Any]) -> list[tables.Shown]:
    found = [row[0] for row in rows]
    names = await clients.names(work, [row.client for row in found])
    return [
        tables.Shown(
            key=str(row.id),
            href=f"/desk/withdrawals/{row.id}",
            tone="needs" if row.ended_at is None and row.promised_at < work.now else "",
            cells=(
                row.reference,
                names.get(row.client, ""),
                Money(row.amount, row.currency),
                str(row.method),
                row.state,
                reason_of(row),
                row.code or "",
                row.asked_at,
                row.promised_at,
                row.ended_at,
            ),
        )
        for row in found
    ]


WITHDRAWALS = tables.Table(
    name="withdrawals",
    title=N_("Money out"),
    columns=(
        tables.Column("reference", N_("Reference"), "code", fixed=True),
        tables.Column("client", N_("Client")),
        tables.Column("amount", N_("Amount"), "money", sort=Withdrawal.amount),
        tables.Column("method", N_("Method"), "word", coded=True),
        tables.Column("state", N_("State"), "status", coded=True, sort=Withdrawal.state),
        tables.Column("why", N_("Why")),
        tables.Column("code", N_("Code"), "code", hidden=True),
        tables.Column("asked", N_("Asked"), "when", sort=Withdrawal.asked_at),
        tables.Column("promised", N_("Promised by"), "when", sort=Withdrawal.promised_at),
        tables.Column("ended", N_("Ended"), "when", hidden=True),
    ),
    query=lambda work: select(Withdrawal).where(clients.within(work, Withdrawal.client)),
    view=_withdrawals_view,
    id=Withdrawal.id,
    order="asked",
    filters=(
        tables.choice("state", N_("State"), Withdrawal.state, _WITHDRAWAL_STATES),
        tables.choice("method", N_("Method"), Withdrawal.method, _METHODS),
        *tables.dates("asked", N_("From"), N_("To"), Withdrawal.asked_at),
        *tables.amounts("amount", N_("Amount from"), N_("Amount to"), Withdrawal.amount),
    ),
    search=_reference(Withdrawal.reference),
    search_label=N_("Find a reference"),
    export_permission=Payments.EXPORT,
    live="payments",
    empty_title=N_("No withdrawals yet"),
    empty_text=N_("They appear here the moment a client asks for one."),
    empty_icon="arrow-up-right",
)


async def _unresolved_view(work: Any, rows: Sequence[Any]) -> list[tables.Shown]:
    found: list[Unresolved] = [row[0] for row in rows]
    psps = work.settings(PaymentsSettings).psp_names
    return [
        tables.Shown(
            key=str(row.id),
            href=f"/desk/unresolved/{row.id}",
            cells=(
                tables.Coded(PROBLEMS.get(row.problem, row.problem), row.problem),
                Money(row.amount, row.currency) if row.amount and row.currency else None,
                tables.Coded(PROPOSED.get(row.proposed, row.proposed), row.proposed),
                row.state,
                tables.Coded(psps.get(row.psp, row.psp), row.psp),
                row.reference,
                row.opened_at,
            ),
        )
        for row in found
    ]


UNRESOLVED = tables.Table(
    name="unresolved",
    title=N_("Unresolved money"),
    columns=(
        tables.Column("problem", N_("What is wrong"), "word", coded=True, fixed=True),
        tables.Column("amount", N_("Amount"), "money"),
        tables.Column("proposed", N_("We propose"), "word", coded=True),
        tables.Column("state", N_("State"), "status", coded=True, sort=Unresolved.state),
        tables.Column("psp", N_("Provider"), "word", coded=True),
        tables.Column("reference", N_("Reference"), "code", hidden=True),
        tables.Column("opened", N_("Since"), "when", sort=Unresolved.opened_at),
    ),
    query=lambda work: select(Unresolved).where(queries.unresolved_within(work)),
    view=_unresolved_view,
    id=Unresolved.id,
    order="opened",
    filters=(
        tables.choice(
            "state",
            N_("State"),
            Unresolved.state,
            (("open", N_("Open")), ("resolved", N_("Resolved"))),
        ),
    ),
    export_permission=Payments.EXPORT,
    live="payments",
    empty_title=N_("Nothing is unresolved"),
    empty_text=N_("Money that fits no order would wait here, with an action proposed."),
    empty_icon="circle-check",
)
