"""What goes back along a deposit refers to one whose money came: any other is refused by the key."""

from alembic import op

revision = "0037"
down_revision = "0036"

STATEMENTS = (
    (
        "ALTER TABLE deposit ADD COLUMN captured UUID "
        "GENERATED ALWAYS AS (case when entry is not null then id end) STORED"
    ),
    "ALTER TABLE deposit ADD CONSTRAINT uq_deposit_captured UNIQUE (captured)",
    "ALTER TABLE payout_attempt DROP CONSTRAINT fk_payout_attempt_source",
    (
        "ALTER TABLE payout_attempt ADD CONSTRAINT fk_payout_attempt_source "
        "FOREIGN KEY(source) REFERENCES deposit (captured)"
    ),
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
