"""Trading servers that tell by themselves: who listens, the last event, and how long deals take."""

from alembic import op

revision = "0025"
down_revision = "0024"

STATEMENTS = (
    "ALTER TABLE trading_server ADD COLUMN listener UUID",
    "ALTER TABLE trading_server ADD COLUMN listened_until TIMESTAMP WITH TIME ZONE",
    "ALTER TABLE trading_server ADD COLUMN event_at TIMESTAMP WITH TIME ZONE",
    "ALTER TABLE trading_server ADD COLUMN behind JSONB DEFAULT '[]'::jsonb NOT NULL",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
