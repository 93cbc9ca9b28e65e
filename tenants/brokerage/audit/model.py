"""Proofs of the audit log's chain, kept so that the next one can hold the log to them."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from stoa.db.rows import TenantRow


class ChainProof(TenantRow):
    """What one proof found: how many links hold and the hash of the last, or the first fault.

    One that `began_at` 0 began at the first link, the others behind one that an earlier proof held.
    """

    __tablename__ = "audit_proof"
    __append_only__ = True
    __audited__ = False

    id: Mapped[UUID] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    began_at: Mapped[int] = mapped_column(BigInteger)
    links: Mapped[int] = mapped_column(BigInteger)
    hash: Mapped[bytes]
    fault: Mapped[str | None] = mapped_column(String(200))
    """A message id; `link` and `entry` fill its places."""
    link: Mapped[int | None] = mapped_column(BigInteger)
    entry: Mapped[int | None] = mapped_column(BigInteger)
    asked_by: Mapped[UUID | None]

    __table_args__ = (Index("ix_audit_proof_at", "at", "id"),)
