"""Rates as last read, and the quotes that promised one."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, SmallInteger, String, text
from sqlalchemy.orm import Mapped, mapped_column

from stoa.db.rows import TenantRow
from stoa.kernel.money import LARGEST


class FxRate(TenantRow):
    """The mid rate of a pair now: one `base` in `quote`. What a conversion used is in its quote."""

    __tablename__ = "fx_rate"
    __audited__ = False

    base: Mapped[str] = mapped_column(String(8), primary_key=True)
    quote: Mapped[str] = mapped_column(String(8), primary_key=True)
    rate: Mapped[Decimal]
    source: Mapped[str] = mapped_column(String(40))
    at: Mapped[datetime]

    __table_args__ = (
        CheckConstraint("rate > 0 and rate <= 1000000000000 and base <> quote", name="rate"),
    )


class FxQuote(TenantRow):
    """A promised exchange, used at most once and only for a moment.

    `rate` is what the client gets, `mid` without the margin; `margin` and `remainder` say in the
    bought currency what the house keeps by the margin and by rounding down.
    """

    __tablename__ = "fx_quote"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    client: Mapped[UUID]
    sell_amount: Mapped[Decimal]
    sell_currency: Mapped[str] = mapped_column(String(8))
    buy_amount: Mapped[Decimal]
    buy_currency: Mapped[str] = mapped_column(String(8))
    mid: Mapped[Decimal]
    rate: Mapped[Decimal]
    margin_bps: Mapped[int] = mapped_column(SmallInteger)
    margin: Mapped[Decimal]
    remainder: Mapped[Decimal]
    source: Mapped[str] = mapped_column(String(80))
    rate_at: Mapped[datetime]
    quoted_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    entry: Mapped[UUID | None] = mapped_column(ForeignKey("entry.id"), unique=True)
    fee: Mapped[Decimal] = mapped_column(default=Decimal(0), server_default=text("0"))
    """In the sold currency, beside what is sold; posted as an entry of its own."""
    fee_terms: Mapped[dict[str, Any] | None]

    __table_args__ = (
        CheckConstraint(
            f"sell_amount > 0 and sell_amount <= {LARGEST:f} and "
            f"buy_amount > 0 and buy_amount <= {LARGEST:f}",
            name="amounts",
        ),
        CheckConstraint("sell_currency <> buy_currency", name="currencies"),
        CheckConstraint("margin >= 0 and remainder >= 0 and rate <= mid", name="never_gains"),
        CheckConstraint("(used_at is null) = (entry is null)", name="used"),
        Index("ix_fx_quote_client", "client", "id"),
        Index("ix_fx_quote_unused", "expires_at", postgresql_where=text("used_at is null")),
    )
