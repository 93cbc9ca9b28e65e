"""Every list finds its newest rows at the end of an index; entries by a tree in place of ranges."""

from alembic import op

revision = "0006"
down_revision = "0005"

STATEMENTS = (
    "DROP INDEX ix_entry_posted_at",
    "CREATE INDEX ix_entry_posted_at ON entry (posted_at, id)",
    "CREATE INDEX ix_adjustment_asked_at ON adjustment (asked_at, id)",
    "CREATE INDEX ix_partner_joined_at ON partner (joined_at, id)",
    "CREATE INDEX ix_task_due_at ON task (due_at, id)",
    "CREATE INDEX ix_trading_account_opened_at ON trading_account (opened_at, id)",
    "CREATE INDEX ix_unresolved_payment_opened_at ON unresolved_payment (opened_at, id)",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
