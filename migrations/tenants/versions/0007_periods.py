"""Closed months of the books."""

from alembic import op

revision = "0007"
down_revision = "0006"

STATEMENTS = (
    r"""
CREATE TABLE ledger_period (
	month DATE NOT NULL,
	until TIMESTAMP WITH TIME ZONE NOT NULL,
	balances JSONB NOT NULL,
	hash VARCHAR(64) NOT NULL,
	note VARCHAR(400),
	closed_at TIMESTAMP WITH TIME ZONE NOT NULL,
	closed_by UUID,
	signed_at TIMESTAMP WITH TIME ZONE,
	signed_by UUID,
	CONSTRAINT pk_ledger_period PRIMARY KEY (month),
	CONSTRAINT ck_ledger_period_first_day CHECK (extract(day from month) = 1),
	CONSTRAINT ck_ledger_period_signed CHECK ((signed_at is null) = (signed_by is null)),
	CONSTRAINT ck_ledger_period_another_signs CHECK (signed_by is null or signed_by <> closed_by)
)
""",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement.replace(":", r"\:"))
