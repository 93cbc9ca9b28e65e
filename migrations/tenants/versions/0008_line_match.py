"""Matches are looked up by entry: one index for that and for their being unique."""

from alembic import op

revision = "0008"
down_revision = "0007"

STATEMENTS = (
    "DROP INDEX uq_line_match_live",
    "DROP INDEX ix_line_match_entry",
    "CREATE UNIQUE INDEX uq_line_match_live ON line_match (entry, line) WHERE state = 'live'",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
