"""What payments say when an account is to be closed, and what a client's own data contain."""

from typing import Any
from uuid import UUID

from sqlalchemy import select

from brokerage.payments import queries
from brokerage.payments.disputes import queries as disputes
from brokerage.payments.model import Withdrawal
from brokerage.payments.receiving import queries as receiving
from stoa.kernel.money import Money
from stoa.tenancy.work import Work
from stoa.theming.texts import N_


async def blockers(work: Work, client: UUID) -> list[str]:
    leaving = select(Withdrawal.id).where(
        Withdrawal.client == client, Withdrawal.ended_at.is_(None)
    )
    under_way, disputed, owed = (
        await work.table(select(leaving.exists(), *disputes.stopping(client)))
    )[0]
    found = [N_("A withdrawal is still on its way.")] if under_way else []
    if disputed or owed:
        found.append(N_("A payment is disputed, or something is owed for one."))
    return found


async def export(work: Work, client: UUID) -> Any:
    came, left = await queries.of_client(work, client, limit=5_000)
    return {
        "deposits": [
            {
                "reference": row.reference,
                "amount": Money(row.amount, row.currency).text(),
                "currency": row.currency,
                "method": row.method,
                "state": row.state,
                "started_at": row.started_at.isoformat(),
            }
            for row in came
        ],
        "deposit_addresses": [
            {
                "coin": row.asset,
                "network": row.network,
                "address": row.address,
                "memo": row.memo,
                "opened_at": row.opened_at.isoformat() if row.opened_at else None,
            }
            for row in await receiving.all_of(work, client)
        ],
        "withdrawals": [
            {
                "reference": row.reference,
                "amount": Money(row.amount, row.currency).text(),
                "currency": row.currency,
                "method": row.method,
                "state": row.state,
                "asked_at": row.asked_at.isoformat(),
            }
            for row in left
        ],
    }
