"""The house: every table as it first stood."""

from alembic import op

revision = "0001"
down_revision = None

STATEMENTS = (
    r"""
CREATE TABLE platform.audit_entry (
	about_tenant UUID,
	id BIGINT GENERATED ALWAYS AS IDENTITY,
	at TIMESTAMP WITH TIME ZONE NOT NULL,
	action VARCHAR(200) NOT NULL,
	actor_kind VARCHAR(16) NOT NULL,
	actor UUID,
	actor_name VARCHAR(120) NOT NULL,
	on_behalf_of UUID,
	reason VARCHAR(400),
	request VARCHAR(64),
	subject UUID,
	changes JSONB NOT NULL,
	CONSTRAINT pk_audit_entry PRIMARY KEY (id)
)
""",
    r"""
CREATE TABLE platform.meter (
	tenant UUID NOT NULL,
	day VARCHAR(10) NOT NULL,
	name VARCHAR(40) NOT NULL,
	amount NUMERIC(38, 18) NOT NULL,
	CONSTRAINT pk_meter PRIMARY KEY (tenant, day, name)
)
""",
    r"""
CREATE TABLE platform.operator (
	email VARCHAR(254) NOT NULL,
	name VARCHAR(120) NOT NULL,
	permissions VARCHAR(80)[] NOT NULL,
	id UUID NOT NULL,
	state VARCHAR(12) DEFAULT 'active' NOT NULL,
	password_sealed BYTEA,
	totp_sealed BYTEA,
	totp_confirmed_at TIMESTAMP WITH TIME ZONE,
	totp_last_step BIGINT,
	recovery_hashes BYTEA[] DEFAULT '{}' NOT NULL,
	password_set_at TIMESTAMP WITH TIME ZONE,
	epoch BIGINT DEFAULT '1' NOT NULL,
	locale VARCHAR(8) DEFAULT 'en' NOT NULL,
	mode VARCHAR(8) DEFAULT 'auto' NOT NULL,
	created_at TIMESTAMP WITH TIME ZONE NOT NULL,
	last_seen_at TIMESTAMP WITH TIME ZONE,
	CONSTRAINT pk_operator PRIMARY KEY (id),
	CONSTRAINT uq_operator_email UNIQUE (email)
)
""",
    r"""
CREATE TABLE platform.operator_try (
	what VARCHAR(12) NOT NULL,
	whom BYTEA NOT NULL,
	tries BIGINT NOT NULL,
	last_at TIMESTAMP WITH TIME ZONE NOT NULL,
	locked_until TIMESTAMP WITH TIME ZONE,
	CONSTRAINT pk_operator_try PRIMARY KEY (what, whom)
)
""",
    r"""
CREATE TABLE platform.provision (
	id UUID NOT NULL,
	key VARCHAR(120) NOT NULL,
	asked_hash VARCHAR(64) NOT NULL,
	asked JSONB NOT NULL,
	tenant UUID,
	step VARCHAR(32) NOT NULL,
	state VARCHAR(12) DEFAULT 'waiting' NOT NULL,
	tries INTEGER DEFAULT '0' NOT NULL,
	leased_until TIMESTAMP WITH TIME ZONE,
	error TEXT,
	log JSONB NOT NULL,
	asked_at TIMESTAMP WITH TIME ZONE NOT NULL,
	asked_by UUID,
	done_at TIMESTAMP WITH TIME ZONE,
	CONSTRAINT pk_provision PRIMARY KEY (id),
	CONSTRAINT uq_provision_key UNIQUE (key)
)
""",
    r"""
CREATE TABLE platform.pulse (
	tenant UUID NOT NULL,
	at TIMESTAMP WITH TIME ZONE NOT NULL,
	body JSONB NOT NULL,
	CONSTRAINT pk_pulse PRIMARY KEY (tenant)
)
""",
    r"""
CREATE TABLE platform.schema_slot (
	name VARCHAR(40) NOT NULL,
	password BYTEA NOT NULL,
	revision VARCHAR(32) NOT NULL,
	state VARCHAR(12) DEFAULT 'blank' NOT NULL,
	tenant UUID,
	made_at TIMESTAMP WITH TIME ZONE NOT NULL,
	migrated_at TIMESTAMP WITH TIME ZONE,
	error TEXT,
	CONSTRAINT pk_schema_slot PRIMARY KEY (name),
	CONSTRAINT uq_schema_slot_tenant UNIQUE (tenant)
)
""",
    r"""
CREATE INDEX ix_schema_slot_blank ON platform.schema_slot (made_at) WHERE state = 'blank'
""",
    r"""
CREATE TABLE platform.screening_entry (
	code VARCHAR(40) NOT NULL,
	ref VARCHAR(60) NOT NULL,
	since INTEGER NOT NULL,
	until INTEGER,
	digest VARCHAR(64) NOT NULL,
	body JSONB NOT NULL,
	CONSTRAINT pk_screening_entry PRIMARY KEY (code, ref, since)
)
""",
    r"""
CREATE INDEX ix_screening_entry_span ON platform.screening_entry (code, since, until)
""",
    r"""
CREATE TABLE platform.screening_list (
	code VARCHAR(40) NOT NULL,
	number INTEGER NOT NULL,
	authority VARCHAR(160) NOT NULL,
	version VARCHAR(40) NOT NULL,
	sha256 VARCHAR(64) NOT NULL,
	published DATE NOT NULL,
	entries INTEGER NOT NULL,
	added INTEGER NOT NULL,
	altered INTEGER NOT NULL,
	removed INTEGER NOT NULL,
	problems JSONB NOT NULL,
	imported_at TIMESTAMP WITH TIME ZONE NOT NULL,
	CONSTRAINT pk_screening_list PRIMARY KEY (code, number)
)
""",
    r"""
CREATE UNIQUE INDEX uq_screening_list_version ON platform.screening_list (code, version)
""",
    r"""
CREATE TABLE platform.tenant (
	id UUID NOT NULL,
	slug VARCHAR(40) NOT NULL,
	name VARCHAR(120) NOT NULL,
	legal_entity VARCHAR(160) NOT NULL,
	base_currency VARCHAR(8) NOT NULL,
	time_zone VARCHAR(64) DEFAULT 'UTC' NOT NULL,
	blueprint VARCHAR(64) NOT NULL,
	owner_email VARCHAR(254) NOT NULL,
	state VARCHAR(16) NOT NULL,
	state_reason VARCHAR(400),
	mode VARCHAR(8) DEFAULT 'assume' NOT NULL,
	schema VARCHAR(40),
	wrapped_key BYTEA,
	epoch BIGINT DEFAULT '1' NOT NULL,
	created_at TIMESTAMP WITH TIME ZONE NOT NULL,
	CONSTRAINT pk_tenant PRIMARY KEY (id),
	CONSTRAINT uq_tenant_slug UNIQUE (slug),
	CONSTRAINT uq_tenant_schema UNIQUE (schema)
)
""",
    r"""
CREATE TABLE platform.host (
	name VARCHAR(253) NOT NULL,
	tenant UUID NOT NULL,
	kind VARCHAR(16) DEFAULT 'platform' NOT NULL,
	proof VARCHAR(80),
	verified_at TIMESTAMP WITH TIME ZONE,
	CONSTRAINT pk_host PRIMARY KEY (name),
	CONSTRAINT fk_host_tenant FOREIGN KEY(tenant) REFERENCES platform.tenant (id)
)
""",
    r"""
CREATE INDEX ix_host_tenant ON platform.host (tenant)
""",
    r"""
CREATE TABLE platform.operator_session (
	operator UUID NOT NULL,
	id UUID NOT NULL,
	token_hash BYTEA NOT NULL,
	stage VARCHAR(12) NOT NULL,
	epoch BIGINT NOT NULL,
	started_at TIMESTAMP WITH TIME ZONE NOT NULL,
	seen_at TIMESTAMP WITH TIME ZONE NOT NULL,
	ends_at TIMESTAMP WITH TIME ZONE NOT NULL,
	ended_at TIMESTAMP WITH TIME ZONE,
	second_factor_at TIMESTAMP WITH TIME ZONE,
	way VARCHAR(8) DEFAULT 'password' NOT NULL,
	ip VARCHAR(45),
	device VARCHAR(120),
	CONSTRAINT pk_operator_session PRIMARY KEY (id),
	CONSTRAINT fk_operator_session_operator FOREIGN KEY(operator) REFERENCES platform.operator (id),
	CONSTRAINT uq_operator_session_token_hash UNIQUE (token_hash)
)
""",
    r"""
CREATE INDEX ix_operator_session_operator ON platform.operator_session (operator)
""",
    r"""
CREATE TABLE platform.operator_token (
	id UUID NOT NULL,
	operator UUID NOT NULL,
	name VARCHAR(80) NOT NULL,
	token_hash BYTEA NOT NULL,
	permissions VARCHAR(80)[] NOT NULL,
	made_at TIMESTAMP WITH TIME ZONE NOT NULL,
	ends_at TIMESTAMP WITH TIME ZONE NOT NULL,
	ended_at TIMESTAMP WITH TIME ZONE,
	last_used_at TIMESTAMP WITH TIME ZONE,
	CONSTRAINT pk_operator_token PRIMARY KEY (id),
	CONSTRAINT fk_operator_token_operator FOREIGN KEY(operator) REFERENCES platform.operator (id),
	CONSTRAINT uq_operator_token_token_hash UNIQUE (token_hash)
)
""",
    r"""
CREATE INDEX ix_operator_token_operator ON platform.operator_token (operator)
""",
    r"""
CREATE TABLE platform.support_session (
	id UUID NOT NULL,
	operator UUID NOT NULL,
	tenant UUID NOT NULL,
	reason VARCHAR(400) NOT NULL,
	ticket_hash BYTEA NOT NULL,
	started_at TIMESTAMP WITH TIME ZONE NOT NULL,
	entered_at TIMESTAMP WITH TIME ZONE,
	ends_at TIMESTAMP WITH TIME ZONE NOT NULL,
	ended_at TIMESTAMP WITH TIME ZONE,
	CONSTRAINT pk_support_session PRIMARY KEY (id),
	CONSTRAINT fk_support_session_tenant FOREIGN KEY(tenant) REFERENCES platform.tenant (id),
	CONSTRAINT uq_support_session_ticket_hash UNIQUE (ticket_hash)
)
""",
    r"""
CREATE INDEX ix_support_session_operator ON platform.support_session (operator)
""",
    r"""
CREATE INDEX ix_support_session_tenant ON platform.support_session (tenant)
""",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement.replace(":", r"\:"))
