"""Deals in a currency without a rate wait for it, and do not hold up everybody's rewards."""

from alembic import op

revision = "0036"
down_revision = "0035"

STATEMENTS = ("ALTER TABLE trading_server ADD COLUMN unpriced JSONB",)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
