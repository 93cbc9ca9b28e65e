"""Disputes that wait for a second person, found without reading the others."""

from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    op.execute(
        "CREATE INDEX ix_dispute_asked_at ON dispute (asked_at) "
        "WHERE asked is not null and decided_at is null"
    )
