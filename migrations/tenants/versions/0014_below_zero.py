"""Accounts below zero: who bears the loss, and a person's word on it."""

from alembic import op

revision = "0014"
down_revision = "0013"

STATEMENTS = (
    "ALTER TABLE transfer ADD COLUMN payer VARCHAR(8)",
    "ALTER TABLE transfer ADD COLUMN decided_by UUID",
    "ALTER TABLE transfer DROP CONSTRAINT ck_transfer_direction",
    (
        "ALTER TABLE transfer ADD CONSTRAINT ck_transfer_direction "
        "CHECK (direction in ('to-account', 'to-wallet', 'cover'))"
    ),
    "ALTER TABLE transfer ADD CONSTRAINT ck_transfer_payer CHECK (payer in ('house', 'client'))",
    (
        "ALTER TABLE transfer ADD CONSTRAINT ck_transfer_cover "
        "CHECK ((direction = 'cover') = (payer is not null))"
    ),
    "CREATE INDEX ix_transfer_cover ON transfer (asked_at, id) WHERE direction = 'cover'",
    (
        "CREATE UNIQUE INDEX uq_transfer_cover_open ON transfer (account) "
        "WHERE direction = 'cover' and state in ('waiting', 'held', 'sending')"
    ),
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
