"""Two people's word on money that fits no order, and items that wait for the rest."""

from alembic import op

revision = "0009"
down_revision = "0008"

STATEMENTS = (
    "ALTER TABLE unresolved_payment ADD COLUMN asked VARCHAR(16)",
    "ALTER TABLE unresolved_payment ADD COLUMN asked_by UUID",
    "ALTER TABLE unresolved_payment ADD COLUMN asked_at TIMESTAMP WITH TIME ZONE",
    "ALTER TABLE unresolved_payment ADD COLUMN asked_note VARCHAR(400)",
    "ALTER TABLE unresolved_payment ADD COLUMN wait_until TIMESTAMP WITH TIME ZONE",
    (
        "ALTER TABLE unresolved_payment ADD CONSTRAINT ck_unresolved_payment_another "
        "CHECK (asked_by is null or resolved_by is null or asked_by <> resolved_by)"
    ),
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
