"""Facts about money coming in and going out."""

from typing import ClassVar
from uuid import UUID

from stoa.events.facts import Fact, fact


@fact
class CallbackTaken(Fact, frozen=True, kw_only=True):
    """A provider's callback is stored word for word; nothing follows from it yet."""

    kind: ClassVar[str] = "payment.callback-taken"
    lane: ClassVar[str] = "money"

    event: UUID


@fact
class MoneyUnresolved(Fact, frozen=True, kw_only=True):
    """Money or news that fits nothing we asked for waits for a person."""

    kind: ClassVar[str] = "payment.unresolved"
    lane: ClassVar[str] = "money"

    item: UUID


@fact
class DepositCredited(Fact, frozen=True, kw_only=True):
    """Money of a deposit is in the wallet. `amount` is text in `currency`, after the fee."""

    kind: ClassVar[str] = "deposit.credited"
    lane: ClassVar[str] = "money"
    public: ClassVar[bool] = True

    deposit: UUID
    client: UUID
    amount: str
    currency: str
    first: bool


@fact
class DepositFailed(Fact, frozen=True, kw_only=True):
    kind: ClassVar[str] = "deposit.failed"
    lane: ClassVar[str] = "money"
    public: ClassVar[bool] = True

    deposit: UUID
    client: UUID
    state: str


class _Withdrawal(Fact, frozen=True, kw_only=True):
    withdrawal: UUID
    client: UUID
    amount: str
    currency: str


@fact
class WithdrawalRequested(_Withdrawal, frozen=True, kw_only=True):
    kind: ClassVar[str] = "withdrawal.requested"
    lane: ClassVar[str] = "money"
    public: ClassVar[bool] = True


@fact
class WithdrawalApproved(_Withdrawal, frozen=True, kw_only=True):
    """Everyone who must agree has; its payouts go out next."""

    kind: ClassVar[str] = "withdrawal.approved"
    lane: ClassVar[str] = "money"
    public: ClassVar[bool] = True


@fact
class WithdrawalRejected(_Withdrawal, frozen=True, kw_only=True):
    kind: ClassVar[str] = "withdrawal.rejected"
    lane: ClassVar[str] = "money"
    public: ClassVar[bool] = True


@fact
class WithdrawalCancelled(_Withdrawal, frozen=True, kw_only=True):
    kind: ClassVar[str] = "withdrawal.cancelled"
    lane: ClassVar[str] = "money"
    public: ClassVar[bool] = True


@fact
class WithdrawalPaid(_Withdrawal, frozen=True, kw_only=True):
    """All of it has left."""

    kind: ClassVar[str] = "withdrawal.paid"
    lane: ClassVar[str] = "money"
    public: ClassVar[bool] = True


@fact
class WithdrawalReturned(_Withdrawal, frozen=True, kw_only=True):
    """All or a part could not be paid or came back; that part is in the wallet again."""

    kind: ClassVar[str] = "withdrawal.returned"
    lane: ClassVar[str] = "money"
    public: ClassVar[bool] = True


@fact
class PayoutDue(Fact, frozen=True, kw_only=True):
    """One part of an approved withdrawal waits to be sent."""

    kind: ClassVar[str] = "payout.due"
    lane: ClassVar[str] = "money"

    payout: UUID


class _Dispute(Fact, frozen=True, kw_only=True):
    dispute: UUID
    deposit: UUID
    client: UUID
    stage: str


@fact
class DepositDisputed(_Dispute, frozen=True, kw_only=True):
    """A payer's bank asks about a credited deposit or takes it back; the money is held or owed."""

    kind: ClassVar[str] = "deposit.disputed"
    lane: ClassVar[str] = "money"
    public: ClassVar[bool] = True


@fact
class DisputeEnded(_Dispute, frozen=True, kw_only=True):
    """It was won, lost, or given back by the bank."""

    kind: ClassVar[str] = "dispute.ended"
    lane: ClassVar[str] = "money"
    public: ClassVar[bool] = True
