"""Credit on trading accounts: moved as transfers are, for a cause, and no money."""

from alembic import op

revision = "0018"
down_revision = "0017"

STATEMENTS = (
    "ALTER TABLE transfer ADD COLUMN cause UUID",
    "ALTER TABLE transfer DROP CONSTRAINT ck_transfer_direction",
    (
        "ALTER TABLE transfer ADD CONSTRAINT ck_transfer_direction CHECK "
        "(direction in ('to-account', 'to-wallet', 'cover', 'credit-in', 'credit-out'))"
    ),
    (
        "ALTER TABLE transfer ADD CONSTRAINT ck_transfer_cause CHECK "
        "((direction in ('credit-in', 'credit-out')) = (cause is not null))"
    ),
    "CREATE INDEX ix_transfer_cause ON transfer (cause, id) WHERE cause is not null",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
