"""Partners' payouts by calendar, objections, places to come, contested clients, postbacks."""

from alembic import op

revision = "0020"
down_revision = "0019"

STATEMENTS = (
    "ALTER TABLE partner ADD COLUMN pay_in VARCHAR(8)",
    "ALTER TABLE partner ADD COLUMN moving JSONB",
    "ALTER TABLE partner ADD COLUMN cleared JSONB DEFAULT '[]'::jsonb NOT NULL",
    "CREATE INDEX ix_partner_moving ON partner (id) WHERE moving is not null",
    "ALTER TABLE partner_link ADD COLUMN rates JSONB",
    "ALTER TABLE partner_link ADD COLUMN ended_at TIMESTAMP WITH TIME ZONE",
    "ALTER TABLE partner_touch ADD COLUMN kind VARCHAR(12) DEFAULT 'link' NOT NULL",
    "ALTER TABLE partner_touch ADD COLUMN click VARCHAR(120)",
    "ALTER TABLE attribution ADD COLUMN link VARCHAR(24)",
    "ALTER TABLE attribution ADD COLUMN click VARCHAR(120)",
    "ALTER TABLE attribution ADD COLUMN contest VARCHAR(8)",
    'ALTER TABLE attribution ADD COLUMN "by" UUID',
    (
        "ALTER TABLE attribution ADD CONSTRAINT ck_attribution_contest "
        "CHECK (contest in ('open', 'decided'))"
    ),
    "CREATE INDEX ix_attribution_link ON attribution (link) WHERE link is not null",
    "CREATE INDEX ix_attribution_valid_from ON attribution (valid_from)",
    "CREATE INDEX ix_attribution_contest ON attribution (valid_from, client) WHERE contest = 'open'",
    "ALTER TABLE partner_payout ADD COLUMN period VARCHAR(12)",
    "ALTER TABLE partner_payout ADD COLUMN due_at TIMESTAMP WITH TIME ZONE",
    "ALTER TABLE partner_payout ADD COLUMN needs INTEGER DEFAULT 0 NOT NULL",
    "ALTER TABLE partner_payout ADD COLUMN yeses JSONB DEFAULT '[]'::jsonb NOT NULL",
    "ALTER TABLE partner_payout ADD COLUMN signs JSONB DEFAULT '[]'::jsonb NOT NULL",
    "ALTER TABLE partner_payout ADD COLUMN pay_currency VARCHAR(8)",
    "ALTER TABLE partner_payout ADD COLUMN pay_amount NUMERIC(38, 18)",
    "ALTER TABLE partner_payout ADD COLUMN rate NUMERIC(38, 18)",
    "ALTER TABLE partner_payout ADD COLUMN rate_at TIMESTAMP WITH TIME ZONE",
    "UPDATE partner_payout SET needs = 1 WHERE state = 'waiting'",
    (
        "ALTER TABLE partner_payout ADD CONSTRAINT ck_partner_payout_pay CHECK "
        "((pay_currency is null) = (pay_amount is null) and (rate is null) = (pay_amount is null))"
    ),
    (
        "ALTER TABLE partner_payout ADD CONSTRAINT ck_partner_payout_state CHECK "
        "(state in ('waiting', 'due', 'paid', 'refused', 'carried'))"
    ),
    "CREATE INDEX ix_partner_payout_period ON partner_payout (period, partner)",
    "CREATE INDEX ix_partner_payout_due ON partner_payout (due_at, id) WHERE state = 'due'",
    "CREATE INDEX ix_partner_payout_state ON partner_payout (state, made_at)",
    "ALTER TABLE webhook_endpoint ADD COLUMN owner UUID",
    "ALTER TABLE webhook_endpoint ADD CONSTRAINT uq_webhook_endpoint_owner UNIQUE (owner)",
    "ALTER TABLE webhook_delivery ADD COLUMN url VARCHAR(2000)",
    r"""
CREATE TABLE partner_objection (
	id UUID NOT NULL,
	reference VARCHAR(16) NOT NULL,
	partner UUID NOT NULL,
	reward UUID,
	month VARCHAR(7),
	state VARCHAR(12) NOT NULL,
	currency VARCHAR(8) NOT NULL,
	claimed NUMERIC(38, 18) NOT NULL,
	ours NUMERIC(38, 18) NOT NULL,
	lines JSONB NOT NULL,
	counted JSONB NOT NULL,
	sheet UUID,
	story JSONB NOT NULL,
	opened_at TIMESTAMP WITH TIME ZONE NOT NULL,
	due_at TIMESTAMP WITH TIME ZONE NOT NULL,
	decided_at TIMESTAMP WITH TIME ZONE,
	decided_by UUID,
	adjusted NUMERIC(38, 18),
	CONSTRAINT pk_partner_objection PRIMARY KEY (id),
	CONSTRAINT ck_partner_objection_state CHECK (state in ('open', 'agreed', 'refused', 'withdrawn')),
	CONSTRAINT ck_partner_objection_about CHECK ((reward is null) <> (month is null)),
	CONSTRAINT ck_partner_objection_decided CHECK ((state = 'open') = (decided_at is null)),
	CONSTRAINT uq_partner_objection_reference UNIQUE (reference),
	CONSTRAINT fk_partner_objection_partner FOREIGN KEY(partner) REFERENCES partner (id),
	CONSTRAINT fk_partner_objection_sheet FOREIGN KEY(sheet) REFERENCES stored_file (id)
)
""",
    "CREATE INDEX ix_partner_objection_partner ON partner_objection (partner, id)",
    "CREATE INDEX ix_partner_objection_opened_at ON partner_objection (opened_at, id)",
    "CREATE INDEX ix_partner_objection_due_at ON partner_objection (due_at) WHERE state = 'open'",
    (
        "CREATE UNIQUE INDEX uq_partner_objection_reward ON partner_objection (reward) "
        "WHERE reward is not null and state = 'open'"
    ),
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
