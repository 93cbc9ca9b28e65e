"""The line and version of the fee schedule, stored with what was charged."""

from alembic import op

revision = "0015"
down_revision = "0014"

STATEMENTS = (
    "ALTER TABLE deposit ADD COLUMN fee_terms JSONB",
    "ALTER TABLE withdrawal ADD COLUMN fee_terms JSONB",
    "ALTER TABLE fx_quote ADD COLUMN fee NUMERIC(38, 18) DEFAULT 0 NOT NULL",
    "ALTER TABLE fx_quote ADD COLUMN fee_terms JSONB",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
