"""An account that its server does not know any more is set aside, since when and until it is back."""

from alembic import op

revision = "0029"
down_revision = "0028"

STATEMENTS = (
    "ALTER TABLE trading_account ADD COLUMN missing_since TIMESTAMP WITH TIME ZONE",
    (
        "CREATE INDEX ix_trading_account_missing ON trading_account (missing_since) "
        "WHERE missing_since is not null"
    ),
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
