"""Accounts of a server taken over: where it stands, and its report by line."""

from alembic import op

revision = "0024"
down_revision = "0023"

STATEMENTS = (
    "ALTER TABLE trading_server ADD COLUMN importing JSONB",
    "ALTER TABLE trading_server ADD COLUMN import_sealed BYTEA",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
