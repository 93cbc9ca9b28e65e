"""What a letter said stays provable: its bytes are kept sealed, and the digest of what went."""

from alembic import op

revision = "0035"
down_revision = "0034"

STATEMENTS = (
    "ALTER TABLE message ADD COLUMN kept_sealed BYTEA",
    "ALTER TABLE message ADD COLUMN digest VARCHAR(64)",
    "CREATE INDEX ix_message_kept ON message (queued_at) WHERE kept_sealed is not null",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
