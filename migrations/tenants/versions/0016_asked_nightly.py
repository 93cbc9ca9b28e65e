"""What the nightly question to each provider found."""

from alembic import op

revision = "0016"
down_revision = "0015"

STATEMENTS = (
    "ALTER TABLE provider_state ADD COLUMN checked_at TIMESTAMP WITH TIME ZONE",
    "ALTER TABLE provider_state ADD COLUMN checks JSONB",
    (
        "ALTER TABLE provider_state ADD CONSTRAINT ck_provider_state_checked "
        "CHECK ((checked_at is null) = (checks is null))"
    ),
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
