"""Routing decisions at deposits and payouts, costs of attempts, and how providers stand."""

from alembic import op

revision = "0002"
down_revision = "0001"

STATEMENTS = (
    "ALTER TABLE deposit ADD COLUMN decision JSONB",
    "ALTER TABLE payment_attempt ADD COLUMN cost NUMERIC(38, 18)",
    "ALTER TABLE payout_attempt ADD COLUMN decision JSONB",
    r"""
CREATE TABLE provider_incident (
	id UUID NOT NULL,
	psp VARCHAR(32) NOT NULL,
	state VARCHAR(8) NOT NULL,
	cause VARCHAR(16) NOT NULL,
	opened_at TIMESTAMP WITH TIME ZONE NOT NULL,
	closed_at TIMESTAMP WITH TIME ZONE,
	calls INTEGER NOT NULL,
	failures INTEGER NOT NULL,
	slow INTEGER NOT NULL,
	story JSONB NOT NULL,
	CONSTRAINT pk_provider_incident PRIMARY KEY (id),
	CONSTRAINT ck_provider_incident_state CHECK (state in ('open', 'closed')),
	CONSTRAINT ck_provider_incident_cause CHECK (cause in ('in-a-row', 'errors', 'slow')),
	CONSTRAINT ck_provider_incident_closed CHECK ((state = 'closed') = (closed_at is not null))
)
""",
    "CREATE INDEX ix_provider_incident_psp ON provider_incident (psp, opened_at)",
    "CREATE UNIQUE INDEX uq_provider_incident_open ON provider_incident (psp) WHERE state = 'open'",
    r"""
CREATE TABLE provider_state (
	psp VARCHAR(32) NOT NULL,
	circuit VARCHAR(12) NOT NULL,
	share INTEGER NOT NULL,
	since TIMESTAMP WITH TIME ZONE NOT NULL,
	next_at TIMESTAMP WITH TIME ZONE,
	pause_s INTEGER NOT NULL,
	incident UUID,
	paused_at TIMESTAMP WITH TIME ZONE,
	paused_by UUID,
	paused_why VARCHAR(200),
	operator_paused_at TIMESTAMP WITH TIME ZONE,
	operator_paused_why VARCHAR(200),
	CONSTRAINT pk_provider_state PRIMARY KEY (psp),
	CONSTRAINT ck_provider_state_circuit CHECK (circuit in ('closed', 'open', 'returning')),
	CONSTRAINT ck_provider_state_share CHECK (share between 0 and 100),
	CONSTRAINT ck_provider_state_paused CHECK ((paused_at is null) = (paused_why is null))
)
""",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
