"""Passkeys of a tenant's people: what proves them, and how many each person has."""

from alembic import op

revision = "0039"
down_revision = "0038"

STATEMENTS = (
    "ALTER TABLE person ADD COLUMN passkeys BIGINT DEFAULT '0' NOT NULL",
    """
CREATE TABLE passkey (
	owner UUID NOT NULL,
	id UUID NOT NULL,
	credential BYTEA NOT NULL,
	handle BYTEA NOT NULL,
	public_key BYTEA NOT NULL,
	sign_count BIGINT NOT NULL,
	host VARCHAR(253) NOT NULL,
	transports VARCHAR(16)[] NOT NULL,
	name_sealed BYTEA NOT NULL,
	made_at TIMESTAMP WITH TIME ZONE NOT NULL,
	last_used_at TIMESTAMP WITH TIME ZONE,
	CONSTRAINT pk_passkey PRIMARY KEY (id),
	CONSTRAINT uq_passkey_credential UNIQUE (credential),
	CONSTRAINT fk_passkey_owner FOREIGN KEY(owner) REFERENCES person (id)
)
""",
    "CREATE INDEX ix_passkey_owner ON passkey (owner)",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
