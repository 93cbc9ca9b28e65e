"""What trading tells."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from stoa.events.facts import Fact, fact


@fact
class AccountOpened(Fact, frozen=True, kw_only=True):
    """A trading account exists on its server. `account_kind` is live or demo."""

    kind: ClassVar[str] = "account.opened"
    public: ClassVar[bool] = True

    account: UUID
    client: UUID
    login: int
    account_kind: str


@fact
class AccountAsked(Fact, frozen=True, kw_only=True):
    """A trading account was asked for and waits to be made on its server."""

    kind: ClassVar[str] = "account.asked"

    account: UUID


@fact
class ImportGoesOn(Fact, frozen=True, kw_only=True):
    """An import of a server's accounts has another turn to do; `turn` tells it from older ones."""

    kind: ClassVar[str] = "server.import"

    server: str
    turn: int


@fact
class DealsImported(Fact, frozen=True, kw_only=True):
    """Deals of one server were stored; `first` and `last` bound their `imported_at`, inclusive."""

    kind: ClassVar[str] = "deals.imported"

    server: str
    first: datetime
    last: datetime
    count: int


@fact
class TransferAsked(Fact, frozen=True, kw_only=True):
    """Money is held and waits to be moved to or from a trading account."""

    kind: ClassVar[str] = "transfer.asked"
    lane: ClassVar[str] = "money"

    transfer: UUID


@fact
class RequestReady(Fact, frozen=True, kw_only=True):
    """A wanted change of a trading account is decided and waits for its turn to be sent."""

    kind: ClassVar[str] = "account.request-ready"
    lane: ClassVar[str] = "money"

    request: UUID


@fact
class AccountChanged(Fact, frozen=True, kw_only=True):
    """A trading account's server confirmed a change: leverage, group, access, archive and others."""

    kind: ClassVar[str] = "account.changed"
    public: ClassVar[bool] = True

    request: UUID
    account: UUID
    client: UUID
    change: str


@fact
class TransferDone(Fact, frozen=True, kw_only=True):
    """`amount` is text in `currency`; `direction` is to-account, to-wallet, cover where an account
    below zero was brought back to it, or credit-in and credit-out, which are nobody's money.
    """

    kind: ClassVar[str] = "transfer.done"
    lane: ClassVar[str] = "money"
    public: ClassVar[bool] = True

    transfer: UUID
    client: UUID
    account: UUID
    direction: str
    amount: str
    currency: str


@fact
class AccountBelowZero(Fact, frozen=True, kw_only=True):
    """A live account ended below zero; `transfer` covers it."""

    kind: ClassVar[str] = "account.below-zero"
    lane: ClassVar[str] = "money"

    account: UUID
    client: UUID
    transfer: UUID
