"""Facts about clients' money."""

from typing import ClassVar
from uuid import UUID

from stoa.events.facts import Fact, fact


@fact
class WalletMoved(Fact, frozen=True, kw_only=True):
    """A wallet's balance changed. `amount` is signed, `balance` is what can be spent after it;
    `entry_kind` says why (`deposit`, `hold`, `exchange`, ...).
    """

    kind: ClassVar[str] = "wallet.moved"
    lane: ClassVar[str] = "money"
    public: ClassVar[bool] = True

    client: UUID
    currency: str
    entry: UUID
    entry_kind: str
    amount: str
    balance: str


@fact
class AdjustmentAsked(Fact, frozen=True, kw_only=True):
    """A manual credit or debit waits for somebody else's approval."""

    kind: ClassVar[str] = "adjustment.asked"
    lane: ClassVar[str] = "money"

    adjustment: UUID
    client: UUID
    asked_by: UUID | None


@fact
class AdjustmentDecided(Fact, frozen=True, kw_only=True):
    kind: ClassVar[str] = "adjustment.decided"
    lane: ClassVar[str] = "money"

    adjustment: UUID
    client: UUID
    state: str
