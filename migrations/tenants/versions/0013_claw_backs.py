"""What a dispute takes back of a partner's reward, as lines of their own."""

from alembic import op

revision = "0013"
down_revision = "0012"

STATEMENTS = (
    "ALTER TABLE reward ADD COLUMN dispute UUID",
    "ALTER TABLE reward ADD COLUMN step INTEGER",
    ("ALTER TABLE reward ADD CONSTRAINT ck_reward_step CHECK ((dispute is null) = (step is null))"),
    "DROP INDEX uq_reward_deal_partner_kind",
    (
        "CREATE UNIQUE INDEX uq_reward_deal_partner_kind ON reward (server, deal, partner, kind) "
        "WHERE dispute is null"
    ),
    (
        "CREATE UNIQUE INDEX uq_reward_dispute ON reward "
        "(dispute, step, server, deal, partner, kind) WHERE dispute is not null"
    ),
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
