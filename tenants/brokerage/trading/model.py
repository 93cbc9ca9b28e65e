"""Trading accounts, their deals and positions, and the money that moves to and from them."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from brokerage.trading.connector import mark
from stoa.db.rows import TenantRow


class AccountState(StrEnum):
    """Opening: asked for, the server has not confirmed. Restricted: close-only or no trading."""

    OPENING = "opening"
    ACTIVE = "active"
    RESTRICTED = "restricted"
    ARCHIVED = "archived"
    FAILED = "failed"


class TradingAccount(TenantRow):
    """A client's account on a trading server. Equity and margin are what the server last told."""

    __tablename__ = "trading_account"
    MOVES: ClassVar[Mapping[str, set[str]]] = {
        AccountState.OPENING: {AccountState.ACTIVE, AccountState.FAILED},
        AccountState.FAILED: {AccountState.OPENING},
        AccountState.ACTIVE: {AccountState.RESTRICTED, AccountState.ARCHIVED},
        AccountState.RESTRICTED: {AccountState.ACTIVE, AccountState.ARCHIVED},
        AccountState.ARCHIVED: {AccountState.ACTIVE},
    }

    id: Mapped[UUID] = mapped_column(primary_key=True)
    client: Mapped[UUID] = mapped_column(ForeignKey("client.id"), index=True)
    server: Mapped[str] = mapped_column(String(40))
    kind: Mapped[str] = mapped_column(String(8))
    product: Mapped[str] = mapped_column(String(40))
    state: Mapped[str] = mapped_column(String(12), default=AccountState.OPENING)
    login: Mapped[int | None] = mapped_column(BigInteger)
    server_group: Mapped[str] = mapped_column(String(80))
    currency: Mapped[str] = mapped_column(String(8))
    leverage: Mapped[int] = mapped_column(Integer)
    password_sealed: Mapped[bytes | None]
    password_shown_at: Mapped[datetime | None]
    balance: Mapped[Decimal] = mapped_column(default=Decimal(0))
    credit: Mapped[Decimal] = mapped_column(default=Decimal(0))
    equity: Mapped[Decimal] = mapped_column(default=Decimal(0))
    margin: Mapped[Decimal] = mapped_column(default=Decimal(0))
    margin_free: Mapped[Decimal] = mapped_column(default=Decimal(0))
    floating: Mapped[Decimal] = mapped_column(default=Decimal(0))
    told_at: Mapped[datetime | None]
    deals_at: Mapped[datetime | None]
    deals_last: Mapped[int | None] = mapped_column(BigInteger)
    opened_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    """When the server was first asked to make it; asked again, it may know the account already."""
    why: Mapped[str | None] = mapped_column(String(400))
    access: Mapped[str | None] = mapped_column(String(12))
    """What the server was told last; None is full. It follows from `limits`: the strictest holds."""
    limits: Mapped[dict[str, Any] | None]
    shut: Mapped[dict[str, Any] | None]
    """Money operations that are switched off, each with its reason."""
    swap_free_since: Mapped[datetime | None]
    swap_free_until: Mapped[datetime | None]
    dormant: Mapped[str | None] = mapped_column(String(8))
    """The last step of dormancy that was taken, since the owner did anything."""
    dormant_at: Mapped[datetime | None]
    awake_from: Mapped[datetime | None]
    """Idle days count from here where that is later than what the owner did last."""
    exempt_until: Mapped[datetime | None]
    missing_since: Mapped[datetime | None]
    """When its server first said that it knows no such login; None while it knows it."""
    predecessor: Mapped[UUID | None] = mapped_column(ForeignKey("trading_account.id"))
    """The account on another server that this one took the place of."""
    server_account: Mapped[str | None] = mapped_column(String(64))
    """Its name at a server that calls accounts by text, such as a FIX drop copy."""
    follows: Mapped[UUID | None] = mapped_column(ForeignKey("trading_account.id"))
    """The strategy provider's account whose trades are copied here, by another system."""

    __table_args__ = (
        UniqueConstraint("server", "login"),
        UniqueConstraint("server", "server_account"),
        CheckConstraint("follows <> id", name="follows"),
        Index(
            "ix_trading_account_follows", "follows", postgresql_where=text("follows is not null")
        ),
        Index(
            "ix_trading_account_margin_level",
            text("(equity * 100 / margin)"),
            "id",
            postgresql_where=text("margin > 0 and kind = 'live'"),
        ),
        Index("ix_trading_account_live", "kind", "state"),
        Index("ix_trading_account_opened_at", "opened_at", "id"),
        Index(
            "uq_trading_account_predecessor",
            "predecessor",
            unique=True,
            postgresql_where=text("predecessor is not null"),
        ),
        Index(
            "ix_trading_account_swap_free",
            "swap_free_until",
            postgresql_where=text("swap_free_since is not null"),
        ),
        Index(
            "ix_trading_account_missing",
            "missing_since",
            postgresql_where=text("missing_since is not null"),
        ),
        CheckConstraint("kind in ('live', 'demo')", name="kind"),
    )

    @property
    def external_id(self) -> str:
        """Our name for the account on the server, to find it again after a lost answer.

        Short enough for the 31 characters of an MT5 record's ID, which cuts the rest off.
        """
        return mark("A", self.id)


class Deal(TenantRow):
    """A deal as the server booked it, stored once per server and number; never changed.

    `client` is its account's, by which an account's deals are found, too; `id` is made of server and
    number. Every index costs each of millions of deals: these are the fewest that every list has one of.
    One that takes another back names it in `reverses` and bears its lots and money with the other
    sign, so that sums are right by themselves; a correction is that and a deal in its place.
    """

    __tablename__ = "deal"
    __append_only__ = True
    __audited__ = False

    server: Mapped[str] = mapped_column(String(40), primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    id: Mapped[UUID]
    account: Mapped[UUID]
    client: Mapped[UUID]
    login: Mapped[int] = mapped_column(BigInteger)
    kind: Mapped[str] = mapped_column(String(16))
    entry: Mapped[str] = mapped_column(String(8))
    at: Mapped[datetime]
    symbol: Mapped[str] = mapped_column(String(32))
    lots: Mapped[Decimal]
    lots_closed: Mapped[Decimal]
    contract_size: Mapped[Decimal]
    price: Mapped[Decimal]
    profit: Mapped[Decimal]
    swap: Mapped[Decimal]
    commission: Mapped[Decimal]
    currency: Mapped[str] = mapped_column(String(8))
    position: Mapped[int] = mapped_column(BigInteger)
    opened_at: Mapped[datetime | None]
    """When the position this deal closes was opened: the holding time is `at - opened_at`."""
    opened_price: Mapped[Decimal | None]
    spread: Mapped[Decimal | None]
    """What the spread of the tick beside the deal was worth on its lots, in the account's currency;
    none where no tick of that minute is known."""
    comment: Mapped[str] = mapped_column(String(64))
    imported_at: Mapped[datetime]
    reverses: Mapped[int | None] = mapped_column(BigInteger)

    __table_args__ = (
        Index(
            "uq_deal_reverses",
            "server",
            "reverses",
            unique=True,
            postgresql_where=text("reverses is not null"),
        ),
        Index("ix_deal_client", "client", "at"),
        Index("ix_deal_at", "at"),
        Index("ix_deal_position", "server", "position"),
        Index("ix_deal_imported", "imported_at"),
    )


class OpenPosition(TenantRow):
    """An open position as the server last told it; gone when the server no longer tells it."""

    __tablename__ = "open_position"
    __audited__ = False

    server: Mapped[str] = mapped_column(String(40), primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    account: Mapped[UUID] = mapped_column(ForeignKey("trading_account.id"), index=True)
    client: Mapped[UUID]
    symbol: Mapped[str] = mapped_column(String(32), index=True)
    side: Mapped[str] = mapped_column(String(4))
    lots: Mapped[Decimal]
    contract_size: Mapped[Decimal]
    price_open: Mapped[Decimal]
    price_now: Mapped[Decimal]
    profit: Mapped[Decimal]
    swap: Mapped[Decimal]
    opened_at: Mapped[datetime]
    told_at: Mapped[datetime]


class TransferState(StrEnum):
    """Waiting: for a person's word. Sending: claimed, open until the server's journal was asked."""

    WAITING = "waiting"
    HELD = "held"
    SENDING = "sending"
    DONE = "done"
    REFUSED = "refused"
    CANCELLED = "cancelled"


class Transfer(TenantRow):
    """Money between a wallet and a trading account: both sides once, or neither. A `cover` brings an
    account that fell below zero back to it; `payer` says whose loss that is: the house or the client.
    """

    __tablename__ = "transfer"
    MOVES: ClassVar[Mapping[str, set[str]]] = {
        TransferState.WAITING: {TransferState.HELD, TransferState.CANCELLED},
        TransferState.HELD: {TransferState.SENDING, TransferState.CANCELLED},
        TransferState.SENDING: {TransferState.DONE, TransferState.REFUSED, TransferState.HELD},
    }

    id: Mapped[UUID] = mapped_column(primary_key=True)
    client: Mapped[UUID] = mapped_column(ForeignKey("client.id"), index=True)
    account: Mapped[UUID] = mapped_column(ForeignKey("trading_account.id"), index=True)
    direction: Mapped[str] = mapped_column(String(10))
    payer: Mapped[str | None] = mapped_column(String(8))
    cause: Mapped[UUID | None]
    """Whose credit it is, where it moves credit and no money."""
    amount: Mapped[Decimal]
    currency: Mapped[str] = mapped_column(String(8))
    state: Mapped[str] = mapped_column(String(12), default=TransferState.HELD)
    asked_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    done_at: Mapped[datetime | None]
    tries: Mapped[int] = mapped_column(Integer, default=0)
    next_ask_at: Mapped[datetime | None]
    unknown_since: Mapped[datetime | None]
    unknown_told_at: Mapped[datetime | None]
    """Since when its server does not say what became of it, and when staff were told so."""
    deal: Mapped[int | None] = mapped_column(BigInteger)
    why: Mapped[str | None] = mapped_column(String(400))
    decided_by: Mapped[UUID | None]
    onward: Mapped[UUID | None] = mapped_column(ForeignKey("trading_account.id"))
    """The account it goes on to from the wallet, in the transaction in which it arrives there."""

    __table_args__ = (
        CheckConstraint(
            "direction in ('to-account', 'to-wallet', 'cover', 'credit-in', 'credit-out')",
            name="direction",
        ),
        CheckConstraint(
            "(direction in ('credit-in', 'credit-out')) = (cause is not null)", name="cause"
        ),
        CheckConstraint("payer in ('house', 'client')", name="payer"),
        CheckConstraint("(direction = 'cover') = (payer is not null)", name="cover"),
        CheckConstraint("amount > 0", name="amount"),
        CheckConstraint("onward is null or direction = 'to-wallet'", name="onward"),
        Index(
            "ix_transfer_turn",
            "account",
            postgresql_where=text("state in ('held', 'sending')"),
        ),
        Index(
            "ix_transfer_open",
            "asked_at",
            postgresql_where=text("state in ('held', 'sending')"),
        ),
        Index("ix_transfer_cause", "cause", "id", postgresql_where=text("cause is not null")),
        Index(
            "ix_transfer_cover",
            "asked_at",
            "id",
            postgresql_where=text("direction = 'cover'"),
        ),
        Index(
            "uq_transfer_cover_open",
            "account",
            unique=True,
            postgresql_where=text(
                "direction = 'cover' and state in ('waiting', 'held', 'sending')"
            ),
        ),
    )


class TradingServer(TenantRow):
    """What we know of a server of the settings: health, lag, and the symbols it trades."""

    __tablename__ = "trading_server"
    __audited__ = False

    code: Mapped[str] = mapped_column(String(40), primary_key=True)
    state: Mapped[str] = mapped_column(String(12), default="unknown")
    ok_at: Mapped[datetime | None]
    failed_at: Mapped[datetime | None]
    error: Mapped[str | None] = mapped_column(Text)
    lag_ms: Mapped[int | None] = mapped_column(Integer)
    deals_seen: Mapped[int] = mapped_column(BigInteger, default=0)
    leased_until: Mapped[datetime | None]
    symbols: Mapped[list[Any]]
    prices: Mapped[dict[str, Any]]
    prices_at: Mapped[datetime | None]
    importing: Mapped[dict[str, Any] | None]
    """Where an import of its accounts stands (`trading.importing.state`)."""
    import_sealed: Mapped[bytes | None]
    """The import's report, a line per login, with names and addresses."""
    groups: Mapped[list[Any] | None]
    """Its groups with currency, margin call and stop-out level, as it told them at `groups_at`."""
    groups_at: Mapped[datetime | None]
    listener: Mapped[UUID | None]
    """Which worker's stream of what the server tells unasked counts, and until when."""
    listened_until: Mapped[datetime | None]
    event_at: Mapped[datetime | None]
    """When it last told of something, or a new deal of it was stored."""
    behind: Mapped[list[Any]] = mapped_column(default=list, server_default=text("'[]'::jsonb"))
    """How long its last deals took from being booked there to being read here, in milliseconds."""
    unpriced: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    """Since which import deals in which currency wait for a rate, to be rewarded (`partners.unpriced`)."""


class EquityPoint(TenantRow):
    """A trading account's equity at the end of an hour, for its line over time."""

    __tablename__ = "equity_point"
    __audited__ = False

    account: Mapped[UUID] = mapped_column(ForeignKey("trading_account.id"), primary_key=True)
    at: Mapped[datetime] = mapped_column(primary_key=True)
    balance: Mapped[Decimal]
    equity: Mapped[Decimal]


class QuarantinedDeal(TenantRow):
    """What a server sent and we could not read: kept with the reason, counted nowhere."""

    __tablename__ = "quarantined_deal"
    __append_only__ = True

    id: Mapped[UUID] = mapped_column(primary_key=True)
    server: Mapped[str] = mapped_column(String(40))
    login: Mapped[int] = mapped_column(BigInteger)
    raw: Mapped[str] = mapped_column(Text)
    why: Mapped[str] = mapped_column(String(400))
    at: Mapped[datetime]
