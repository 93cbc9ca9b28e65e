"""A fee as it was told to us from outside."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from stoa.db.rows import TenantRow


class PartnerFee(TenantRow):
    """What a client paid for a challenge, a managed account or a copied strategy.

    `kind` and `reference` name it for ever; `number`, below nothing, is the same name where a reward
    keeps the number of a deal. `fx` turns `currency` into the plans' and is empty until it was counted.
    """

    __tablename__ = "partner_fee"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(12))
    reference: Mapped[str] = mapped_column(String(80))
    number: Mapped[int] = mapped_column(BigInteger)
    client: Mapped[UUID] = mapped_column(ForeignKey("client.id"))
    account: Mapped[UUID | None]
    amount: Mapped[Decimal]
    currency: Mapped[str] = mapped_column(String(8))
    at: Mapped[datetime]
    told_at: Mapped[datetime]
    told_by: Mapped[UUID | None]
    fx: Mapped[Decimal | None]
    undone_at: Mapped[datetime | None]
    """Given back to the client: from then on it earns nothing."""
    why: Mapped[str | None] = mapped_column(String(200))

    __table_args__ = (
        CheckConstraint("kind in ('prop', 'pamm', 'copy', 'other')", name="kind"),
        CheckConstraint("amount > 0 and number < 0", name="amount"),
        CheckConstraint("(undone_at is null) = (why is null)", name="undone"),
        Index("uq_partner_fee_reference", "kind", "reference", unique=True),
        Index("uq_partner_fee_number", "number", "kind", unique=True),
        Index("ix_partner_fee_client", "client", "at"),
        Index("ix_partner_fee_at", "at", "id"),
        Index("ix_partner_fee_waiting", "told_at", postgresql_where=text("fx is null")),
    )
