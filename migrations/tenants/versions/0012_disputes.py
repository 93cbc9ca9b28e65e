"""Disputes: payments that a payer's bank takes back."""

from alembic import op

revision = "0012"
down_revision = "0011"

STATEMENTS = (
    "ALTER TABLE provider_event ADD COLUMN dispute JSONB",
    "UPDATE provider_event SET stage = 'chargeback' WHERE stage = 'opened'",
    r"""
CREATE TABLE dispute (
	id UUID NOT NULL,
	reference VARCHAR(16) NOT NULL,
	deposit UUID NOT NULL,
	client UUID NOT NULL,
	psp VARCHAR(32) NOT NULL,
	case_number VARCHAR(160) NOT NULL,
	numbered BOOLEAN NOT NULL,
	stage VARCHAR(12) NOT NULL,
	reason VARCHAR(80) NOT NULL,
	amount NUMERIC(38, 18) NOT NULL,
	currency VARCHAR(8) NOT NULL,
	secured NUMERIC(38, 18) NOT NULL,
	paid_in VARCHAR(8) NOT NULL,
	standing VARCHAR(8) NOT NULL,
	turn INTEGER NOT NULL,
	debited NUMERIC(38, 18) NOT NULL,
	fee NUMERIC(38, 18),
	written_off NUMERIC(38, 18) NOT NULL,
	notices JSONB NOT NULL,
	story JSONB NOT NULL,
	opened_at TIMESTAMP WITH TIME ZONE NOT NULL,
	opened_by UUID,
	due_at TIMESTAMP WITH TIME ZONE,
	answered_at TIMESTAMP WITH TIME ZONE,
	ended_at TIMESTAMP WITH TIME ZONE,
	owner UUID,
	asked VARCHAR(12),
	asked_by UUID,
	asked_at TIMESTAMP WITH TIME ZONE,
	asked_note VARCHAR(400),
	decided_by UUID,
	decided_at TIMESTAMP WITH TIME ZONE,
	CONSTRAINT pk_dispute PRIMARY KEY (id),
	CONSTRAINT ck_dispute_stage CHECK (stage in ('inquiry', 'chargeback', 'pre-arb', 'reversed', 'won', 'lost')),
	CONSTRAINT ck_dispute_standing CHECK (standing in ('none', 'frozen', 'secured', 'lost')),
	CONSTRAINT ck_dispute_amounts CHECK (amount >= 0 and secured >= 0 and debited >= 0 and written_off >= 0),
	CONSTRAINT ck_dispute_asked CHECK (asked in ('lost', 'write-off')),
	CONSTRAINT ck_dispute_asked_by CHECK ((asked is null) = (asked_by is null)),
	CONSTRAINT ck_dispute_another CHECK (asked_by is null or decided_by is null or asked_by <> decided_by),
	CONSTRAINT uq_dispute_reference UNIQUE (reference),
	CONSTRAINT fk_dispute_deposit FOREIGN KEY(deposit) REFERENCES deposit (id),
	CONSTRAINT fk_dispute_client FOREIGN KEY(client) REFERENCES client (id)
)
""",
    "CREATE INDEX ix_dispute_client ON dispute (client, id)",
    "CREATE INDEX ix_dispute_deposit ON dispute (deposit)",
    "CREATE INDEX ix_dispute_due_at ON dispute (due_at) WHERE due_at is not null",
    "CREATE INDEX ix_dispute_opened_at ON dispute (opened_at, id)",
    "CREATE INDEX ix_dispute_psp ON dispute (psp, opened_at)",
    "CREATE INDEX ix_dispute_stage ON dispute (stage, id)",
    "CREATE UNIQUE INDEX uq_dispute_case ON dispute (psp, case_number)",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
