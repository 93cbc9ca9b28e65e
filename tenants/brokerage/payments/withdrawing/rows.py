"""What every step of a withdrawal uses: its rows in the order of locks, and who is told."""

from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import select

from brokerage.clients.model import Client
from brokerage.payments.rules import Part
from brokerage.payments.values import Method
from brokerage.payments.withdrawing.model import (
    PayoutAttempt,
    PayoutState,
    Withdrawal,
    WithdrawalApproval,
)
from stoa.kernel.ids import uuid7
from stoa.kernel.money import Money
from stoa.notices import notices
from stoa.tenancy.work import Work


async def parts_of(work: Work, withdrawal: UUID) -> list[PayoutAttempt]:
    return list(
        await work.rows(
            select(PayoutAttempt)
            .where(PayoutAttempt.withdrawal == withdrawal)
            .order_by(PayoutAttempt.part, PayoutAttempt.number)
        )
    )


async def approvals(work: Work, row: Withdrawal) -> list[WithdrawalApproval]:
    """The yeses to exactly what would be paid now."""
    return list(
        await work.rows(
            select(WithdrawalApproval)
            .where(
                WithdrawalApproval.withdrawal == row.id,
                WithdrawalApproval.payload_hash == row.payload_hash,
            )
            .order_by(WithdrawalApproval.at)
        )
    )


async def locked(work: Work, withdrawal: UUID) -> Withdrawal:
    """The withdrawal, locked after its client: everyone takes the two in this order."""
    client = (await work.get(Withdrawal, withdrawal)).client
    await work.lock(Client, client)
    row = await work.lock(Withdrawal, withdrawal)
    work.subject = row.client
    return row


def told(row: Withdrawal) -> dict[str, Any]:
    return {
        "withdrawal": row.id,
        "client": row.client,
        "amount": Money(row.amount, row.currency).text(),
        "currency": row.currency,
    }


async def write(work: Work, row: Withdrawal, template: str, *, reason: str = "") -> None:
    await notices.mail(
        work,
        row.client,
        template,
        link=f"/withdrawals/{row.id}",
        about=row.id,
        amount=row.amount,
        currency=row.currency,
        reference=row.reference,
        reason=reason,
    )


def announce(work: Work, row: Withdrawal) -> None:
    work.announce(f"client:{row.client}|payments", f"client:{row.client}|wallets", "desk|payments")


def add_parts(work: Work, row: Withdrawal, parts: list[Part], fee: Money) -> None:
    """One payout each, not to be sent before the withdrawal is approved; the last bears the fee."""
    for number, part in enumerate(parts, start=1):
        work.add(
            PayoutAttempt(
                id=uuid7(int(work.now.timestamp() * 1000)),
                withdrawal=row.id,
                part=number,
                number=1,
                psp=part.psp,
                way=part.way,
                method=part.method,
                source=part.source,
                amount=part.money.amount,
                fee=fee.amount if number == len(parts) else Decimal(0),
                currency=part.money.currency,
                state=PayoutState.WAITING,
                made_at=work.now,
            )
        )


def part_of(record: dict[str, Any]) -> Part:
    return Part(
        record["way"],
        Method(record["method"]),
        Money(Decimal(record["amount"]), record["currency"]),
        record["label"],
        record["psp"],
        UUID(record["source"]) if record["source"] else None,
    )
