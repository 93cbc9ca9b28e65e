"""What the schedule of fees says of deposits and withdrawals, and what is told to it of them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select

from brokerage.fees import charging, quoting
from brokerage.fees.hooks import Operation
from brokerage.fees.rules import Fee
from brokerage.fees.settings import FeeLine, Sum
from brokerage.ledger import accounts, wallets
from brokerage.payments import settings
from brokerage.payments.hooks import Undoing
from brokerage.payments.model import Deposit, DepositState, Withdrawal, WithdrawalState
from brokerage.payments.settings import DepositMethod, WithdrawalMethod
from stoa.kernel.money import Money
from stoa.tenancy.work import Work

_UNDONE: Final = (
    WithdrawalState.REJECTED,
    WithdrawalState.CANCELLED,
    WithdrawalState.RETURNED,
)
_CAME: Final = (
    DepositState.STARTING,
    DepositState.WAITING,
    DepositState.REVIEW,
    DepositState.CREDITED,
)


async def of_deposit(work: Work, client: UUID, offered: DepositMethod | None, money: Money) -> Fee:
    """What a deposit by this method costs the client now."""
    method = str(offered.method) if offered is not None else ""
    short = own(offered.fee, "deposit", method) if offered is not None else None
    return await quoting.quoted(work, client, "deposit", money, method=method, short=short)


async def of_withdrawal(work: Work, client: UUID, way: WithdrawalMethod, money: Money) -> Fee:
    """What a withdrawal by this method costs the client now."""
    short = own(way.fee, "withdrawal", str(way.method))
    return await quoting.quoted(
        work, client, "withdrawal", money, method=str(way.method), short=short
    )


def own(fee: settings.Fee, on: Any, method: str) -> FeeLine | None:
    """What the method itself says, as a line of the schedule; None where it says nothing."""
    least = fee.least if fee.least is not None and fee.least.amount else None
    if not fee.percent and least is None:
        return None
    return FeeLine(
        name=method,
        on=on,
        percent=fee.percent,
        least=Sum(amount=least.amount, currency=least.currency) if least is not None else None,
    )


async def deposits_used(work: Work, client: UUID, method: str, since: datetime) -> int:
    """Started and not failed since then."""
    wanted = select(Deposit.id).where(
        Deposit.client == client, Deposit.started_at >= since, Deposit.state.in_(_CAME)
    )
    return await work.count(wanted.where(Deposit.method == method) if method else wanted)


async def withdrawals_used(work: Work, client: UUID, method: str, since: datetime) -> int:
    """Asked for since then, and neither refused, cancelled nor sent back."""
    wanted = select(Withdrawal.id).where(
        Withdrawal.client == client,
        Withdrawal.asked_at >= since,
        Withdrawal.state.not_in(_UNDONE),
    )
    return await work.count(wanted.where(Withdrawal.method == method) if method else wanted)


async def operations(work: Work, since: datetime, most: int) -> Sequence[Operation]:
    """Deposits that were credited and withdrawals that were paid, the newest of each."""
    found: list[Operation] = []
    for on, model, state in (
        ("deposit", Deposit, DepositState.CREDITED),
        ("withdrawal", Withdrawal, WithdrawalState.PAID),
    ):
        rows = await work.table(
            select(
                model.client,
                model.amount,
                model.fee,
                model.currency,
                model.method,
                model.ended_at,
            )
            .where(model.state == state, model.ended_at >= since)
            .order_by(model.ended_at.desc())
            .limit(most)
        )
        found += [
            Operation(
                on,
                row.client,
                Money(row.amount, row.currency),
                Money(row.fee, row.currency),
                row.ended_at,
                row.method,
            )
            for row in rows
        ]
    return found


async def undone(work: Work, what: Undoing) -> None:
    """The payer's bank takes the whole deposit back: its fee goes back as well."""
    if what.share >= 1:
        await charging.refund(
            work,
            what="deposit",
            subject=_charged(what.deposit, what.turn - 1),
            why=f"dispute {what.dispute}",
        )


async def restored(work: Work, what: Undoing) -> None:
    """It stands again after all, and so does its fee, as far as the wallet has it."""
    row = await work.get(Deposit, what.deposit)
    fee = Money(row.fee, row.currency)
    there = await wallets.available(work, row.client, row.currency)
    if what.share < 1 or not fee or there < fee:
        return
    await charging.charge(
        work,
        accounts.client_wallet(work, row.client, row.currency),
        fee,
        what="deposit",
        subject=_charged(row.id, what.turn),
        ref=("deposit", row.id),
        reason=charging.terms_reason(row.fee_terms),
    )


def _charged(deposit: UUID, turn: int) -> str:
    return f"{deposit}:{turn}" if turn else str(deposit)
