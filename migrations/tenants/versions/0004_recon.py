"""Bank accounts, statements, matches, breaks, proofs and the daily client money."""

from alembic import op

revision = "0004"
down_revision = "0003"

STATEMENTS = (
    r"""
CREATE TABLE bank_account (
	id UUID NOT NULL,
	code VARCHAR(32) NOT NULL,
	name VARCHAR(80) NOT NULL,
	entity VARCHAR(160) NOT NULL,
	purpose VARCHAR(12) NOT NULL,
	number VARCHAR(48) NOT NULL,
	bic VARCHAR(11) NOT NULL,
	bank VARCHAR(80) NOT NULL,
	currency VARCHAR(8) NOT NULL,
	psp VARCHAR(32),
	state VARCHAR(8) NOT NULL,
	opened_at TIMESTAMP WITH TIME ZONE NOT NULL,
	opened_by UUID,
	CONSTRAINT pk_bank_account PRIMARY KEY (id),
	CONSTRAINT uq_bank_account_number_currency UNIQUE (number, currency),
	CONSTRAINT ck_bank_account_purpose CHECK (purpose in ('client', 'house', 'settlement')),
	CONSTRAINT ck_bank_account_state CHECK (state in ('open', 'closed')),
	CONSTRAINT uq_bank_account_code UNIQUE (code)
)
""",
    r"""
CREATE TABLE client_money_day (
	id UUID NOT NULL,
	day DATE NOT NULL,
	entity VARCHAR(160) NOT NULL,
	currency VARCHAR(8) NOT NULL,
	version INTEGER NOT NULL,
	until TIMESTAMP WITH TIME ZONE NOT NULL,
	owed NUMERIC(38, 18) NOT NULL,
	held NUMERIC(38, 18) NOT NULL,
	lines JSONB NOT NULL,
	hash VARCHAR(64) NOT NULL,
	made_at TIMESTAMP WITH TIME ZONE NOT NULL,
	made_by UUID,
	CONSTRAINT pk_client_money_day PRIMARY KEY (id)
)
""",
    r"""
CREATE UNIQUE INDEX uq_client_money_day ON client_money_day (day, entity, currency, version)
""",
    r"""
CREATE TABLE outside_file (
	id UUID NOT NULL,
	hash BYTEA NOT NULL,
	name VARCHAR(120) NOT NULL,
	kind VARCHAR(24) NOT NULL,
	psp VARCHAR(32),
	state VARCHAR(12) NOT NULL,
	size INTEGER NOT NULL,
	content_sealed BYTEA,
	lines INTEGER NOT NULL,
	done INTEGER NOT NULL,
	fresh INTEGER NOT NULL,
	known INTEGER NOT NULL,
	matched INTEGER NOT NULL,
	covers_since TIMESTAMP WITH TIME ZONE,
	covers_until TIMESTAMP WITH TIME ZONE,
	why VARCHAR(400),
	report JSONB NOT NULL,
	brought_at TIMESTAMP WITH TIME ZONE NOT NULL,
	brought_by UUID,
	done_at TIMESTAMP WITH TIME ZONE,
	CONSTRAINT pk_outside_file PRIMARY KEY (id),
	CONSTRAINT ck_outside_file_state CHECK (state in ('reading', 'refused', 'matching', 'done')),
	CONSTRAINT uq_outside_file_hash UNIQUE (hash)
)
""",
    r"""
CREATE INDEX ix_outside_file_brought ON outside_file (brought_at, id)
""",
    r"""
CREATE TABLE recon_proof (
	id UUID NOT NULL,
	at TIMESTAMP WITH TIME ZONE NOT NULL,
	took_ms INTEGER NOT NULL,
	by UUID,
	rows JSONB NOT NULL,
	breaks INTEGER NOT NULL,
	stale INTEGER NOT NULL,
	unexplained INTEGER NOT NULL,
	CONSTRAINT pk_recon_proof PRIMARY KEY (id)
)
""",
    r"""
CREATE INDEX ix_recon_proof_at ON recon_proof (at)
""",
    r"""
CREATE TABLE client_money_sign (
	id UUID NOT NULL,
	calculation UUID NOT NULL,
	role VARCHAR(8) NOT NULL,
	person UUID NOT NULL,
	at TIMESTAMP WITH TIME ZONE NOT NULL,
	hash VARCHAR(64) NOT NULL,
	note VARCHAR(400),
	CONSTRAINT pk_client_money_sign PRIMARY KEY (id),
	CONSTRAINT ck_client_money_sign_role CHECK (role in ('signed', 'reviewed')),
	CONSTRAINT fk_client_money_sign_calculation FOREIGN KEY(calculation) REFERENCES client_money_day (id)
)
""",
    r"""
CREATE UNIQUE INDEX uq_client_money_sign_person ON client_money_sign (calculation, person)
""",
    r"""
CREATE UNIQUE INDEX uq_client_money_sign_role ON client_money_sign (calculation, role)
""",
    r"""
CREATE TABLE outside_line (
	id UUID NOT NULL,
	file UUID NOT NULL,
	source VARCHAR(48) NOT NULL,
	key VARCHAR(180) NOT NULL,
	entry_key VARCHAR(160) NOT NULL,
	line INTEGER NOT NULL,
	kind VARCHAR(12) NOT NULL,
	amount NUMERIC(38, 18) NOT NULL,
	fee NUMERIC(38, 18) NOT NULL,
	currency VARCHAR(8) NOT NULL,
	matched NUMERIC(38, 18) NOT NULL,
	at TIMESTAMP WITH TIME ZONE NOT NULL,
	valued_on DATE,
	reference VARCHAR(120) NOT NULL,
	provider_id VARCHAR(120) NOT NULL,
	structured VARCHAR(48) NOT NULL,
	ours VARCHAR(16),
	about_sealed BYTEA,
	open BOOLEAN NOT NULL,
	CONSTRAINT pk_outside_line PRIMARY KEY (id),
	CONSTRAINT ck_outside_line_amount CHECK (amount <> 0 or fee <> 0),
	CONSTRAINT ck_outside_line_matched CHECK (amount * matched >= 0 and abs(matched) <= abs(amount)),
	CONSTRAINT ck_outside_line_open CHECK (open = (amount <> matched)),
	CONSTRAINT fk_outside_line_file FOREIGN KEY(file) REFERENCES outside_file (id)
)
""",
    r"""
CREATE INDEX ix_outside_line_at ON outside_line (at, id)
""",
    r"""
CREATE INDEX ix_outside_line_entry ON outside_line (source, entry_key)
""",
    r"""
CREATE INDEX ix_outside_line_file ON outside_line (file, line)
""",
    r"""
CREATE INDEX ix_outside_line_open ON outside_line (source, currency, at) WHERE open
""",
    r"""
CREATE INDEX ix_outside_line_ours ON outside_line (ours) WHERE ours is not null
""",
    r"""
CREATE INDEX ix_outside_line_provider ON outside_line (source, provider_id)
""",
    r"""
CREATE UNIQUE INDEX uq_outside_line_key ON outside_line (source, key)
""",
    r"""
CREATE TABLE outside_statement (
	id UUID NOT NULL,
	file UUID NOT NULL,
	source VARCHAR(48) NOT NULL,
	currency VARCHAR(8) NOT NULL,
	number VARCHAR(60) NOT NULL,
	kind VARCHAR(24) NOT NULL,
	since TIMESTAMP WITH TIME ZONE NOT NULL,
	until TIMESTAMP WITH TIME ZONE NOT NULL,
	opening NUMERIC(38, 18),
	closing NUMERIC(38, 18),
	lines INTEGER NOT NULL,
	CONSTRAINT pk_outside_statement PRIMARY KEY (id),
	CONSTRAINT ck_outside_statement_period CHECK (until >= since),
	CONSTRAINT fk_outside_statement_file FOREIGN KEY(file) REFERENCES outside_file (id)
)
""",
    r"""
CREATE INDEX ix_outside_statement_file ON outside_statement (file)
""",
    r"""
CREATE INDEX ix_outside_statement_source ON outside_statement (source, currency, until)
""",
    r"""
CREATE TABLE line_match (
	id UUID NOT NULL,
	line UUID NOT NULL,
	entry UUID NOT NULL,
	source VARCHAR(48) NOT NULL,
	currency VARCHAR(8) NOT NULL,
	amount NUMERIC(38, 18) NOT NULL,
	how VARCHAR(24) NOT NULL,
	score SMALLINT NOT NULL,
	reasons JSONB NOT NULL,
	state VARCHAR(8) NOT NULL,
	made_at TIMESTAMP WITH TIME ZONE NOT NULL,
	made_by UUID,
	undone_at TIMESTAMP WITH TIME ZONE,
	undone_by UUID,
	CONSTRAINT pk_line_match PRIMARY KEY (id),
	CONSTRAINT ck_line_match_amount CHECK (amount <> 0),
	CONSTRAINT ck_line_match_state CHECK (state in ('live', 'undone')),
	CONSTRAINT ck_line_match_undone CHECK ((state = 'undone') = (undone_at is not null)),
	CONSTRAINT fk_line_match_line FOREIGN KEY(line) REFERENCES outside_line (id),
	CONSTRAINT fk_line_match_entry FOREIGN KEY(entry) REFERENCES entry (id)
)
""",
    r"""
CREATE INDEX ix_line_match_entry ON line_match (source, currency, entry) WHERE state = 'live'
""",
    r"""
CREATE INDEX ix_line_match_line ON line_match (line)
""",
    r"""
CREATE INDEX ix_line_match_made ON line_match (made_at, id)
""",
    r"""
CREATE UNIQUE INDEX uq_line_match_live ON line_match (line, entry) WHERE state = 'live'
""",
    r"""
CREATE TABLE recon_break (
	id UUID NOT NULL,
	reference VARCHAR(16) NOT NULL,
	key VARCHAR(160) NOT NULL,
	side VARCHAR(12) NOT NULL,
	source VARCHAR(80) NOT NULL,
	kind VARCHAR(24) NOT NULL,
	reason VARCHAR(24),
	entity VARCHAR(160) NOT NULL,
	amount NUMERIC(38, 18) NOT NULL,
	currency VARCHAR(8) NOT NULL,
	line UUID,
	entry UUID,
	account UUID,
	happened_at TIMESTAMP WITH TIME ZONE NOT NULL,
	opened_at TIMESTAMP WITH TIME ZONE NOT NULL,
	owner UUID,
	notes JSONB NOT NULL,
	state VARCHAR(12) NOT NULL,
	outcome VARCHAR(24),
	ended_at TIMESTAMP WITH TIME ZONE,
	ended_by UUID,
	CONSTRAINT pk_recon_break PRIMARY KEY (id),
	CONSTRAINT ck_recon_break_state CHECK (state in ('open', 'explained', 'resolved')),
	CONSTRAINT ck_recon_break_ended CHECK ((state = 'resolved') = (ended_at is not null)),
	CONSTRAINT ck_recon_break_side CHECK (side in ('psp', 'bank', 'platform')),
	CONSTRAINT uq_recon_break_reference UNIQUE (reference),
	CONSTRAINT fk_recon_break_line FOREIGN KEY(line) REFERENCES outside_line (id),
	CONSTRAINT fk_recon_break_entry FOREIGN KEY(entry) REFERENCES entry (id)
)
""",
    r"""
CREATE INDEX ix_recon_break_entry ON recon_break (entry)
""",
    r"""
CREATE INDEX ix_recon_break_line ON recon_break (line)
""",
    r"""
CREATE INDEX ix_recon_break_state ON recon_break (state, opened_at, id)
""",
    r"""
CREATE UNIQUE INDEX uq_recon_break_key ON recon_break (key) WHERE state <> 'resolved'
""",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement.replace(":", r"\:"))
