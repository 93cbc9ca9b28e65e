"""What payments give to the shared screens: today, home, needs, search, timeline, fleet."""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from sqlalchemy import bindparam, select

from brokerage.clients import queries as clients
from brokerage.payments import queries
from brokerage.payments.disputes import shown as disputes_shown
from brokerage.payments.hot import watching as hot
from brokerage.payments.model import Deposit, DepositState, Withdrawal, WithdrawalState
from brokerage.payments.permissions import Payments
from brokerage.payments.psp import providers
from brokerage.payments.queries import PROBLEMS
from brokerage.payments.receiving import queries as receiving
from brokerage.payments.routing import operators
from brokerage.payments.settings import PaymentsSettings
from brokerage.payments.withdrawing.rows import CAME_BACK
from stoa.connectors.breaker import Circuit
from stoa.product import Card, Counted, Hit, Item, Need
from stoa.tenancy.work import Work
from stoa.theming.figures import plain_money
from stoa.theming.texts import N_

_COMING: Final = (
    select(Deposit)
    .where(
        Deposit.client == bindparam("client"),
        Deposit.state.in_((DepositState.WAITING, DepositState.REVIEW)),
        Deposit.started_at > bindparam("since"),
    )
    .order_by(Deposit.started_at.desc())
    .limit(3)
)
_LEAVING: Final = (
    select(Withdrawal)
    .where(Withdrawal.client == bindparam("client"), Withdrawal.ended_at.is_(None))
    .order_by(Withdrawal.asked_at.desc())
    .limit(3)
)
_HELD: Final = (
    select(Withdrawal)
    .where(
        Withdrawal.client == bindparam("client"),
        Withdrawal.state == WithdrawalState.HELD,
        Withdrawal.code.in_(("kyc", "edd", CAME_BACK)),
    )
    .order_by(Withdrawal.asked_at)
    .limit(5)
)


def told(row: Any) -> str:
    """A row's amount as text that keeps its direction among words of another one."""
    return f"\u2066{plain_money(row.amount, row.currency)}\u2069"


async def today(work: Work) -> list[Card]:
    """Withdrawals by promise, what is unresolved, and the day's net deposits."""
    found: list[Card] = []
    if work.actor.may(Payments.WITHDRAWALS):
        found.append(await _queue(work))
    if work.actor.may(Payments.DEPOSITS):
        open_issues, count = await queries.unresolved(work)
        if open_issues:
            found.append(
                Card(
                    "unresolved",
                    N_("Unresolved money"),
                    count,
                    tone="needs",
                    path="/desk/unresolved",
                    items=[
                        Item(
                            title=PROBLEMS.get(one.problem, one.problem),
                            path=f"/desk/unresolved/{one.id}",
                            detail=told(one) if one.amount and one.currency else one.psp,
                            status="needs_you",
                            since=one.opened_at,
                        )
                        for one in open_issues
                    ],
                    order=12,
                    worklist=True,
                )
            )
        found += await disputes_shown.today(work)
        if work.actor.may(Payments.PSPS):
            found += await _hot(work)
        net, days, deposits = await queries.net_by_day(work)
        found.append(
            Card(
                "net-deposits",
                N_("Net deposits today"),
                net.quantize(Decimal("0.01")),
                currency=work.tenant.base_currency,
                path="/desk/deposits",
                counted=Counted("{n} deposit", "{n} deposits", deposits),
                spark=[float(one) for one in days],
                order=20,
            )
        )
    return found


async def _hot(work: Work) -> list[Card]:
    """Coins at providers that are not within their bounds; nothing when all are."""
    out = [
        one
        for one in await hot.stands(work)
        if one.standing in {hot.Standing.LOW, hot.Standing.HIGH}
    ]
    if not out:
        return []
    low = any(one.standing == hot.Standing.LOW for one in out)
    card = Card(
        "hot-wallets",
        N_("Hot wallets out of bounds"),
        len(out),
        tone="stopped" if low else "needs",
        path="/desk/recon/hot",
        items=[
            Item(
                title=f"{one.psp.label} · {one.hot.currency}",
                path="/desk/recon/hot",
                detail=plain_money(one.amount.amount, one.amount.currency) if one.amount else "",
                status="needs_you",
                since=one.since,
            )
            for one in out
        ],
        order=13,
        worklist=True,
    )
    return [card]


async def _queue(work: Work) -> Card:
    waiting, count = await queries.queue(work)
    late = any(row.promised_at < work.now for row, _ in waiting)
    return Card(
        "withdrawals",
        N_("Withdrawals to decide"),
        count,
        tone="stopped" if late else "needs" if waiting else "done",
        path="/desk/withdrawals",
        items=[
            Item(
                title=f"{told(row)} · {name}",
                path=f"/desk/withdrawals/{row.id}",
                detail=row.reference,
                status="overdue" if row.promised_at < work.now else row.state,
                since=row.asked_at,
                due=row.promised_at,
            )
            for row, name in waiting
        ],
        order=10,
        worklist=True,
    )


async def home(work: Work, client: UUID) -> list[Card]:
    """What is on its way, in and out; nothing when nothing is."""
    came = await work.rows(_COMING, {"client": client, "since": work.now - timedelta(days=7)})
    left = await work.rows(_LEAVING, {"client": client})
    items = [
        Item(
            title=N_("Deposit"),
            path=f"/deposit/{row.id}",
            detail=told(row),
            status=row.state,
            since=row.started_at,
        )
        for row in came
    ] + [
        Item(
            title=N_("Withdrawal"),
            path=f"/withdrawals/{row.id}",
            detail=told(row),
            status=row.state,
            since=row.asked_at,
            due=row.promised_at,
        )
        for row in left
    ]
    return [Card("payments", N_("On its way"), items=items, order=15)] if items else []


async def needs(work: Work, client: UUID) -> Sequence[Need]:
    """Withdrawals that wait for the client."""
    rows = await work.rows(_HELD, {"client": client})
    return [
        Need(
            key=f"withdrawal-{row.id}",
            label=N_("A withdrawal waits for you"),
            status="needs",
            detail=next((one["text"] for one in row.checks if one["code"] == row.code), ""),
            path=f"/withdrawals/{row.id}",
            order=8,
        )
        for row in rows
    ]


async def search(work: Work, typed: str) -> list[Hit]:
    """A deposit or a withdrawal by its reference, and whose a coin address is."""
    wanted = typed.strip().upper()
    hits: list[Hit] = []
    if wanted.startswith("D-") and work.actor.may(Payments.DEPOSITS):
        for row in await work.rows(
            select(Deposit).where(Deposit.reference == wanted, clients.within(work, Deposit.client))
        ):
            money = told(row)
            hits.append(Hit("deposit", row.reference, money, f"/desk/deposits/{row.id}", 95))
    if wanted.startswith("W-") and work.actor.may(Payments.WITHDRAWALS):
        for left in await work.rows(
            select(Withdrawal).where(
                Withdrawal.reference == wanted, clients.within(work, Withdrawal.client)
            )
        ):
            money = told(left)
            hits.append(
                Hit("withdrawal", left.reference, money, f"/desk/withdrawals/{left.id}", 95)
            )
    if len(typed.strip()) >= _ADDRESS_SIGNS and work.actor.may(Payments.DEPOSITS):
        found = await receiving.owner(work, typed.strip())
        if found is not None:
            note = f"{found.asset} · {found.network}"
            path = f"/desk/clients/{found.client}/payments"
            hits.append(Hit("deposit", found.address or "", note, path, 95))
    return [*hits, *await disputes_shown.search(work, wanted)]


_ADDRESS_SIGNS = 25
_DEPOSIT_TITLES = {
    DepositState.CREDITED: (N_("Deposit credited"), "done"),
    DepositState.FAILED: (N_("Deposit failed"), "stopped"),
    DepositState.EXPIRED: (N_("Deposit not paid in time"), "waiting"),
    DepositState.CANCELLED: (N_("Deposit cancelled"), "waiting"),
    DepositState.REVIEW: (N_("Deposit needs a look"), "needs"),
    DepositState.RETURNED: (N_("Deposit given back"), "stopped"),
}
_WITHDRAWAL_TITLES = {
    WithdrawalState.PAID: (N_("Withdrawal paid"), "done"),
    WithdrawalState.REJECTED: (N_("Withdrawal not approved"), "stopped"),
    WithdrawalState.CANCELLED: (N_("Withdrawal cancelled"), "waiting"),
    WithdrawalState.RETURNED: (N_("Withdrawal came back"), "stopped"),
}


async def moments(work: Work, client: UUID) -> Sequence[Any]:
    """Deposits and withdrawals on the client's timeline."""
    prefix = "/desk" if work.actor.kind != "client" else ""
    came, left = await queries.of_client(work, client, limit=30)
    found: list[dict[str, Any]] = []
    for row in came:
        title, tone = _DEPOSIT_TITLES.get(row.state, (N_("Deposit started"), "moving"))
        href = f"{prefix}/deposits/{row.id}" if prefix else f"/deposit/{row.id}"
        found.append(
            {
                "at": row.ended_at or row.started_at,
                "title": title,
                "text": f"{told(row)} · {row.reference}",
                "tone": tone,
                "icon": "arrow-down-left",
                "href": href,
            }
        )
    for row in left:
        title, tone = _WITHDRAWAL_TITLES.get(row.state, (N_("Withdrawal asked for"), "moving"))
        found.append(
            {
                "at": row.ended_at or row.asked_at,
                "title": title,
                "text": f"{told(row)} · {row.reference}",
                "tone": tone,
                "icon": "arrow-up-right",
                "href": f"{prefix}/withdrawals/{row.id}",
            }
        )
    if prefix:
        found += await disputes_shown.moments(work, client)
    return found


async def pulse(work: Work) -> dict[str, Any]:
    """Counts and health for the fleet page."""
    waiting = await work.count(
        select(Withdrawal.id).where(
            Withdrawal.state.in_((WithdrawalState.HELD, WithdrawalState.REVIEW))
        )
    )
    since = work.now - timedelta(hours=24)
    came = await work.count(
        select(Deposit.id).where(Deposit.state == DepositState.CREDITED, Deposit.ended_at >= since)
    )
    known = await providers.health(work)
    failing = [
        psp.code
        for psp in work.settings(PaymentsSettings).psps
        if psp.on
        and (
            (psp.code in known and known[psp.code].failing)
            or providers.circuit(work, psp.code).circuit is Circuit.OPEN
        )
    ]
    return {
        "open_withdrawals": waiting,
        "deposits_today": came,
        "failing_connectors": failing,
        "connectors": await operators.pulse(work),
    }
