"""The audit log can be read by time, person, action and reference; proofs of its chain are kept."""

from alembic import op

revision = "0041"
down_revision = "0040"

STATEMENTS = (
    "CREATE INDEX ix_audit_entry_at ON audit_entry (at, id)",
    "DROP INDEX ix_audit_entry_actor",
    "CREATE INDEX ix_audit_entry_actor ON audit_entry (actor, at, id)",
    "CREATE INDEX ix_audit_entry_action ON audit_entry (action, at, id)",
    "CREATE INDEX ix_audit_entry_request ON audit_entry (request)",
    """
CREATE TABLE audit_proof (
	id UUID NOT NULL,
	at TIMESTAMP WITH TIME ZONE NOT NULL,
	began_at BIGINT NOT NULL,
	links BIGINT NOT NULL,
	hash BYTEA NOT NULL,
	fault VARCHAR(200),
	link BIGINT,
	entry BIGINT,
	asked_by UUID,
	CONSTRAINT pk_audit_proof PRIMARY KEY (id)
)
""",
    "CREATE INDEX ix_audit_proof_at ON audit_proof (at, id)",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
