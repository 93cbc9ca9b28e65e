"""What is known of a stored file; its bytes lie sealed on disk under this row's id."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, Integer, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from stoa.db.rows import TenantRow


class StoredFile(TenantRow):
    """One file of one tenant. `kind` is also the place it is sealed for, such as `kyc.document`.

    `pages` counts the pictures of a document that was made anew; 0 is a file kept as it came.
    """

    __tablename__ = "stored_file"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    owner: Mapped[UUID | None]
    kind: Mapped[str] = mapped_column(String(40))
    media_type: Mapped[str] = mapped_column(String(120))
    pages: Mapped[int] = mapped_column(Integer, default=0)
    size: Mapped[int]
    """Bytes on disk, as they count against the tenant's room."""
    digest: Mapped[bytes] = mapped_column(LargeBinary(32))
    """SHA-256 of the sealed bytes."""
    name_sealed: Mapped[bytes]
    stored_at: Mapped[datetime]
    stored_by: Mapped[UUID | None]
    gone_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("size >= 0 and pages >= 0", name="size"),
        Index("ix_stored_file_owner", "owner", "kind"),
    )
