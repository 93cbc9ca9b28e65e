"""Deals keep the indexes that no other one covers.

An account's deals are found among its client's, who has few accounts; a list by time needs the time
alone. An id is made of server and number, which are the
key, so it is unique without being looked up. Whose a deal is is read from its account by the
statement that stores it, which is the proof that the foreign key asked for deal by deal.
"""

from alembic import op

revision = "0033"
down_revision = "0032"

STATEMENTS = (
    "ALTER TABLE deal DROP CONSTRAINT fk_deal_account, DROP CONSTRAINT uq_deal_id",
    "DROP INDEX ix_deal_account",
    "DROP INDEX ix_deal_at",
    "CREATE INDEX ix_deal_at ON deal (at)",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
