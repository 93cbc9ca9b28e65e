"""Drafts of routing rules, with what the simulator said of them."""

from alembic import op

revision = "0010"
down_revision = "0009"

STATEMENTS = (
    r"""
CREATE TABLE routing_draft (
	id UUID NOT NULL,
	state VARCHAR(8) NOT NULL,
	name VARCHAR(120) NOT NULL,
	version INTEGER NOT NULL,
	routes JSONB NOT NULL,
	payout_routes JSONB NOT NULL,
	made_by UUID,
	made_at TIMESTAMP WITH TIME ZONE NOT NULL,
	changed_at TIMESTAMP WITH TIME ZONE NOT NULL,
	predicted JSONB,
	predicted_at TIMESTAMP WITH TIME ZONE,
	CONSTRAINT pk_routing_draft PRIMARY KEY (id),
	CONSTRAINT ck_routing_draft_state CHECK (state in ('open', 'asked', 'dropped'))
)
""",
    "CREATE INDEX ix_routing_draft_state ON routing_draft (state, id)",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
