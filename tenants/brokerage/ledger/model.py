"""Accounts, entries and legs, and the constraints that make a wrong ledger unwritable.

A tenant's schema holds no function and no trigger, so the proof is made of keys and checks alone:

* **Entries sum to zero.** A leg names its opposite: the same entry and line, the same currency,
  minus the amount (`opposite`, a generated column). A foreign key of the table on itself demands
  that this opposite exists. A leg cannot stand alone, so no set of legs can fail to sum to zero. An
  entry points at a leg, so it cannot be empty, and the taking side of a line points at its entry
  (`taken_in`): the giving side has the entry of its opposite.
* **Balances are the sum of their legs.** Accounts of clients are chained: each leg carries the
  account's version and balance after it, and refers to the version and balance before it. The
  account's balance row holds the newest version and balance and refers to the leg that carries
  them: a balance that no leg explains cannot be stored, by whatever statement.
* **Legs have their account's currency, digits and guard**: the first leg of a chain and every leg of
  the house by a foreign key to the account (`anchor`), and each further leg because the key to the
  leg before it names those three as well.
* **Clients' money is never negative**: a check on every leg of an account with a floor.
* **Nothing is altered**: accounts, entries and legs are insert-only by grant, and an account's id
  is the digest of what the account is: a wallet cannot change its owner or its currency.
* **Digits fit the currency**, and an amount is a number: checks. The places a currency has are the
  account's, and checked there, once.

House accounts are written by nearly every entry; they are not chained, so nobody waits for them,
and their balance is the sum of their legs. `posting` writes all of it in one statement; what that
statement touches is kept narrow, and its checks short, because each is read anew every time.
"""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from itertools import groupby
from typing import Any, ClassVar, Final
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Computed,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    PrimaryKeyConstraint,
    SmallInteger,
    String,
    UniqueConstraint,
    select,
    text,
)
from sqlalchemy.orm import Mapped, column_property, mapped_column

from stoa.db.rows import TenantRow
from stoa.kernel.currencies import EXPONENTS
from stoa.kernel.money import LARGEST

_AN_ACCOUNT: Final = tuple(
    f"ledger_account.{column}" for column in ("id", "currency", "places", "guard")
)
_A_LEG: Final = tuple(
    f"leg.{column}" for column in ("account", "version", "balance", "currency", "places", "guard")
)
"""What a balance and a continuing leg prove themselves by: the same nature all along the chain."""


class Tree(StrEnum):
    """Whose money: what is owed to clients and where it lies, or the broker's own."""

    CLIENT_MONEY = "client-money"
    HOUSE = "house"


class Guard(StrEnum):
    """FLOOR: running balance, never below zero. RUNNING: running balance. NONE: legs alone."""

    FLOOR = "floor"
    RUNNING = "running"
    NONE = "none"


def places_sql() -> str:
    """SQL for the digits of a leg's currency; two unless the currency says otherwise."""
    uncommon = sorted((places, code) for code, places in EXPONENTS.items() if places != 2)
    whens = " ".join(
        f"when currency in ({', '.join(repr(code) for _, code in group)}) then {places}"
        for places, group in groupby(uncommon, key=lambda pair: pair[0])
    )
    return f"(case {whens} else 2 end)"


ACCOUNT_ID_SQL: Final = (
    "cast(left(encode(sha256(convert_to("
    "cast(tenant as text) || '|' || code || '|' || coalesce(cast(owner as text), '') || '|' || "
    "currency || '|' || coalesce(cast(ref as text), ''), 'UTF8')), 'hex'), 32) as uuid)"
)


class LedgerBalance(TenantRow):
    """How an account of a client stands now. Locked by each posting that touches it."""

    __tablename__ = "ledger_balance"
    __audited__ = False

    account: Mapped[UUID] = mapped_column(primary_key=True)
    currency: Mapped[str] = mapped_column(String(8))
    places: Mapped[int] = mapped_column(SmallInteger)
    guard: Mapped[str] = mapped_column(String(8))
    balance: Mapped[Decimal] = mapped_column(server_default="0")
    version: Mapped[int | None] = mapped_column(BigInteger)
    moved_at: Mapped[datetime | None]
    frozen_at: Mapped[datetime | None]
    frozen_why: Mapped[str | None] = mapped_column(String(200))
    closed_at: Mapped[datetime | None]

    __table_args__ = (
        ForeignKeyConstraint(
            ["account", "currency", "places", "guard"],
            _AN_ACCOUNT,
            name="fk_ledger_balance_account",
        ),
        ForeignKeyConstraint(
            ["account", "version", "balance", "currency", "places", "guard"],
            _A_LEG,
            name="fk_ledger_balance_newest_leg",
        ),
        CheckConstraint("version is not null or balance = 0", name="explained"),
        {"postgresql_with": {"fillfactor": 70}},
    )


class LedgerAccount(TenantRow):
    """An account. `code` is `wallet`, `hold` or `platform` for clients, `psp:alpha` for the house;
    `ref` names the trading account or the cause of a hold; `number` is what others pay to.
    `balance` is that of accounts of clients; house accounts have none but their legs' sum.
    """

    __tablename__ = "ledger_account"
    __append_only__ = True
    __audited__ = False

    id: Mapped[UUID] = mapped_column(primary_key=True)
    tenant: Mapped[UUID] = mapped_column(
        ForeignKey("tenant_identity.tenant"),
        server_default=text("cast(current_setting('app.tenant') as uuid)"),
    )
    code: Mapped[str] = mapped_column(String(80))
    kind: Mapped[str] = mapped_column(String(24))
    tree: Mapped[str] = mapped_column(String(16))
    guard: Mapped[str] = mapped_column(String(8))
    currency: Mapped[str] = mapped_column(String(8))
    places: Mapped[int] = mapped_column(SmallInteger)
    owner: Mapped[UUID | None]
    ref_kind: Mapped[str | None] = mapped_column(String(40))
    ref: Mapped[UUID | None]
    number: Mapped[str | None] = mapped_column(String(16))
    opened_at: Mapped[datetime]

    balance: Mapped[Decimal] = column_property(
        select(LedgerBalance.balance)
        .where(LedgerBalance.account == id)  # noqa: A003 - the column just above
        .correlate_except(LedgerBalance)
        .scalar_subquery()
    )

    __table_args__ = (
        UniqueConstraint("id", "currency", "places", "guard"),
        CheckConstraint(f"id = {ACCOUNT_ID_SQL}", name="identity"),
        CheckConstraint("tree in ('client-money', 'house')", name="tree"),
        CheckConstraint("guard in ('floor', 'running', 'none')", name="guard"),
        CheckConstraint("(guard = 'none') = (owner is null)", name="guarded_when_owned"),
        CheckConstraint(f"places = {places_sql()}", name="places"),
        Index("ix_ledger_account_owner", "owner", "kind"),
        Index(
            "ix_ledger_account_house", "code", "currency", postgresql_where=text("owner is null")
        ),
        Index(
            "ix_ledger_account_number",
            "number",
            unique=True,
            postgresql_where=text("number is not null"),
        ),
        Index("ix_ledger_account_ref", "ref", postgresql_where=text("ref is not null")),
    )


class Entry(TenantRow):
    """One thing that happened to money. `operation` is unique for ever; `asked_hash` is the digest
    of what was asked under it. `amount` is the first line's, for lists.

    Its accounts' rows refer to the tenant's one row; a key of its own would make all postings
    lock that same row, each beside the others, for what the legs' accounts say already.
    """

    __tablename__ = "entry"
    __append_only__ = True
    __audited__ = False

    id: Mapped[UUID] = mapped_column(primary_key=True)
    tenant: Mapped[UUID] = mapped_column(
        server_default=text("cast(current_setting('app.tenant') as uuid)"),
    )
    operation: Mapped[str] = mapped_column(String(160), unique=True)
    asked_hash: Mapped[bytes] = mapped_column(LargeBinary(32))
    kind: Mapped[str] = mapped_column(String(40))
    amount: Mapped[Decimal]
    currency: Mapped[str] = mapped_column(String(8))
    first_line: Mapped[int] = mapped_column(SmallInteger, Computed("1", persisted=True))
    ref_kind: Mapped[str | None] = mapped_column(String(40))
    ref: Mapped[UUID | None]
    reason: Mapped[str | None] = mapped_column(String(400))
    posted_at: Mapped[datetime]
    effective_at: Mapped[datetime]
    reverses: Mapped[UUID | None] = mapped_column(ForeignKey("entry.id"))
    posted_by_kind: Mapped[str] = mapped_column(String(16))
    posted_by: Mapped[UUID | None]

    __table_args__ = (
        ForeignKeyConstraint(
            ["id", "first_line", "amount", "currency"],
            ["leg.entry", "leg.line", "leg.amount", "leg.currency"],
            name="fk_entry_first_leg",
            use_alter=True,
            deferrable=True,
            initially="IMMEDIATE",
        ),
        CheckConstraint(f"amount > 0 and amount <= {LARGEST:f}", name="amount"),
        CheckConstraint("reverses is null or reverses <> id", name="reverses_another"),
        CheckConstraint("effective_at <= posted_at", name="not_ahead"),
        Index(
            "ix_entry_reverses",
            "reverses",
            unique=True,
            postgresql_where=text("reverses is not null"),
        ),
        Index("ix_entry_ref", "ref", postgresql_where=text("ref is not null")),
        Index("ix_entry_posted_at", "posted_at", "id"),
    )


class Leg(TenantRow):
    """What one entry does to one account: more (positive) or less (negative) of what the broker
    owes its owner. Assets of the house, such as money at a PSP, are therefore negative.
    """

    __tablename__ = "leg"
    __append_only__ = True
    __audited__ = False

    entry: Mapped[UUID]
    line: Mapped[int] = mapped_column(SmallInteger)
    amount: Mapped[Decimal]
    currency: Mapped[str] = mapped_column(String(8))
    places: Mapped[int] = mapped_column(SmallInteger)
    opposite: Mapped[Decimal] = mapped_column(Computed("-amount", persisted=True))
    account: Mapped[UUID]
    guard: Mapped[str] = mapped_column(String(8))
    version: Mapped[int | None] = mapped_column(BigInteger)
    balance: Mapped[Decimal | None]
    previous: Mapped[int | None] = mapped_column(
        BigInteger, Computed("nullif(version - 1, 0)", persisted=True)
    )
    before: Mapped[Decimal | None] = mapped_column(Computed("balance - amount", persisted=True))
    taken_in: Mapped[UUID | None] = mapped_column(
        Computed("case when amount > 0 then entry end", persisted=True)
    )
    anchor: Mapped[UUID | None] = mapped_column(
        Computed("case when version > 1 then null else account end", persisted=True)
    )
    posted_at: Mapped[datetime]

    __table_args__ = (
        PrimaryKeyConstraint("entry", "line", "amount", "currency"),
        ForeignKeyConstraint(
            ["entry", "line", "opposite", "currency"],
            ["leg.entry", "leg.line", "leg.amount", "leg.currency"],
            name="fk_leg_opposite",
        ),
        ForeignKeyConstraint(["taken_in"], ["entry.id"], name="fk_leg_entry"),
        ForeignKeyConstraint(
            ["anchor", "currency", "places", "guard"],
            _AN_ACCOUNT,
            name="fk_leg_account",
        ),
        ForeignKeyConstraint(
            ["account", "previous", "before", "currency", "places", "guard"],
            _A_LEG,
            name="fk_leg_previous",
        ),
        UniqueConstraint(
            "account", "version", "balance", "currency", "places", "guard", name="uq_leg_chain"
        ),
        # Not a number equals its own opposite and is larger than every number.
        CheckConstraint(f"amount <> 0 and abs(amount) <= {LARGEST:f}", name="amount"),
        CheckConstraint("amount = round(amount, places)", name="digits"),
        CheckConstraint(
            "(guard = 'none') = (version is null) and (version is null) = (balance is null)",
            name="chained_when_guarded",
        ),
        CheckConstraint("version > 1 or version = 1 and balance = amount", name="first"),
        CheckConstraint("guard <> 'floor' or balance >= 0", name="never_negative"),
        Index(
            "ix_leg_version",
            "account",
            "version",
            unique=True,
            postgresql_where=text("version is not null"),
        ),
        Index("ix_leg_account", "account", "posted_at"),
    )


class AdjustmentState(StrEnum):
    ASKED = "asked"
    POSTED = "posted"
    REJECTED = "rejected"
    CANCELLED = "cancelled"


class Adjustment(TenantRow):
    """A manual credit or debit, or the reversal of an entry: one person asks, another decides."""

    __tablename__ = "adjustment"
    MOVES: ClassVar[Mapping[str, set[str]]] = {
        AdjustmentState.ASKED: {
            AdjustmentState.POSTED,
            AdjustmentState.REJECTED,
            AdjustmentState.CANCELLED,
        },
    }

    id: Mapped[UUID] = mapped_column(primary_key=True)
    reference: Mapped[str] = mapped_column(String(16), unique=True)
    client: Mapped[UUID]
    direction: Mapped[str] = mapped_column(String(8))
    amount: Mapped[Decimal]
    currency: Mapped[str] = mapped_column(String(8))
    category: Mapped[str] = mapped_column(String(24))
    reverses: Mapped[UUID | None] = mapped_column(ForeignKey("entry.id"))
    reason: Mapped[str] = mapped_column(String(400))
    evidence: Mapped[str] = mapped_column(String(400))
    state: Mapped[str] = mapped_column(String(12), default=AdjustmentState.ASKED)
    asked_by: Mapped[UUID]
    asked_at: Mapped[datetime]
    decided_by: Mapped[UUID | None]
    decided_at: Mapped[datetime | None]
    decision_note: Mapped[str | None] = mapped_column(String(400))
    entry: Mapped[UUID | None] = mapped_column(ForeignKey("entry.id"), unique=True)

    __table_args__ = (
        CheckConstraint("direction in ('credit', 'debit')", name="direction"),
        CheckConstraint(f"amount > 0 and amount <= {LARGEST:f}", name="amount"),
        CheckConstraint("state in ('asked', 'posted', 'rejected', 'cancelled')", name="state"),
        CheckConstraint("(state = 'posted') = (entry is not null)", name="posted"),
        CheckConstraint("(state = 'asked') = (decided_at is null)", name="decided"),
        CheckConstraint(
            "state in ('asked', 'cancelled') or decided_by <> asked_by", name="another_decides"
        ),
        Index("ix_adjustment_client", "client", "id"),
        Index("ix_adjustment_state", "state", "id"),
        Index("ix_adjustment_asked_by", "asked_by", "asked_at"),
        Index("ix_adjustment_asked_at", "asked_at", "id"),
    )


class LedgerPeriod(TenantRow):
    """A closed month and its trial balance; a row is the lock. `hash` is of the balances."""

    __tablename__ = "ledger_period"

    month: Mapped[date] = mapped_column(primary_key=True)
    until: Mapped[datetime]
    balances: Mapped[list[Any]]
    hash: Mapped[str] = mapped_column(String(64))
    note: Mapped[str | None] = mapped_column(String(400))
    closed_at: Mapped[datetime]
    closed_by: Mapped[UUID | None]
    signed_at: Mapped[datetime | None]
    signed_by: Mapped[UUID | None]

    __table_args__ = (
        CheckConstraint("extract(day from month) = 1", name="first_day"),
        CheckConstraint("(signed_at is null) = (signed_by is null)", name="signed"),
        CheckConstraint("signed_by is null or signed_by <> closed_by", name="another_signs"),
    )
