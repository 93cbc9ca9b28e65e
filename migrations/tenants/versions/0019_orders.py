"""Transfers ordered in files for a bank, and a client's proof of a wire."""

from alembic import op

revision = "0019"
down_revision = "0018"

STATEMENTS = (
    "ALTER TABLE payout_attempt ADD COLUMN file UUID",
    "CREATE INDEX ix_payout_attempt_file ON payout_attempt (file) WHERE file is not null",
    "ALTER TABLE outside_file ADD COLUMN agreed_by UUID",
    "ALTER TABLE outside_file ADD COLUMN agreed_at TIMESTAMP WITH TIME ZONE",
    "ALTER TABLE outside_file ADD COLUMN fetched_by UUID",
    "ALTER TABLE outside_file ADD COLUMN fetched_at TIMESTAMP WITH TIME ZONE",
    "ALTER TABLE outside_file DROP CONSTRAINT ck_outside_file_state",
    (
        "ALTER TABLE outside_file ADD CONSTRAINT ck_outside_file_state CHECK (state in "
        "('reading', 'refused', 'matching', 'done', 'asked', 'agreed', 'taken', 'void'))"
    ),
    (
        "ALTER TABLE outside_file ADD CONSTRAINT ck_outside_file_another "
        "CHECK (agreed_by is null or agreed_by <> brought_by)"
    ),
    "ALTER TABLE deposit ADD COLUMN slip UUID",
    "ALTER TABLE deposit ADD COLUMN slip_at TIMESTAMP WITH TIME ZONE",
    (
        "ALTER TABLE deposit ADD CONSTRAINT fk_deposit_slip "
        "FOREIGN KEY(slip) REFERENCES stored_file (id)"
    ),
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
