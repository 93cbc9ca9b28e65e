"""Passkeys of the operator's people, apart from every tenant's."""

from alembic import op

revision = "0003"
down_revision = "0002"

STATEMENTS = (
    "ALTER TABLE platform.operator ADD COLUMN passkeys BIGINT DEFAULT '0' NOT NULL",
    """
CREATE TABLE platform.operator_passkey (
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
	CONSTRAINT pk_operator_passkey PRIMARY KEY (id),
	CONSTRAINT uq_operator_passkey_credential UNIQUE (credential),
	CONSTRAINT fk_operator_passkey_owner FOREIGN KEY(owner) REFERENCES platform.operator (id)
)
""",
    "CREATE INDEX ix_operator_passkey_owner ON platform.operator_passkey (owner)",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
