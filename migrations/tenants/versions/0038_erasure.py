"""Legal holds, erasures with their certificates, and what was erased of a client.

The columns that an erasure may empty in append-only tables are granted with the rest of the rights.
"""

from alembic import op

revision = "0038"
down_revision = "0037"

STATEMENTS = (
    "ALTER TABLE client ADD COLUMN erased VARCHAR(16)[] DEFAULT '{}' NOT NULL",
    "ALTER TABLE client ADD COLUMN erased_at TIMESTAMP WITH TIME ZONE",
    """
CREATE TABLE erasure (
	id UUID NOT NULL,
	reference VARCHAR(16) NOT NULL,
	client UUID NOT NULL,
	cause VARCHAR(8) NOT NULL,
	state VARCHAR(12) NOT NULL,
	note_sealed BYTEA,
	asked_by UUID,
	asked_at TIMESTAMP WITH TIME ZONE NOT NULL,
	due_at TIMESTAMP WITH TIME ZONE NOT NULL,
	verdicts JSONB NOT NULL,
	seal VARCHAR(64),
	refusal VARCHAR(16),
	proposed_by UUID,
	proposed_at TIMESTAMP WITH TIME ZONE,
	decided_by UUID,
	decided_at TIMESTAMP WITH TIME ZONE,
	gone JSONB NOT NULL,
	done_at TIMESTAMP WITH TIME ZONE,
	number INTEGER,
	certificate JSONB,
	hash VARCHAR(64),
	CONSTRAINT pk_erasure PRIMARY KEY (id),
	CONSTRAINT ck_erasure_cause CHECK (cause in ('client', 'letter', 'period')),
	CONSTRAINT ck_erasure_state CHECK (state in ('asked', 'proposed', 'running', 'done', 'refused')),
	CONSTRAINT ck_erasure_four_eyes CHECK (decided_by is null or decided_by <> proposed_by),
	CONSTRAINT ck_erasure_numbered CHECK ((state = 'done') = (number is not null)),
	CONSTRAINT uq_erasure_reference UNIQUE (reference),
	CONSTRAINT fk_erasure_client FOREIGN KEY(client) REFERENCES client (id),
	CONSTRAINT uq_erasure_number UNIQUE (number)
)
""",
    "CREATE INDEX ix_erasure_asked_at ON erasure (asked_at, id)",
    "CREATE INDEX ix_erasure_client ON erasure (client, id)",
    "CREATE INDEX ix_erasure_state ON erasure (state, id)",
    "CREATE UNIQUE INDEX uq_erasure_living ON erasure (client) WHERE state in ('asked', 'proposed', 'running')",
    """
CREATE TABLE legal_hold (
	id UUID NOT NULL,
	client UUID NOT NULL,
	reference VARCHAR(80) NOT NULL,
	reason_sealed BYTEA NOT NULL,
	state VARCHAR(8) NOT NULL,
	placed_by UUID NOT NULL,
	placed_at TIMESTAMP WITH TIME ZONE NOT NULL,
	asked_by UUID,
	asked_at TIMESTAMP WITH TIME ZONE,
	asked_sealed BYTEA,
	lifted_by UUID,
	lifted_at TIMESTAMP WITH TIME ZONE,
	CONSTRAINT pk_legal_hold PRIMARY KEY (id),
	CONSTRAINT ck_legal_hold_state CHECK (state in ('on', 'asked', 'lifted')),
	CONSTRAINT ck_legal_hold_four_eyes CHECK (lifted_by is null or lifted_by <> asked_by),
	CONSTRAINT ck_legal_hold_lifted CHECK ((state = 'lifted') = (lifted_at is not null)),
	CONSTRAINT fk_legal_hold_client FOREIGN KEY(client) REFERENCES client (id)
)
""",
    "CREATE INDEX ix_legal_hold_client ON legal_hold (client, id)",
    "CREATE INDEX ix_legal_hold_standing ON legal_hold (client) WHERE state <> 'lifted'",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
