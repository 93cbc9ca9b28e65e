"""Reads of disputes: who has one, what is owed, what waits for whom."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Select,
    SQLColumnExpression,
    Uuid,
    bindparam,
    func,
    or_,
    select,
)

from brokerage.clients import queries as clients
from brokerage.ledger.accounts import RECEIVABLE
from brokerage.ledger.model import LedgerAccount, LedgerBalance
from brokerage.payments.disputes import rules
from brokerage.payments.disputes.model import Dispute
from stoa.kernel.money import Money
from stoa.kernel.refusals import Conflict
from stoa.tenancy.statements import kept
from stoa.tenancy.work import Work

CODE: Final = "disputed"
"""What a withdrawal that waits for a dispute carries."""
OWED: Final = "owed"
OPEN: Final = tuple(str(one) for one in rules.OPEN)


def stopping(client: UUID | SQLColumnExpression[UUID]) -> tuple[Any, Any]:
    """SQL for whether a dispute is under way, and whether something is owed."""
    under_way = select(Dispute.id).where(Dispute.client == client, Dispute.stage.in_(OPEN))
    owes = (
        select(LedgerAccount.id)
        .join(LedgerBalance, LedgerBalance.account == LedgerAccount.id)
        .where(
            LedgerAccount.owner == client,
            LedgerAccount.kind == RECEIVABLE,
            LedgerBalance.balance < 0,
        )
    )
    return under_way.exists(), owes.exists()


_STANDING: Final = select(*stopping(bindparam("client", type_=Uuid())))


async def standing(work: Work, client: UUID) -> str | None:
    """Why this client's money stays: `open` for a dispute under way, `owed` for what is owed."""
    under_way, owes = (await work.table(_STANDING, {"client": client}))[0]
    return "open" if under_way else "owed" if owes else None


def disputed_deposits(client: UUID) -> Select[Any]:
    """Deposits of a client whose money a bank has or claims: nothing is paid back along them."""
    return select(Dispute.deposit).where(
        Dispute.client == client,
        or_(Dispute.stage.in_(OPEN), Dispute.stage == "lost"),
    )


async def may_give(work: Work, client: UUID, _money: Money, _what: str) -> None:
    """Raises Conflict while a dispute is open or something is owed: money stays with its owner."""
    why = await standing(work, client)
    if why == "owed":
        raise Conflict(
            "You owe us for a payment that was taken back or a loss beyond a balance. Money cannot "
            "go to others until that is paid. Nothing was moved.",
            code=OWED,
        )
    if why is not None:
        raise Conflict(
            "A payment of yours is disputed with your bank. Money cannot go to others until that "
            "is settled. Nothing was moved.",
            code=CODE,
        )


async def of_deposit(work: Work, deposit: UUID) -> Sequence[Dispute]:
    return await work.rows(
        select(Dispute).where(Dispute.deposit == deposit).order_by(Dispute.id).limit(50)
    )


@kept
def _to_answer(within: ColumnElement[bool]) -> Select[Dispute]:
    return (
        select(Dispute)
        .where(Dispute.due_at.is_not(None), Dispute.answered_at.is_(None), within)
        .order_by(Dispute.due_at)
    )


async def by_deadline(work: Work, limit: int = 6) -> tuple[list[tuple[Dispute, str]], int]:
    """Open ones that nobody has answered, the nearest deadline first, with their clients' names,
    and how many there are.
    """
    mine = _to_answer(clients.within(work, Dispute.client))
    return await clients.named(work, mine, Dispute.client, limit, {})


async def to_agree(work: Work, limit: int) -> Sequence[Dispute]:
    """What one person asked for and another has to agree to."""
    return await work.rows(
        select(Dispute)
        .where(
            Dispute.asked.is_not(None),
            Dispute.decided_at.is_(None),
            clients.within(work, Dispute.client),
        )
        .order_by(Dispute.asked_at)
        .limit(limit)
    )


async def owed_in_all(work: Work, client: UUID) -> list[Money]:
    """What a client owes for disputes, by currency."""
    rows = await work.table(
        select(LedgerAccount.currency, func.sum(LedgerBalance.balance))
        .join(LedgerBalance, LedgerBalance.account == LedgerAccount.id)
        .where(LedgerAccount.owner == client, LedgerAccount.kind == RECEIVABLE)
        .group_by(LedgerAccount.currency)
        .order_by(LedgerAccount.currency)
    )
    return [Money(-Decimal(total), currency) for currency, total in rows if total]
