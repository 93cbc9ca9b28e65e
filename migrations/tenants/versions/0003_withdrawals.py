"""Withdrawals with versions, losses and totals; places with a name; settings that wait."""

from alembic import op

revision = "0003"
down_revision = "0002"

STATEMENTS = (
    "ALTER TABLE withdrawal ADD COLUMN version INTEGER DEFAULT 1 NOT NULL",
    "ALTER TABLE withdrawal ALTER COLUMN version DROP DEFAULT",
    "ALTER TABLE withdrawal ADD COLUMN loses JSONB DEFAULT '[]' NOT NULL",
    "ALTER TABLE withdrawal ALTER COLUMN loses DROP DEFAULT",
    "ALTER TABLE withdrawal ADD COLUMN counted JSONB DEFAULT '{}' NOT NULL",
    "ALTER TABLE withdrawal ALTER COLUMN counted DROP DEFAULT",
    "ALTER TABLE withdrawal ADD COLUMN sent_at TIMESTAMP WITH TIME ZONE",
    "ALTER TABLE withdrawal ADD COLUMN late_at TIMESTAMP WITH TIME ZONE",
    "CREATE INDEX ix_withdrawal_open ON withdrawal (promised_at) WHERE ended_at is null",
    "CREATE INDEX ix_withdrawal_paid ON withdrawal (method, ended_at) WHERE state = 'paid'",
    "ALTER TABLE payout_destination ADD COLUMN holder_sealed BYTEA",
    "ALTER TABLE payout_destination ADD COLUMN named BOOLEAN",
    "ALTER TABLE payout_destination ADD COLUMN label VARCHAR(40) DEFAULT '' NOT NULL",
    "ALTER TABLE payout_destination ALTER COLUMN label DROP DEFAULT",
    r"""
CREATE TABLE setting_change (
	id UUID NOT NULL,
	slice VARCHAR(40) NOT NULL,
	version BIGINT NOT NULL,
	body JSONB NOT NULL,
	changes JSONB NOT NULL,
	rehearsal JSONB NOT NULL,
	why VARCHAR(400) NOT NULL,
	state VARCHAR(12) NOT NULL,
	asked_by UUID,
	asked_name VARCHAR(120) NOT NULL,
	asked_at TIMESTAMP WITH TIME ZONE NOT NULL,
	decided_by UUID,
	decided_at TIMESTAMP WITH TIME ZONE,
	note VARCHAR(400),
	CONSTRAINT pk_setting_change PRIMARY KEY (id),
	CONSTRAINT ck_setting_change_state CHECK (state in ('waiting', 'in-force', 'refused', 'taken-back', 'outdated')),
	CONSTRAINT ck_setting_change_another CHECK (state not in ('in-force', 'refused') or (decided_by is not null and decided_by is distinct from asked_by))
)
""",
    r"""
CREATE UNIQUE INDEX uq_setting_change_waiting ON setting_change (slice) WHERE state = 'waiting'
""",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement.replace(":", r"\:"))
