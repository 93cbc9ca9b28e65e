"""What lies at a provider of coins, as it last told: for hot wallets' bounds."""

from alembic import op

revision = "0030"
down_revision = "0029"


def upgrade() -> None:
    op.execute("ALTER TABLE provider_state ADD COLUMN holdings JSONB")
    op.execute("ALTER TABLE provider_state ADD COLUMN holdings_at TIMESTAMP WITH TIME ZONE")
    op.execute(
        "ALTER TABLE provider_state ADD CONSTRAINT ck_provider_state_holdings "
        "CHECK ((holdings is null) = (holdings_at is null))"
    )
