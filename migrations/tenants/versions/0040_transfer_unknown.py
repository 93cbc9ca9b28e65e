"""Since when a trading server does not say what became of a transfer, and when staff were told."""

from alembic import op

revision = "0040"
down_revision = "0039"

STATEMENTS = (
    "ALTER TABLE transfer ADD COLUMN unknown_since TIMESTAMP WITH TIME ZONE",
    "ALTER TABLE transfer ADD COLUMN unknown_told_at TIMESTAMP WITH TIME ZONE",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
