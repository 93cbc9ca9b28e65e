"""What every step of a withdrawal uses: its rows in the order of locks, and who is told."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select

from brokerage.clients.model import Client
from brokerage.payments import rules
from brokerage.payments.rules import Part
from brokerage.payments.values import Method
from brokerage.payments.withdrawing.model import (
    Destination,
    PayoutAttempt,
    PayoutState,
    Withdrawal,
    WithdrawalApproval,
)
from stoa.kernel.money import Money
from stoa.notices import notices
from stoa.tenancy.work import Work

CAME_BACK: Final = "payout-returned"
"""The code of a held withdrawal whose money waits for a new destination."""
ASK_S: Final = 20
_MOST_ASK_S: Final = 1800
UNDER_WAY: Final = frozenset({PayoutState.WAITING, PayoutState.SENDING, PayoutState.ACCEPTED})
UNDONE: Final = frozenset({PayoutState.REFUSED, PayoutState.RETURNED})


def ask_later(work: Work, part: PayoutAttempt) -> None:
    """When the provider is asked about it again: later each time."""
    part.tries += 1
    wait = min(ASK_S * 2 ** min(part.tries, 7), _MOST_ASK_S)
    part.next_ask_at = work.now + timedelta(seconds=wait)


def label_of(row: Withdrawal, part: PayoutAttempt) -> str:
    planned = row.plan[part.part - 1] if part.part <= len(row.plan) else {}
    return str(planned.get("label") or part.method)


async def parts_of(work: Work, withdrawal: UUID) -> list[PayoutAttempt]:
    return list(
        await work.rows(
            select(PayoutAttempt)
            .where(PayoutAttempt.withdrawal == withdrawal)
            .order_by(PayoutAttempt.part, PayoutAttempt.number)
        )
    )


async def newest_parts(work: Work, row: Withdrawal) -> list[PayoutAttempt]:
    """The last attempt of each part, without those whose money goes another way by now."""
    newest = {part.part: part for part in await parts_of(work, row.id)}
    return [part for part in newest.values() if not moved(row, part.part)]


def moved(row: Withdrawal, part: int) -> bool:
    return part <= len(row.plan) and bool(row.plan[part - 1].get("moved"))


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


def add_parts(
    work: Work, row: Withdrawal, parts: Sequence[Part], fee: Money, *, first: int = 1
) -> None:
    """One payout each, not to be sent before the withdrawal is approved; the last bears the fee."""
    for number, part in enumerate(parts, start=first):
        work.add(
            PayoutAttempt(
                id=work.new_id(),
                withdrawal=row.id,
                part=number,
                number=1,
                psp=part.psp,
                way=part.way,
                method=part.method,
                source=part.source,
                amount=part.money.amount,
                fee=fee.amount if number == first + len(parts) - 1 else Decimal(0),
                currency=part.money.currency,
                state=PayoutState.WAITING,
                made_at=work.now,
            )
        )


def seal(row: Withdrawal, to: Destination | None) -> None:
    """Bind the yeses to come to exactly this: what is paid, where to, and the version."""
    content: Mapping[str, Any] = {
        "version": row.version,
        "amount": Money(row.amount, row.currency).text(),
        "currency": row.currency,
        "fee": Money(row.fee, row.currency).text(),
        "parts": [{**one, "psp": "" if one["way"] == "payout" else one["psp"]} for one in row.plan],
        "destination": [str(to.id), to.blind.hex()] if to is not None else None,
        "loses": row.loses,
    }
    row.payload_hash = rules.payload_hash(row.id, row.client, content)


async def place_of(work: Work, row: Withdrawal) -> Destination | None:
    return await work.get(Destination, row.destination) if row.destination else None


def part_of(record: Mapping[str, Any]) -> Part:
    return Part(
        record["way"],
        Method(record["method"]),
        Money(Decimal(record["amount"]), record["currency"]),
        record["label"],
        record["psp"],
        UUID(record["source"]) if record["source"] else None,
    )


def live_plan(row: Withdrawal) -> list[Part]:
    """The parts of the plan that still hold."""
    return [part_of(one) for one in row.plan if not one.get("moved")]
