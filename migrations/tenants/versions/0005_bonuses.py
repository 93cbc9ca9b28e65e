"""Bonuses: campaigns, grants, and the marks by which one is known to have had one."""

from alembic import op

revision = "0005"
down_revision = "0004"

STATEMENTS = (
    r"""
CREATE TABLE bonus_campaign (
	id UUID NOT NULL,
	code VARCHAR(40) NOT NULL,
	title VARCHAR(80) NOT NULL,
	terms JSONB NOT NULL,
	version INTEGER NOT NULL,
	state VARCHAR(8) NOT NULL,
	made_by UUID,
	made_at TIMESTAMP WITH TIME ZONE NOT NULL,
	changed_at TIMESTAMP WITH TIME ZONE NOT NULL,
	CONSTRAINT pk_bonus_campaign PRIMARY KEY (id),
	CONSTRAINT ck_bonus_campaign_state CHECK (state in ('draft', 'live', 'ended')),
	CONSTRAINT uq_bonus_campaign_code UNIQUE (code)
)
""",
    r"""
CREATE TABLE bonus_grant (
	id UUID NOT NULL,
	reference VARCHAR(16) NOT NULL,
	campaign UUID NOT NULL,
	client UUID NOT NULL,
	title VARCHAR(80) NOT NULL,
	terms JSONB NOT NULL,
	state VARCHAR(8) NOT NULL,
	amount NUMERIC(38, 18) NOT NULL,
	released NUMERIC(38, 18) NOT NULL,
	burnt NUMERIC(38, 18) NOT NULL,
	currency VARCHAR(8) NOT NULL,
	need_lots NUMERIC(38, 18) NOT NULL,
	done_lots NUMERIC(38, 18) NOT NULL,
	symbols VARCHAR(40)[] NOT NULL,
	hold_s INTEGER NOT NULL,
	deposit UUID,
	given_by UUID,
	why VARCHAR(400) NOT NULL,
	evidence JSONB NOT NULL,
	story JSONB NOT NULL,
	made_at TIMESTAMP WITH TIME ZONE NOT NULL,
	granted_at TIMESTAMP WITH TIME ZONE,
	expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
	ended_at TIMESTAMP WITH TIME ZONE,
	CONSTRAINT pk_bonus_grant PRIMARY KEY (id),
	CONSTRAINT ck_bonus_grant_state CHECK (state in ('chosen', 'active', 'released', 'lost', 'expired', 'revoked', 'reversed', 'refused')),
	CONSTRAINT ck_bonus_grant_parts CHECK (released >= 0 and burnt >= 0 and released + burnt <= amount),
	CONSTRAINT uq_bonus_grant_reference UNIQUE (reference),
	CONSTRAINT fk_bonus_grant_campaign FOREIGN KEY(campaign) REFERENCES bonus_campaign (id),
	CONSTRAINT fk_bonus_grant_client FOREIGN KEY(client) REFERENCES client (id),
	CONSTRAINT fk_bonus_grant_deposit FOREIGN KEY(deposit) REFERENCES deposit (id)
)
""",
    r"""
CREATE INDEX ix_bonus_grant_campaign ON bonus_grant (campaign, id)
""",
    r"""
CREATE INDEX ix_bonus_grant_deposit ON bonus_grant (deposit) WHERE deposit is not null
""",
    r"""
CREATE INDEX ix_bonus_grant_open ON bonus_grant (expires_at) WHERE state in ('chosen', 'active')
""",
    r"""
CREATE INDEX ix_bonus_grant_state ON bonus_grant (state, id)
""",
    r"""
CREATE UNIQUE INDEX uq_bonus_grant_client ON bonus_grant (client, campaign)
""",
    r"""
CREATE TABLE bonus_mark (
	campaign UUID NOT NULL,
	kind VARCHAR(12) NOT NULL,
	mark BYTEA NOT NULL,
	bonus UUID NOT NULL,
	client UUID NOT NULL,
	at TIMESTAMP WITH TIME ZONE NOT NULL,
	CONSTRAINT pk_bonus_mark PRIMARY KEY (campaign, kind, mark),
	CONSTRAINT fk_bonus_mark_campaign FOREIGN KEY(campaign) REFERENCES bonus_campaign (id),
	CONSTRAINT fk_bonus_mark_bonus FOREIGN KEY(bonus) REFERENCES bonus_grant (id)
)
""",
    r"""
CREATE INDEX ix_bonus_mark_bonus ON bonus_mark (bonus)
""",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement.replace(":", r"\:"))
