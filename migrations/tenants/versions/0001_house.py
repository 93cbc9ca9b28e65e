"""The house: every table as it first stood."""

from alembic import op

revision = "0001"
down_revision = None

STATEMENTS = (
    r"""
CREATE TABLE fx_rate (
	base VARCHAR(8) NOT NULL,
	quote VARCHAR(8) NOT NULL,
	rate NUMERIC(38, 18) NOT NULL,
	source VARCHAR(40) NOT NULL,
	at TIMESTAMP WITH TIME ZONE NOT NULL,
	CONSTRAINT pk_fx_rate PRIMARY KEY (base, quote),
	CONSTRAINT ck_fx_rate_rate CHECK (rate > 0 and rate <= 1000000000000 and base <> quote)
)
""",
    r"""
CREATE TABLE idempotent_answer (
	owner UUID NOT NULL,
	key VARCHAR(120) NOT NULL,
	asked_hash VARCHAR(64) NOT NULL,
	status BIGINT,
	answer JSONB,
	at TIMESTAMP WITH TIME ZONE NOT NULL,
	CONSTRAINT pk_idempotent_answer PRIMARY KEY (owner, key)
)
""",
    r"""
CREATE TABLE inbox (
	fact UUID NOT NULL,
	reader VARCHAR(120) NOT NULL,
	kind VARCHAR(80) NOT NULL,
	lane VARCHAR(16) NOT NULL,
	body JSONB NOT NULL,
	told_at TIMESTAMP WITH TIME ZONE NOT NULL,
	state VARCHAR(8) DEFAULT 'waiting' NOT NULL,
	tries BIGINT DEFAULT '0' NOT NULL,
	due_at TIMESTAMP WITH TIME ZONE NOT NULL,
	leased_until TIMESTAMP WITH TIME ZONE,
	done_at TIMESTAMP WITH TIME ZONE,
	error TEXT,
	CONSTRAINT pk_inbox PRIMARY KEY (fact, reader)
)
""",
    r"""
CREATE INDEX ix_inbox_due ON inbox (lane, due_at) WHERE state = 'waiting'
""",
    r"""
CREATE TABLE kyc_callback (
	id UUID NOT NULL,
	provider VARCHAR(24) NOT NULL,
	event VARCHAR(80) NOT NULL,
	kind VARCHAR(60) NOT NULL,
	applicant VARCHAR(120) NOT NULL,
	our_id VARCHAR(120) NOT NULL,
	raw_sealed BYTEA NOT NULL,
	state VARCHAR(12) NOT NULL,
	because VARCHAR(200),
	received_at TIMESTAMP WITH TIME ZONE NOT NULL,
	done_at TIMESTAMP WITH TIME ZONE,
	CONSTRAINT pk_kyc_callback PRIMARY KEY (id),
	CONSTRAINT ck_kyc_callback_state CHECK (state in ('taken','done','ignored','quarantined'))
)
""",
    r"""
CREATE INDEX ix_kyc_callback_applicant ON kyc_callback (applicant)
""",
    r"""
CREATE UNIQUE INDEX uq_kyc_callback_event ON kyc_callback (provider, event)
""",
    r"""
CREATE TABLE lead_import (
	id UUID NOT NULL,
	file_hash BYTEA NOT NULL,
	name VARCHAR(120) NOT NULL,
	state VARCHAR(12) NOT NULL,
	source VARCHAR(60) NOT NULL,
	campaign VARCHAR(120),
	content_sealed BYTEA,
	results JSONB NOT NULL,
	counts JSONB NOT NULL,
	rows INTEGER NOT NULL,
	taken INTEGER NOT NULL,
	why VARCHAR(300),
	made_at TIMESTAMP WITH TIME ZONE NOT NULL,
	made_by UUID,
	done_at TIMESTAMP WITH TIME ZONE,
	CONSTRAINT pk_lead_import PRIMARY KEY (id),
	CONSTRAINT uq_lead_import_file_hash UNIQUE (file_hash)
)
""",
    r"""
CREATE INDEX ix_lead_import_made_at ON lead_import (made_at, id)
""",
    r"""
CREATE TABLE partner_touch (
	id UUID NOT NULL,
	visitor UUID NOT NULL,
	partner UUID,
	link VARCHAR(24),
	source VARCHAR(60) NOT NULL,
	at TIMESTAMP WITH TIME ZONE NOT NULL,
	CONSTRAINT pk_partner_touch PRIMARY KEY (id)
)
""",
    r"""
CREATE INDEX ix_partner_touch_visitor ON partner_touch (visitor)
""",
    r"""
CREATE TABLE person (
	kind VARCHAR(8) NOT NULL,
	email_blind BYTEA NOT NULL,
	email_sealed BYTEA NOT NULL,
	name_sealed BYTEA,
	team VARCHAR(60),
	email_verified_at TIMESTAMP WITH TIME ZONE,
	campaigns_off_at TIMESTAMP WITH TIME ZONE,
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
	CONSTRAINT pk_person PRIMARY KEY (id),
	CONSTRAINT uq_person_kind_email_blind UNIQUE (kind, email_blind),
	CONSTRAINT ck_person_kind CHECK (kind in ('staff', 'client')),
	CONSTRAINT ck_person_state CHECK (state in ('invited', 'active', 'disabled'))
)
""",
    r"""
CREATE INDEX ix_person_staff ON person (created_at) WHERE kind = 'staff'
""",
    r"""
CREATE TABLE provider_event (
	id UUID NOT NULL,
	psp VARCHAR(32) NOT NULL,
	event VARCHAR(160) NOT NULL,
	kind VARCHAR(12) NOT NULL,
	raw_kind VARCHAR(80) NOT NULL,
	reference VARCHAR(160) NOT NULL,
	payment VARCHAR(160) NOT NULL,
	our_id VARCHAR(64) NOT NULL,
	told VARCHAR(16),
	amount NUMERIC(38, 18),
	currency VARCHAR(8),
	code VARCHAR(80) NOT NULL,
	technical BOOLEAN,
	stage VARCHAR(12),
	raw_sealed BYTEA NOT NULL,
	state VARCHAR(12) NOT NULL,
	because VARCHAR(200),
	received_at TIMESTAMP WITH TIME ZONE NOT NULL,
	done_at TIMESTAMP WITH TIME ZONE,
	deposit UUID,
	payout UUID,
	CONSTRAINT pk_provider_event PRIMARY KEY (id),
	CONSTRAINT ck_provider_event_state CHECK (state in ('taken', 'parked', 'unmatched', 'done', 'ignored'))
)
""",
    r"""
CREATE INDEX ix_provider_event_deposit ON provider_event (deposit, id)
""",
    r"""
CREATE INDEX ix_provider_event_parked ON provider_event (id) WHERE state = 'parked'
""",
    r"""
CREATE INDEX ix_provider_event_payout ON provider_event (payout, id)
""",
    r"""
CREATE UNIQUE INDEX uq_provider_event_event ON provider_event (psp, event)
""",
    r"""
CREATE TABLE quarantined_deal (
	id UUID NOT NULL,
	server VARCHAR(40) NOT NULL,
	login BIGINT NOT NULL,
	raw TEXT NOT NULL,
	why VARCHAR(400) NOT NULL,
	at TIMESTAMP WITH TIME ZONE NOT NULL,
	CONSTRAINT pk_quarantined_deal PRIMARY KEY (id)
)
""",
    r"""
CREATE TABLE role (
	id UUID NOT NULL,
	name VARCHAR(60) NOT NULL,
	permissions VARCHAR(80)[] NOT NULL,
	scope VARCHAR(8) DEFAULT 'all' NOT NULL,
	built_in BOOLEAN DEFAULT 'false' NOT NULL,
	CONSTRAINT pk_role PRIMARY KEY (id),
	CONSTRAINT uq_role_name UNIQUE (name)
)
""",
    r"""
CREATE TABLE saved_view (
	id UUID NOT NULL,
	person UUID NOT NULL,
	table_name VARCHAR(60) NOT NULL,
	name VARCHAR(60) NOT NULL,
	query VARCHAR(1000) NOT NULL,
	path VARCHAR(200) NOT NULL,
	shared BOOLEAN DEFAULT 'false' NOT NULL,
	made_at TIMESTAMP WITH TIME ZONE NOT NULL,
	CONSTRAINT pk_saved_view PRIMARY KEY (id)
)
""",
    r"""
CREATE INDEX ix_saved_view_table ON saved_view (table_name, person)
""",
    r"""
CREATE TABLE secret (
	id UUID NOT NULL,
	name VARCHAR(120) NOT NULL,
	version BIGINT NOT NULL,
	sealed BYTEA NOT NULL,
	last_four VARCHAR(4) NOT NULL,
	set_at TIMESTAMP WITH TIME ZONE NOT NULL,
	set_by UUID,
	CONSTRAINT pk_secret PRIMARY KEY (id),
	CONSTRAINT uq_secret_name_version UNIQUE (name, version)
)
""",
    r"""
CREATE TABLE segment (
	id UUID NOT NULL,
	name VARCHAR(80) NOT NULL,
	conditions JSONB NOT NULL,
	made_at TIMESTAMP WITH TIME ZONE NOT NULL,
	made_by UUID,
	changed_at TIMESTAMP WITH TIME ZONE NOT NULL,
	archived_at TIMESTAMP WITH TIME ZONE,
	CONSTRAINT pk_segment PRIMARY KEY (id),
	CONSTRAINT uq_segment_name UNIQUE (name)
)
""",
    r"""
CREATE TABLE setting (
	id BIGINT NOT NULL,
	slice VARCHAR(40) NOT NULL,
	version BIGINT NOT NULL,
	body JSONB NOT NULL,
	why VARCHAR(400) NOT NULL,
	set_at TIMESTAMP WITH TIME ZONE NOT NULL,
	set_by UUID,
	CONSTRAINT pk_setting PRIMARY KEY (id),
	CONSTRAINT uq_setting_slice_version UNIQUE (slice, version)
)
""",
    r"""
CREATE TABLE sign_in_try (
	what VARCHAR(12) NOT NULL,
	whom BYTEA NOT NULL,
	tries BIGINT NOT NULL,
	last_at TIMESTAMP WITH TIME ZONE NOT NULL,
	locked_until TIMESTAMP WITH TIME ZONE,
	CONSTRAINT pk_sign_in_try PRIMARY KEY (what, whom)
)
""",
    r"""
CREATE INDEX ix_sign_in_try_last_at ON sign_in_try (last_at)
""",
    r"""
CREATE TABLE stored_file (
	id UUID NOT NULL,
	owner UUID,
	kind VARCHAR(40) NOT NULL,
	media_type VARCHAR(120) NOT NULL,
	pages INTEGER NOT NULL,
	size BIGINT NOT NULL,
	digest BYTEA NOT NULL,
	name_sealed BYTEA NOT NULL,
	stored_at TIMESTAMP WITH TIME ZONE NOT NULL,
	stored_by UUID,
	gone_at TIMESTAMP WITH TIME ZONE,
	CONSTRAINT pk_stored_file PRIMARY KEY (id),
	CONSTRAINT ck_stored_file_size CHECK (size >= 0 and pages >= 0)
)
""",
    r"""
CREATE INDEX ix_stored_file_owner ON stored_file (owner, kind)
""",
    r"""
CREATE TABLE tenant_identity (
	tenant UUID NOT NULL,
	CONSTRAINT pk_tenant_identity PRIMARY KEY (tenant)
)
""",
    r"""
CREATE TABLE timer (
	name VARCHAR(120) NOT NULL,
	due_at TIMESTAMP WITH TIME ZONE NOT NULL,
	last_ok_at TIMESTAMP WITH TIME ZONE,
	last_error TEXT,
	CONSTRAINT pk_timer PRIMARY KEY (name)
)
""",
    r"""
CREATE TABLE trading_server (
	code VARCHAR(40) NOT NULL,
	state VARCHAR(12) NOT NULL,
	ok_at TIMESTAMP WITH TIME ZONE,
	failed_at TIMESTAMP WITH TIME ZONE,
	error TEXT,
	lag_ms INTEGER,
	deals_seen BIGINT NOT NULL,
	leased_until TIMESTAMP WITH TIME ZONE,
	symbols JSONB NOT NULL,
	prices JSONB NOT NULL,
	prices_at TIMESTAMP WITH TIME ZONE,
	CONSTRAINT pk_trading_server PRIMARY KEY (code)
)
""",
    r"""
CREATE TABLE webhook_endpoint (
	id UUID NOT NULL,
	url VARCHAR(1000) NOT NULL,
	label VARCHAR(80) NOT NULL,
	kinds VARCHAR(80)[] NOT NULL,
	"on" BOOLEAN NOT NULL,
	off_why VARCHAR(200),
	made_at TIMESTAMP WITH TIME ZONE NOT NULL,
	made_by UUID,
	both_until TIMESTAMP WITH TIME ZONE,
	failures INTEGER NOT NULL,
	resting_until TIMESTAMP WITH TIME ZONE,
	last_ok_at TIMESTAMP WITH TIME ZONE,
	last_failed_at TIMESTAMP WITH TIME ZONE,
	CONSTRAINT pk_webhook_endpoint PRIMARY KEY (id)
)
""",
    r"""
CREATE TABLE api_client (
	id UUID NOT NULL,
	client_id VARCHAR(40) NOT NULL,
	secret_hash BYTEA NOT NULL,
	secret_tail VARCHAR(4) NOT NULL,
	name VARCHAR(80) NOT NULL,
	scopes VARCHAR(80)[] NOT NULL,
	allowed_ips VARCHAR(43)[] NOT NULL,
	owner UUID NOT NULL,
	made_at TIMESTAMP WITH TIME ZONE NOT NULL,
	ends_at TIMESTAMP WITH TIME ZONE NOT NULL,
	revoked_at TIMESTAMP WITH TIME ZONE,
	revoked_by UUID,
	last_used_at TIMESTAMP WITH TIME ZONE,
	last_ip VARCHAR(45),
	CONSTRAINT pk_api_client PRIMARY KEY (id),
	CONSTRAINT uq_api_client_client_id UNIQUE (client_id),
	CONSTRAINT fk_api_client_owner FOREIGN KEY(owner) REFERENCES person (id)
)
""",
    r"""
CREATE INDEX ix_api_client_owner ON api_client (owner)
""",
    r"""
CREATE TABLE audit_entry (
	tenant UUID DEFAULT current_setting('app.tenant')::uuid NOT NULL,
	xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
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
	CONSTRAINT pk_audit_entry PRIMARY KEY (id),
	CONSTRAINT fk_audit_entry_tenant FOREIGN KEY(tenant) REFERENCES tenant_identity (tenant)
)
""",
    r"""
CREATE INDEX ix_audit_entry_actor ON audit_entry (actor, id)
""",
    r"""
CREATE INDEX ix_audit_entry_order ON audit_entry (xid, id)
""",
    r"""
CREATE INDEX ix_audit_entry_subject ON audit_entry (subject, id)
""",
    r"""
CREATE TABLE campaign (
	id UUID NOT NULL,
	name VARCHAR(80) NOT NULL,
	segment UUID NOT NULL,
	conditions JSONB,
	texts JSONB NOT NULL,
	path VARCHAR(200),
	state VARCHAR(8) NOT NULL,
	override_why VARCHAR(400),
	override_by UUID,
	made_at TIMESTAMP WITH TIME ZONE NOT NULL,
	made_by UUID,
	started_at TIMESTAMP WITH TIME ZONE,
	started_by UUID,
	ended_at TIMESTAMP WITH TIME ZONE,
	CONSTRAINT pk_campaign PRIMARY KEY (id),
	CONSTRAINT ck_campaign_state CHECK (state in ('draft', 'sending', 'sent', 'stopped')),
	CONSTRAINT fk_campaign_segment FOREIGN KEY(segment) REFERENCES segment (id)
)
""",
    r"""
CREATE INDEX ix_campaign_made_at ON campaign (made_at, id)
""",
    r"""
CREATE INDEX ix_campaign_segment ON campaign (segment)
""",
    r"""
CREATE TABLE client (
	id UUID NOT NULL,
	reference VARCHAR(16) NOT NULL,
	state VARCHAR(12) NOT NULL,
	client_type VARCHAR(12) NOT NULL,
	country VARCHAR(2) NOT NULL,
	language VARCHAR(8) NOT NULL,
	level VARCHAR(24) NOT NULL,
	level_at TIMESTAMP WITH TIME ZONE,
	risk VARCHAR(12) NOT NULL,
	owner UUID,
	team VARCHAR(60),
	tags VARCHAR(40)[] NOT NULL,
	partner UUID,
	source VARCHAR(60),
	campaign VARCHAR(120),
	visitor UUID,
	registered_at TIMESTAMP WITH TIME ZONE NOT NULL,
	closed_at TIMESTAMP WITH TIME ZONE,
	closed_why VARCHAR(400),
	deposits_total NUMERIC(38, 18) NOT NULL,
	deposits_count INTEGER NOT NULL,
	withdrawals_total NUMERIC(38, 18) NOT NULL,
	first_deposit_at TIMESTAMP WITH TIME ZONE,
	last_deposit_at TIMESTAMP WITH TIME ZONE,
	last_withdrawal_at TIMESTAMP WITH TIME ZONE,
	last_trade_at TIMESTAMP WITH TIME ZONE,
	volume_lots NUMERIC(38, 18) NOT NULL,
	first_name_sealed BYTEA NOT NULL,
	last_name_sealed BYTEA NOT NULL,
	phone_sealed BYTEA,
	phone_blind BYTEA,
	birth_date_sealed BYTEA,
	address_sealed BYTEA,
	search BIGINT[] NOT NULL,
	CONSTRAINT pk_client PRIMARY KEY (id),
	CONSTRAINT ck_client_state CHECK (state in ('registered', 'active', 'closed')),
	CONSTRAINT ck_client_client_type CHECK (client_type in ('individual', 'joint', 'corporate')),
	CONSTRAINT ck_client_totals CHECK (deposits_total >= 0 and withdrawals_total >= 0),
	CONSTRAINT ck_client_closed_at CHECK ((state = 'closed') = (closed_at is not null)),
	CONSTRAINT fk_client_id FOREIGN KEY(id) REFERENCES person (id),
	CONSTRAINT uq_client_reference UNIQUE (reference),
	CONSTRAINT fk_client_owner FOREIGN KEY(owner) REFERENCES person (id)
)
""",
    r"""
CREATE INDEX ix_client_country ON client (country, id)
""",
    r"""
CREATE INDEX ix_client_deposits_total ON client (deposits_total, id)
""",
    r"""
CREATE INDEX ix_client_last_trade_at ON client (last_trade_at, id)
""",
    r"""
CREATE INDEX ix_client_level ON client (level, id)
""",
    r"""
CREATE INDEX ix_client_owner ON client (owner, id)
""",
    r"""
CREATE INDEX ix_client_partner ON client (partner, id) WHERE partner is not null
""",
    r"""
CREATE INDEX ix_client_partner_deposits_total ON client (partner, deposits_total) INCLUDE (last_trade_at, id) WHERE partner is not null
""",
    r"""
CREATE INDEX ix_client_phone_blind ON client (phone_blind)
""",
    r"""
CREATE INDEX ix_client_registered_at ON client (registered_at, id)
""",
    r"""
CREATE INDEX ix_client_risk ON client (risk, id)
""",
    r"""
CREATE INDEX ix_client_search ON client USING gin (search)
""",
    r"""
CREATE INDEX ix_client_state ON client (state, id)
""",
    r"""
CREATE INDEX ix_client_tags ON client USING gin (tags)
""",
    r"""
CREATE INDEX ix_client_team ON client (team, id)
""",
    r"""
CREATE INDEX ix_client_visitor ON client (visitor) WHERE visitor is not null
""",
    r"""
CREATE TABLE entry (
	id UUID NOT NULL,
	tenant UUID DEFAULT cast(current_setting('app.tenant') as uuid) NOT NULL,
	operation VARCHAR(160) NOT NULL,
	asked_hash BYTEA NOT NULL,
	kind VARCHAR(40) NOT NULL,
	amount NUMERIC(38, 18) NOT NULL,
	currency VARCHAR(8) NOT NULL,
	first_line SMALLINT GENERATED ALWAYS AS (1) STORED NOT NULL,
	ref_kind VARCHAR(40),
	ref UUID,
	reason VARCHAR(400),
	posted_at TIMESTAMP WITH TIME ZONE NOT NULL,
	effective_at TIMESTAMP WITH TIME ZONE NOT NULL,
	reverses UUID,
	posted_by_kind VARCHAR(16) NOT NULL,
	posted_by UUID,
	CONSTRAINT pk_entry PRIMARY KEY (id),
	CONSTRAINT ck_entry_amount CHECK (amount > 0 and amount <= 1000000000000000),
	CONSTRAINT ck_entry_reverses_another CHECK (reverses is null or reverses <> id),
	CONSTRAINT ck_entry_not_ahead CHECK (effective_at <= posted_at),
	CONSTRAINT fk_entry_tenant FOREIGN KEY(tenant) REFERENCES tenant_identity (tenant),
	CONSTRAINT uq_entry_operation UNIQUE (operation),
	CONSTRAINT fk_entry_reverses FOREIGN KEY(reverses) REFERENCES entry (id)
)
""",
    r"""
CREATE INDEX ix_entry_posted_at ON entry USING brin (posted_at)
""",
    r"""
CREATE INDEX ix_entry_ref ON entry (ref) WHERE ref is not null
""",
    r"""
CREATE UNIQUE INDEX ix_entry_reverses ON entry (reverses) WHERE reverses is not null
""",
    r"""
CREATE TABLE external_identity (
	issuer VARCHAR(200) NOT NULL,
	subject VARCHAR(200) NOT NULL,
	person UUID NOT NULL,
	linked_at TIMESTAMP WITH TIME ZONE NOT NULL,
	CONSTRAINT pk_external_identity PRIMARY KEY (issuer, subject),
	CONSTRAINT fk_external_identity_person FOREIGN KEY(person) REFERENCES person (id)
)
""",
    r"""
CREATE INDEX ix_external_identity_person ON external_identity (person)
""",
    r"""
CREATE TABLE ledger_account (
	id UUID NOT NULL,
	tenant UUID DEFAULT cast(current_setting('app.tenant') as uuid) NOT NULL,
	code VARCHAR(80) NOT NULL,
	kind VARCHAR(24) NOT NULL,
	tree VARCHAR(16) NOT NULL,
	guard VARCHAR(8) NOT NULL,
	currency VARCHAR(8) NOT NULL,
	places SMALLINT NOT NULL,
	owner UUID,
	ref_kind VARCHAR(40),
	ref UUID,
	number VARCHAR(16),
	opened_at TIMESTAMP WITH TIME ZONE NOT NULL,
	CONSTRAINT pk_ledger_account PRIMARY KEY (id),
	CONSTRAINT uq_ledger_account_id_currency_places_guard UNIQUE (id, currency, places, guard),
	CONSTRAINT ck_ledger_account_identity CHECK (id = cast(left(encode(sha256(convert_to(cast(tenant as text) || '|' || code || '|' || coalesce(cast(owner as text), '') || '|' || currency || '|' || coalesce(cast(ref as text), ''), 'UTF8')), 'hex'), 32) as uuid)),
	CONSTRAINT ck_ledger_account_tree CHECK (tree in ('client-money', 'house')),
	CONSTRAINT ck_ledger_account_guard CHECK (guard in ('floor', 'running', 'none')),
	CONSTRAINT ck_ledger_account_guarded_when_owned CHECK ((guard = 'none') = (owner is null)),
	CONSTRAINT ck_ledger_account_places CHECK (places = (case when currency in ('CLP', 'ISK', 'JPY', 'KRW', 'PYG', 'RWF', 'UGX', 'VND', 'XAF', 'XOF', 'XPF') then 0 when currency in ('BHD', 'IQD', 'JOD', 'KWD', 'LYD', 'OMR', 'TND') then 3 when currency in ('USDC', 'USDT') then 6 when currency in ('BTC', 'LTC') then 8 when currency in ('ETH') then 18 else 2 end)),
	CONSTRAINT fk_ledger_account_tenant FOREIGN KEY(tenant) REFERENCES tenant_identity (tenant)
)
""",
    r"""
CREATE INDEX ix_ledger_account_house ON ledger_account (code, currency) WHERE owner is null
""",
    r"""
CREATE UNIQUE INDEX ix_ledger_account_number ON ledger_account (number) WHERE number is not null
""",
    r"""
CREATE INDEX ix_ledger_account_owner ON ledger_account (owner, kind)
""",
    r"""
CREATE INDEX ix_ledger_account_ref ON ledger_account (ref) WHERE ref is not null
""",
    r"""
CREATE TABLE message (
	id UUID NOT NULL,
	person UUID,
	to_sealed BYTEA,
	template VARCHAR(60) NOT NULL,
	params JSONB NOT NULL,
	link_sealed BYTEA,
	locale VARCHAR(8) NOT NULL,
	campaign UUID,
	about UUID,
	state VARCHAR(8) DEFAULT 'queued' NOT NULL,
	tries BIGINT DEFAULT '0' NOT NULL,
	claimed_until TIMESTAMP WITH TIME ZONE,
	provider_id VARCHAR(200),
	error VARCHAR(300),
	queued_at TIMESTAMP WITH TIME ZONE NOT NULL,
	queued_by UUID,
	sent_at TIMESTAMP WITH TIME ZONE,
	CONSTRAINT pk_message PRIMARY KEY (id),
	CONSTRAINT ck_message_state CHECK (state in ('queued', 'sent', 'failed')),
	CONSTRAINT ck_message_someone CHECK (person is not null or to_sealed is not null),
	CONSTRAINT fk_message_person FOREIGN KEY(person) REFERENCES person (id)
)
""",
    r"""
CREATE INDEX ix_message_campaign ON message (campaign) WHERE campaign is not null
""",
    r"""
CREATE INDEX ix_message_person ON message (person, queued_at)
""",
    r"""
CREATE INDEX ix_message_queued_at ON message (queued_at, id)
""",
    r"""
CREATE INDEX ix_message_state ON message (state, queued_at) WHERE state <> 'sent'
""",
    r"""
CREATE TABLE notice (
	id UUID NOT NULL,
	person UUID NOT NULL,
	title VARCHAR(200) NOT NULL,
	body VARCHAR(400) NOT NULL,
	params JSONB NOT NULL,
	path VARCHAR(200),
	told_at TIMESTAMP WITH TIME ZONE NOT NULL,
	read_at TIMESTAMP WITH TIME ZONE,
	CONSTRAINT pk_notice PRIMARY KEY (id),
	CONSTRAINT fk_notice_person FOREIGN KEY(person) REFERENCES person (id)
)
""",
    r"""
CREATE INDEX ix_notice_person ON notice (person, told_at)
""",
    r"""
CREATE INDEX ix_notice_unread ON notice (person) WHERE read_at is null
""",
    r"""
CREATE TABLE one_time_token (
	id UUID NOT NULL,
	purpose VARCHAR(16) NOT NULL,
	token_hash BYTEA NOT NULL,
	person UUID NOT NULL,
	about JSONB NOT NULL,
	made_at TIMESTAMP WITH TIME ZONE NOT NULL,
	ends_at TIMESTAMP WITH TIME ZONE NOT NULL,
	used_at TIMESTAMP WITH TIME ZONE,
	tries BIGINT DEFAULT '0' NOT NULL,
	CONSTRAINT pk_one_time_token PRIMARY KEY (id),
	CONSTRAINT uq_one_time_token_token_hash UNIQUE (token_hash),
	CONSTRAINT fk_one_time_token_person FOREIGN KEY(person) REFERENCES person (id)
)
""",
    r"""
CREATE INDEX ix_one_time_token_person ON one_time_token (person)
""",
    r"""
CREATE TABLE outbox (
	id BIGINT GENERATED ALWAYS AS IDENTITY,
	fact UUID NOT NULL,
	tenant UUID DEFAULT current_setting('app.tenant')::uuid NOT NULL,
	kind VARCHAR(80) NOT NULL,
	lane VARCHAR(16) NOT NULL,
	body JSONB NOT NULL,
	told_at TIMESTAMP WITH TIME ZONE NOT NULL,
	relayed_at TIMESTAMP WITH TIME ZONE,
	CONSTRAINT pk_outbox PRIMARY KEY (id),
	CONSTRAINT uq_outbox_fact UNIQUE (fact),
	CONSTRAINT fk_outbox_tenant FOREIGN KEY(tenant) REFERENCES tenant_identity (tenant)
)
""",
    r"""
CREATE INDEX ix_outbox_waiting ON outbox (id) WHERE relayed_at is null
""",
    r"""
CREATE TABLE session (
	person UUID,
	audience VARCHAR(8) NOT NULL,
	support UUID,
	support_operator UUID,
	support_name VARCHAR(120),
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
	CONSTRAINT pk_session PRIMARY KEY (id),
	CONSTRAINT fk_session_person FOREIGN KEY(person) REFERENCES person (id),
	CONSTRAINT uq_session_token_hash UNIQUE (token_hash)
)
""",
    r"""
CREATE INDEX ix_session_ends_at ON session (ends_at)
""",
    r"""
CREATE INDEX ix_session_person ON session (person)
""",
    r"""
CREATE TABLE staff_role (
	person UUID NOT NULL,
	role UUID NOT NULL,
	granted_at TIMESTAMP WITH TIME ZONE NOT NULL,
	granted_by UUID,
	CONSTRAINT pk_staff_role PRIMARY KEY (person, role),
	CONSTRAINT fk_staff_role_person FOREIGN KEY(person) REFERENCES person (id),
	CONSTRAINT fk_staff_role_role FOREIGN KEY(role) REFERENCES role (id)
)
""",
    r"""
CREATE INDEX ix_staff_role_role ON staff_role (role)
""",
    r"""
CREATE TABLE task (
	id UUID NOT NULL,
	title_sealed BYTEA NOT NULL,
	state VARCHAR(8) NOT NULL,
	about_kind VARCHAR(24),
	about UUID,
	path VARCHAR(200),
	owner UUID,
	team VARCHAR(60),
	due_at TIMESTAMP WITH TIME ZONE NOT NULL,
	opened_at TIMESTAMP WITH TIME ZONE NOT NULL,
	opened_by UUID,
	rule VARCHAR(60),
	once VARCHAR(120),
	done_at TIMESTAMP WITH TIME ZONE,
	done_by UUID,
	CONSTRAINT pk_task PRIMARY KEY (id),
	CONSTRAINT ck_task_state CHECK (state in ('open', 'done', 'dropped')),
	CONSTRAINT ck_task_path CHECK (path is null or path like '/desk/%'),
	CONSTRAINT fk_task_owner FOREIGN KEY(owner) REFERENCES person (id),
	CONSTRAINT uq_task_once UNIQUE (once)
)
""",
    r"""
CREATE INDEX ix_task_about ON task (about) WHERE about is not null
""",
    r"""
CREATE INDEX ix_task_open ON task (due_at, id) WHERE state = 'open'
""",
    r"""
CREATE INDEX ix_task_owner ON task (owner, state, due_at)
""",
    r"""
CREATE TABLE webhook_delivery (
	id UUID NOT NULL,
	endpoint UUID NOT NULL,
	fact UUID NOT NULL,
	kind VARCHAR(80) NOT NULL,
	about VARCHAR(80) NOT NULL,
	body JSONB NOT NULL,
	told_at TIMESTAMP WITH TIME ZONE NOT NULL,
	queued_at TIMESTAMP WITH TIME ZONE NOT NULL,
	state VARCHAR(12) NOT NULL,
	tries INTEGER NOT NULL,
	due_at TIMESTAMP WITH TIME ZONE NOT NULL,
	leased_until TIMESTAMP WITH TIME ZONE,
	tried_at TIMESTAMP WITH TIME ZONE,
	status INTEGER,
	answer VARCHAR(256),
	error VARCHAR(200),
	done_at TIMESTAMP WITH TIME ZONE,
	CONSTRAINT pk_webhook_delivery PRIMARY KEY (id),
	CONSTRAINT uq_webhook_delivery_endpoint_fact UNIQUE (endpoint, fact),
	CONSTRAINT ck_webhook_delivery_state CHECK (state in ('waiting', 'delivered', 'dead')),
	CONSTRAINT fk_webhook_delivery_endpoint FOREIGN KEY(endpoint) REFERENCES webhook_endpoint (id) ON DELETE CASCADE
)
""",
    r"""
CREATE INDEX ix_webhook_delivery_dead ON webhook_delivery (state, id)
""",
    r"""
CREATE INDEX ix_webhook_delivery_due ON webhook_delivery (endpoint, about, id) WHERE state = 'waiting'
""",
    r"""
CREATE INDEX ix_webhook_delivery_log ON webhook_delivery (endpoint, id)
""",
    r"""
CREATE TABLE adjustment (
	id UUID NOT NULL,
	reference VARCHAR(16) NOT NULL,
	client UUID NOT NULL,
	direction VARCHAR(8) NOT NULL,
	amount NUMERIC(38, 18) NOT NULL,
	currency VARCHAR(8) NOT NULL,
	category VARCHAR(24) NOT NULL,
	reverses UUID,
	reason VARCHAR(400) NOT NULL,
	evidence VARCHAR(400) NOT NULL,
	state VARCHAR(12) NOT NULL,
	asked_by UUID NOT NULL,
	asked_at TIMESTAMP WITH TIME ZONE NOT NULL,
	decided_by UUID,
	decided_at TIMESTAMP WITH TIME ZONE,
	decision_note VARCHAR(400),
	entry UUID,
	CONSTRAINT pk_adjustment PRIMARY KEY (id),
	CONSTRAINT ck_adjustment_direction CHECK (direction in ('credit', 'debit')),
	CONSTRAINT ck_adjustment_amount CHECK (amount > 0 and amount <= 1000000000000000),
	CONSTRAINT ck_adjustment_state CHECK (state in ('asked', 'posted', 'rejected', 'cancelled')),
	CONSTRAINT ck_adjustment_posted CHECK ((state = 'posted') = (entry is not null)),
	CONSTRAINT ck_adjustment_decided CHECK ((state = 'asked') = (decided_at is null)),
	CONSTRAINT ck_adjustment_another_decides CHECK (state in ('asked', 'cancelled') or decided_by <> asked_by),
	CONSTRAINT uq_adjustment_reference UNIQUE (reference),
	CONSTRAINT fk_adjustment_reverses FOREIGN KEY(reverses) REFERENCES entry (id),
	CONSTRAINT uq_adjustment_entry UNIQUE (entry),
	CONSTRAINT fk_adjustment_entry FOREIGN KEY(entry) REFERENCES entry (id)
)
""",
    r"""
CREATE INDEX ix_adjustment_asked_by ON adjustment (asked_by, asked_at)
""",
    r"""
CREATE INDEX ix_adjustment_client ON adjustment (client, id)
""",
    r"""
CREATE INDEX ix_adjustment_state ON adjustment (state, id)
""",
    r"""
CREATE TABLE api_token (
	token_hash BYTEA NOT NULL,
	client UUID NOT NULL,
	scopes VARCHAR(80)[] NOT NULL,
	made_at TIMESTAMP WITH TIME ZONE NOT NULL,
	ends_at TIMESTAMP WITH TIME ZONE NOT NULL,
	CONSTRAINT pk_api_token PRIMARY KEY (token_hash),
	CONSTRAINT fk_api_token_client FOREIGN KEY(client) REFERENCES api_client (id)
)
""",
    r"""
CREATE INDEX ix_api_token_client ON api_token (client)
""",
    r"""
CREATE INDEX ix_api_token_ends_at ON api_token (ends_at)
""",
    r"""
CREATE TABLE attribution (
	client UUID NOT NULL,
	valid_from TIMESTAMP WITH TIME ZONE NOT NULL,
	valid_to TIMESTAMP WITH TIME ZONE,
	partner UUID,
	rule VARCHAR(60) NOT NULL,
	touches JSONB NOT NULL,
	CONSTRAINT pk_attribution PRIMARY KEY (client, valid_from),
	CONSTRAINT fk_attribution_client FOREIGN KEY(client) REFERENCES client (id)
)
""",
    r"""
CREATE INDEX ix_attribution_partner ON attribution (partner)
""",
    r"""
CREATE TABLE audit_seal (
	number BIGINT NOT NULL,
	entry BIGINT NOT NULL,
	xid xid8 NOT NULL,
	hash BYTEA NOT NULL,
	sealed_at TIMESTAMP WITH TIME ZONE NOT NULL,
	CONSTRAINT pk_audit_seal PRIMARY KEY (number),
	CONSTRAINT uq_audit_seal_entry UNIQUE (entry),
	CONSTRAINT fk_audit_seal_entry FOREIGN KEY(entry) REFERENCES audit_entry (id)
)
""",
    r"""
CREATE TABLE campaign_recipient (
	campaign UUID NOT NULL,
	client UUID NOT NULL,
	state VARCHAR(8) NOT NULL,
	why VARCHAR(24),
	message UUID,
	left_at TIMESTAMP WITH TIME ZONE,
	CONSTRAINT pk_campaign_recipient PRIMARY KEY (campaign, client),
	CONSTRAINT ck_campaign_recipient_state CHECK (state in ('waiting', 'queued', 'held')),
	CONSTRAINT fk_campaign_recipient_campaign FOREIGN KEY(campaign) REFERENCES campaign (id),
	CONSTRAINT fk_campaign_recipient_client FOREIGN KEY(client) REFERENCES client (id)
)
""",
    r"""
CREATE INDEX ix_campaign_recipient_client ON campaign_recipient (client)
""",
    r"""
CREATE INDEX ix_campaign_recipient_waiting ON campaign_recipient (campaign, client) WHERE state = 'waiting'
""",
    r"""
CREATE TABLE client_agreement (
	client UUID NOT NULL,
	document VARCHAR(40) NOT NULL,
	version VARCHAR(20) NOT NULL,
	language VARCHAR(8) NOT NULL,
	accepted_at TIMESTAMP WITH TIME ZONE NOT NULL,
	CONSTRAINT pk_client_agreement PRIMARY KEY (client, document, version),
	CONSTRAINT fk_client_agreement_client FOREIGN KEY(client) REFERENCES client (id)
)
""",
    r"""
CREATE TABLE client_note (
	id UUID NOT NULL,
	client UUID NOT NULL,
	kind VARCHAR(24) NOT NULL,
	text_sealed BYTEA NOT NULL,
	about JSONB,
	author UUID,
	author_name VARCHAR(120) NOT NULL,
	at TIMESTAMP WITH TIME ZONE NOT NULL,
	replaces UUID,
	CONSTRAINT pk_client_note PRIMARY KEY (id),
	CONSTRAINT fk_client_note_client FOREIGN KEY(client) REFERENCES client (id),
	CONSTRAINT fk_client_note_replaces FOREIGN KEY(replaces) REFERENCES client_note (id)
)
""",
    r"""
CREATE INDEX ix_client_note_client ON client_note (client, id)
""",
    r"""
CREATE TABLE deposit (
	id UUID NOT NULL,
	reference VARCHAR(16) NOT NULL,
	client UUID NOT NULL,
	method VARCHAR(12) NOT NULL,
	amount NUMERIC(38, 18) NOT NULL,
	currency VARCHAR(8) NOT NULL,
	fee NUMERIC(38, 18) NOT NULL,
	state VARCHAR(12) NOT NULL,
	psp VARCHAR(32),
	code VARCHAR(80),
	first BOOLEAN,
	entry UUID,
	started_at TIMESTAMP WITH TIME ZONE NOT NULL,
	expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
	ended_at TIMESTAMP WITH TIME ZONE,
	instrument JSONB,
	token_sealed BYTEA,
	CONSTRAINT pk_deposit PRIMARY KEY (id),
	CONSTRAINT ck_deposit_amount CHECK (amount > 0 and fee >= 0 and fee < amount),
	CONSTRAINT ck_deposit_state CHECK (state in ('starting', 'waiting', 'failed', 'expired', 'cancelled', 'review', 'credited', 'returned')),
	CONSTRAINT ck_deposit_credited CHECK (state <> 'credited' or entry is not null),
	CONSTRAINT uq_deposit_reference UNIQUE (reference),
	CONSTRAINT fk_deposit_client FOREIGN KEY(client) REFERENCES client (id),
	CONSTRAINT uq_deposit_entry UNIQUE (entry)
)
""",
    r"""
CREATE INDEX ix_deposit_client ON deposit (client, id)
""",
    r"""
CREATE INDEX ix_deposit_psp ON deposit (psp, started_at)
""",
    r"""
CREATE INDEX ix_deposit_started_at ON deposit (started_at, id)
""",
    r"""
CREATE INDEX ix_deposit_state ON deposit (state, id)
""",
    r"""
CREATE TABLE fx_quote (
	id UUID NOT NULL,
	client UUID NOT NULL,
	sell_amount NUMERIC(38, 18) NOT NULL,
	sell_currency VARCHAR(8) NOT NULL,
	buy_amount NUMERIC(38, 18) NOT NULL,
	buy_currency VARCHAR(8) NOT NULL,
	mid NUMERIC(38, 18) NOT NULL,
	rate NUMERIC(38, 18) NOT NULL,
	margin_bps SMALLINT NOT NULL,
	margin NUMERIC(38, 18) NOT NULL,
	remainder NUMERIC(38, 18) NOT NULL,
	source VARCHAR(80) NOT NULL,
	rate_at TIMESTAMP WITH TIME ZONE NOT NULL,
	quoted_at TIMESTAMP WITH TIME ZONE NOT NULL,
	expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
	used_at TIMESTAMP WITH TIME ZONE,
	entry UUID,
	CONSTRAINT pk_fx_quote PRIMARY KEY (id),
	CONSTRAINT ck_fx_quote_amounts CHECK (sell_amount > 0 and sell_amount <= 1000000000000000 and buy_amount > 0 and buy_amount <= 1000000000000000),
	CONSTRAINT ck_fx_quote_currencies CHECK (sell_currency <> buy_currency),
	CONSTRAINT ck_fx_quote_never_gains CHECK (margin >= 0 and remainder >= 0 and rate <= mid),
	CONSTRAINT ck_fx_quote_used CHECK ((used_at is null) = (entry is null)),
	CONSTRAINT uq_fx_quote_entry UNIQUE (entry),
	CONSTRAINT fk_fx_quote_entry FOREIGN KEY(entry) REFERENCES entry (id)
)
""",
    r"""
CREATE INDEX ix_fx_quote_client ON fx_quote (client, id)
""",
    r"""
CREATE INDEX ix_fx_quote_unused ON fx_quote (expires_at) WHERE used_at is null
""",
    r"""
CREATE TABLE kyc_case (
	id UUID NOT NULL,
	client UUID NOT NULL,
	why VARCHAR(12) NOT NULL,
	state VARCHAR(12) NOT NULL,
	pack VARCHAR(40) NOT NULL,
	client_type VARCHAR(12) NOT NULL,
	answers_sealed BYTEA,
	steps_done VARCHAR(40)[] NOT NULL,
	opened_at TIMESTAMP WITH TIME ZONE NOT NULL,
	submitted_at TIMESTAMP WITH TIME ZONE,
	due_at TIMESTAMP WITH TIME ZONE,
	urgency_at TIMESTAMP WITH TIME ZONE,
	in_review_at TIMESTAMP WITH TIME ZONE,
	attempt INTEGER NOT NULL,
	provider VARCHAR(24) NOT NULL,
	applicant VARCHAR(120),
	provider_state VARCHAR(20),
	provider_attempt INTEGER NOT NULL,
	polled_at TIMESTAMP WITH TIME ZONE,
	risk_score INTEGER,
	risk_band VARCHAR(12),
	risk JSONB,
	failed VARCHAR(60)[] NOT NULL,
	claimed_by UUID,
	claimed_name VARCHAR(120),
	claimed_until TIMESTAMP WITH TIME ZONE,
	decided_at TIMESTAMP WITH TIME ZONE,
	decided_by UUID,
	decided_name VARCHAR(120),
	decision JSONB,
	reason VARCHAR(40),
	CONSTRAINT pk_kyc_case PRIMARY KEY (id),
	CONSTRAINT ck_kyc_case_state CHECK (state in ('open','checking','review','asked','approved','rejected','closed')),
	CONSTRAINT ck_kyc_case_decided CHECK ((state in ('approved','rejected')) = (decided_at is not null)),
	CONSTRAINT fk_kyc_case_client FOREIGN KEY(client) REFERENCES client (id)
)
""",
    r"""
CREATE INDEX ix_kyc_case_client ON kyc_case (client, id)
""",
    r"""
CREATE INDEX ix_kyc_case_decided ON kyc_case (decided_at, id)
""",
    r"""
CREATE INDEX ix_kyc_case_queue ON kyc_case (state, urgency_at, id)
""",
    r"""
CREATE UNIQUE INDEX uq_kyc_case_applicant ON kyc_case (provider, applicant) WHERE applicant is not null
""",
    r"""
CREATE UNIQUE INDEX uq_kyc_case_living ON kyc_case (client) WHERE state in ('open','checking','review','asked')
""",
    r"""
CREATE TABLE kyc_standing (
	client UUID NOT NULL,
	pack VARCHAR(40) NOT NULL,
	jurisdiction JSONB NOT NULL,
	resolved_at TIMESTAMP WITH TIME ZONE NOT NULL,
	category VARCHAR(16) NOT NULL,
	level VARCHAR(40) NOT NULL,
	steps VARCHAR(40)[] NOT NULL,
	checks VARCHAR(60)[] NOT NULL,
	approved_at TIMESTAMP WITH TIME ZONE,
	approved_case UUID,
	risk_score INTEGER,
	risk_band VARCHAR(12),
	risk JSONB,
	risk_set_band VARCHAR(12),
	test_cap INTEGER NOT NULL,
	extra VARCHAR(120)[] NOT NULL,
	extra_seen VARCHAR(120)[] NOT NULL,
	extra_done_at TIMESTAMP WITH TIME ZONE,
	extra_done_by UUID,
	extra_sealed BYTEA,
	review_on DATE,
	expires_on DATE,
	warned_days INTEGER,
	CONSTRAINT pk_kyc_standing PRIMARY KEY (client),
	CONSTRAINT fk_kyc_standing_client FOREIGN KEY(client) REFERENCES client (id)
)
""",
    r"""
CREATE INDEX ix_kyc_standing_expires_on ON kyc_standing (expires_on)
""",
    r"""
CREATE INDEX ix_kyc_standing_extra ON kyc_standing (client) WHERE cardinality(extra) > 0
""",
    r"""
CREATE INDEX ix_kyc_standing_review_on ON kyc_standing (review_on)
""",
    r"""
CREATE TABLE kyc_test (
	id UUID NOT NULL,
	client UUID NOT NULL,
	questionnaire VARCHAR(40) NOT NULL,
	version VARCHAR(40) NOT NULL,
	percent INTEGER NOT NULL,
	band VARCHAR(40) NOT NULL,
	passes BOOLEAN NOT NULL,
	leverage_cap INTEGER NOT NULL,
	warning VARCHAR(400) NOT NULL,
	lines JSONB NOT NULL,
	taken_at TIMESTAMP WITH TIME ZONE NOT NULL,
	CONSTRAINT pk_kyc_test PRIMARY KEY (id),
	CONSTRAINT fk_kyc_test_client FOREIGN KEY(client) REFERENCES client (id)
)
""",
    r"""
CREATE INDEX ix_kyc_test_client ON kyc_test (client, id)
""",
    r"""
CREATE TABLE lead (
	id UUID NOT NULL,
	name_sealed BYTEA NOT NULL,
	email_sealed BYTEA NOT NULL,
	email_blind BYTEA NOT NULL,
	phone_sealed BYTEA,
	search BIGINT[] NOT NULL,
	source VARCHAR(60) NOT NULL,
	campaign VARCHAR(120),
	country VARCHAR(2),
	language VARCHAR(8) NOT NULL,
	owner UUID,
	team VARCHAR(60),
	stage VARCHAR(24) NOT NULL,
	score INTEGER NOT NULL,
	because JSONB NOT NULL,
	client UUID,
	batch UUID,
	created_at TIMESTAMP WITH TIME ZONE NOT NULL,
	last_touch_at TIMESTAMP WITH TIME ZONE NOT NULL,
	converted_at TIMESTAMP WITH TIME ZONE,
	CONSTRAINT pk_lead PRIMARY KEY (id),
	CONSTRAINT ck_lead_converted CHECK (converted_at is null or client is not null),
	CONSTRAINT uq_lead_email_blind UNIQUE (email_blind),
	CONSTRAINT fk_lead_owner FOREIGN KEY(owner) REFERENCES person (id),
	CONSTRAINT fk_lead_client FOREIGN KEY(client) REFERENCES client (id),
	CONSTRAINT fk_lead_batch FOREIGN KEY(batch) REFERENCES lead_import (id)
)
""",
    r"""
CREATE INDEX ix_lead_batch ON lead (batch) WHERE batch is not null
""",
    r"""
CREATE UNIQUE INDEX ix_lead_client ON lead (client) WHERE client is not null
""",
    r"""
CREATE INDEX ix_lead_created_at ON lead (created_at, id)
""",
    r"""
CREATE INDEX ix_lead_owner ON lead (owner, stage)
""",
    r"""
CREATE INDEX ix_lead_search ON lead USING gin (search)
""",
    r"""
CREATE INDEX ix_lead_stage ON lead (stage, score, id)
""",
    r"""
CREATE INDEX ix_lead_team ON lead (team, id)
""",
    r"""
CREATE TABLE leg (
	entry UUID NOT NULL,
	line SMALLINT NOT NULL,
	amount NUMERIC(38, 18) NOT NULL,
	currency VARCHAR(8) NOT NULL,
	places SMALLINT NOT NULL,
	opposite NUMERIC(38, 18) GENERATED ALWAYS AS (-amount) STORED NOT NULL,
	account UUID NOT NULL,
	guard VARCHAR(8) NOT NULL,
	version BIGINT,
	balance NUMERIC(38, 18),
	previous BIGINT GENERATED ALWAYS AS (nullif(version - 1, 0)) STORED,
	before NUMERIC(38, 18) GENERATED ALWAYS AS (balance - amount) STORED,
	posted_at TIMESTAMP WITH TIME ZONE NOT NULL,
	CONSTRAINT pk_leg PRIMARY KEY (entry, line, amount, currency),
	CONSTRAINT fk_leg_opposite FOREIGN KEY(entry, line, opposite, currency) REFERENCES leg (entry, line, amount, currency),
	CONSTRAINT fk_leg_account FOREIGN KEY(account, currency, places, guard) REFERENCES ledger_account (id, currency, places, guard),
	CONSTRAINT fk_leg_previous FOREIGN KEY(account, previous, before) REFERENCES leg (account, version, balance),
	CONSTRAINT uq_leg_account_version_balance UNIQUE (account, version, balance),
	CONSTRAINT ck_leg_amount CHECK (amount <> 0 and abs(amount) <= 1000000000000000),
	CONSTRAINT ck_leg_digits CHECK (amount = round(amount, places)),
	CONSTRAINT ck_leg_chained_when_guarded CHECK ((guard = 'none') = (version is null) and (version is null) = (balance is null)),
	CONSTRAINT ck_leg_first CHECK (version > 1 or version = 1 and balance = amount),
	CONSTRAINT ck_leg_never_negative CHECK (guard <> 'floor' or balance >= 0),
	CONSTRAINT fk_leg_entry FOREIGN KEY(entry) REFERENCES entry (id)
)
""",
    r"""
CREATE INDEX ix_leg_account ON leg (account, posted_at)
""",
    r"""
CREATE UNIQUE INDEX ix_leg_version ON leg (account, version) WHERE version is not null
""",
    r"""
CREATE TABLE partner (
	id UUID NOT NULL,
	code VARCHAR(24) NOT NULL,
	parent UUID,
	plan VARCHAR(40) NOT NULL,
	rates JSONB NOT NULL,
	currency VARCHAR(8) NOT NULL,
	state VARCHAR(12) NOT NULL,
	agreement INTEGER,
	agreed_at TIMESTAMP WITH TIME ZONE,
	joined_at TIMESTAMP WITH TIME ZONE NOT NULL,
	CONSTRAINT pk_partner PRIMARY KEY (id),
	CONSTRAINT fk_partner_id FOREIGN KEY(id) REFERENCES client (id),
	CONSTRAINT uq_partner_code UNIQUE (code),
	CONSTRAINT fk_partner_parent FOREIGN KEY(parent) REFERENCES partner (id)
)
""",
    r"""
CREATE INDEX ix_partner_parent ON partner (parent)
""",
    r"""
CREATE TABLE payout_destination (
	id UUID NOT NULL,
	client UUID NOT NULL,
	method VARCHAR(12) NOT NULL,
	tail VARCHAR(8) NOT NULL,
	country VARCHAR(2),
	details_sealed BYTEA NOT NULL,
	blind BYTEA NOT NULL,
	state VARCHAR(12) NOT NULL,
	added_at TIMESTAMP WITH TIME ZONE NOT NULL,
	usable_at TIMESTAMP WITH TIME ZONE NOT NULL,
	used_at TIMESTAMP WITH TIME ZONE,
	CONSTRAINT pk_payout_destination PRIMARY KEY (id),
	CONSTRAINT ck_payout_destination_state CHECK (state in ('active', 'removed')),
	CONSTRAINT fk_payout_destination_client FOREIGN KEY(client) REFERENCES client (id)
)
""",
    r"""
CREATE INDEX ix_payout_destination_blind ON payout_destination (blind)
""",
    r"""
CREATE UNIQUE INDEX uq_payout_destination_blind ON payout_destination (client, blind) WHERE state = 'active'
""",
    r"""
CREATE TABLE screening (
	id UUID NOT NULL,
	client UUID NOT NULL,
	"case" UUID,
	why VARCHAR(12) NOT NULL,
	engine VARCHAR(40) NOT NULL,
	threshold INTEGER NOT NULL,
	lists JSONB NOT NULL,
	hits INTEGER NOT NULL,
	answer_sealed BYTEA NOT NULL,
	at TIMESTAMP WITH TIME ZONE NOT NULL,
	CONSTRAINT pk_screening PRIMARY KEY (id),
	CONSTRAINT fk_screening_client FOREIGN KEY(client) REFERENCES client (id)
)
""",
    r"""
CREATE INDEX ix_screening_client ON screening (client, id)
""",
    r"""
CREATE TABLE trading_account (
	id UUID NOT NULL,
	client UUID NOT NULL,
	server VARCHAR(40) NOT NULL,
	kind VARCHAR(8) NOT NULL,
	product VARCHAR(40) NOT NULL,
	state VARCHAR(12) NOT NULL,
	login BIGINT,
	server_group VARCHAR(80) NOT NULL,
	currency VARCHAR(8) NOT NULL,
	leverage INTEGER NOT NULL,
	password_sealed BYTEA,
	password_shown_at TIMESTAMP WITH TIME ZONE,
	balance NUMERIC(38, 18) NOT NULL,
	credit NUMERIC(38, 18) NOT NULL,
	equity NUMERIC(38, 18) NOT NULL,
	margin NUMERIC(38, 18) NOT NULL,
	margin_free NUMERIC(38, 18) NOT NULL,
	floating NUMERIC(38, 18) NOT NULL,
	told_at TIMESTAMP WITH TIME ZONE,
	deals_at TIMESTAMP WITH TIME ZONE,
	deals_last BIGINT,
	opened_at TIMESTAMP WITH TIME ZONE NOT NULL,
	sent_at TIMESTAMP WITH TIME ZONE,
	why VARCHAR(400),
	CONSTRAINT pk_trading_account PRIMARY KEY (id),
	CONSTRAINT uq_trading_account_server_login UNIQUE (server, login),
	CONSTRAINT ck_trading_account_kind CHECK (kind in ('live', 'demo')),
	CONSTRAINT fk_trading_account_client FOREIGN KEY(client) REFERENCES client (id)
)
""",
    r"""
CREATE INDEX ix_trading_account_client ON trading_account (client)
""",
    r"""
CREATE INDEX ix_trading_account_live ON trading_account (kind, state)
""",
    r"""
CREATE TABLE deal (
	server VARCHAR(40) NOT NULL,
	number BIGINT NOT NULL,
	id UUID NOT NULL,
	account UUID NOT NULL,
	client UUID NOT NULL,
	login BIGINT NOT NULL,
	kind VARCHAR(16) NOT NULL,
	entry VARCHAR(8) NOT NULL,
	at TIMESTAMP WITH TIME ZONE NOT NULL,
	symbol VARCHAR(32) NOT NULL,
	lots NUMERIC(38, 18) NOT NULL,
	lots_closed NUMERIC(38, 18) NOT NULL,
	contract_size NUMERIC(38, 18) NOT NULL,
	price NUMERIC(38, 18) NOT NULL,
	profit NUMERIC(38, 18) NOT NULL,
	swap NUMERIC(38, 18) NOT NULL,
	commission NUMERIC(38, 18) NOT NULL,
	currency VARCHAR(8) NOT NULL,
	position BIGINT NOT NULL,
	opened_at TIMESTAMP WITH TIME ZONE,
	comment VARCHAR(64) NOT NULL,
	imported_at TIMESTAMP WITH TIME ZONE NOT NULL,
	CONSTRAINT pk_deal PRIMARY KEY (server, number),
	CONSTRAINT uq_deal_id UNIQUE (id),
	CONSTRAINT fk_deal_account FOREIGN KEY(account) REFERENCES trading_account (id)
)
""",
    r"""
CREATE INDEX ix_deal_account ON deal (account, at, number)
""",
    r"""
CREATE INDEX ix_deal_at ON deal (at, server, number)
""",
    r"""
CREATE INDEX ix_deal_client ON deal (client, at)
""",
    r"""
CREATE INDEX ix_deal_imported ON deal (imported_at)
""",
    r"""
CREATE INDEX ix_deal_position ON deal (server, position)
""",
    r"""
CREATE TABLE equity_point (
	account UUID NOT NULL,
	at TIMESTAMP WITH TIME ZONE NOT NULL,
	balance NUMERIC(38, 18) NOT NULL,
	equity NUMERIC(38, 18) NOT NULL,
	CONSTRAINT pk_equity_point PRIMARY KEY (account, at),
	CONSTRAINT fk_equity_point_account FOREIGN KEY(account) REFERENCES trading_account (id)
)
""",
    r"""
CREATE TABLE kyc_check (
	"case" UUID NOT NULL,
	code VARCHAR(60) NOT NULL,
	outcome VARCHAR(12) NOT NULL,
	because VARCHAR(400) NOT NULL,
	tell VARCHAR(400) NOT NULL,
	version VARCHAR(40) NOT NULL,
	source VARCHAR(24) NOT NULL,
	at TIMESTAMP WITH TIME ZONE NOT NULL,
	machine VARCHAR(12),
	by UUID,
	by_name VARCHAR(120),
	reason_sealed BYTEA,
	CONSTRAINT pk_kyc_check PRIMARY KEY ("case", code),
	CONSTRAINT ck_kyc_check_outcome CHECK (outcome in ('passed','pending','retry','review','failed')),
	CONSTRAINT fk_kyc_check_case FOREIGN KEY("case") REFERENCES kyc_case (id)
)
""",
    r"""
CREATE TABLE kyc_document (
	id UUID NOT NULL,
	"case" UUID NOT NULL,
	client UUID NOT NULL,
	kind VARCHAR(40) NOT NULL,
	paper VARCHAR(40) NOT NULL,
	file UUID NOT NULL,
	country VARCHAR(2) NOT NULL,
	issued_on DATE,
	expires_on DATE,
	number_sealed BYTEA,
	number_blind BYTEA,
	zone_sealed BYTEA,
	legible VARCHAR(12) NOT NULL,
	as_it_is BOOLEAN NOT NULL,
	in_force BOOLEAN NOT NULL,
	sent_attempt INTEGER NOT NULL,
	uploaded_at TIMESTAMP WITH TIME ZONE NOT NULL,
	CONSTRAINT pk_kyc_document PRIMARY KEY (id),
	CONSTRAINT fk_kyc_document_case FOREIGN KEY("case") REFERENCES kyc_case (id),
	CONSTRAINT fk_kyc_document_client FOREIGN KEY(client) REFERENCES client (id),
	CONSTRAINT fk_kyc_document_file FOREIGN KEY(file) REFERENCES stored_file (id)
)
""",
    r"""
CREATE INDEX ix_kyc_document_case ON kyc_document ("case", kind)
""",
    r"""
CREATE INDEX ix_kyc_document_client ON kyc_document (client)
""",
    r"""
CREATE INDEX ix_kyc_document_file ON kyc_document (file)
""",
    r"""
CREATE INDEX ix_kyc_document_number_blind ON kyc_document (number_blind)
""",
    r"""
CREATE UNIQUE INDEX uq_kyc_document_in_force ON kyc_document ("case", kind) WHERE in_force
""",
    r"""
CREATE TABLE kyc_proposal (
	id UUID NOT NULL,
	client UUID NOT NULL,
	"case" UUID,
	change VARCHAR(24) NOT NULL,
	about JSONB NOT NULL,
	reason_sealed BYTEA NOT NULL,
	state VARCHAR(12) NOT NULL,
	asked_by UUID NOT NULL,
	asked_name VARCHAR(120) NOT NULL,
	asked_at TIMESTAMP WITH TIME ZONE NOT NULL,
	second_by UUID,
	second_name VARCHAR(120),
	second_at TIMESTAMP WITH TIME ZONE,
	CONSTRAINT pk_kyc_proposal PRIMARY KEY (id),
	CONSTRAINT ck_kyc_proposal_state CHECK (state in ('waiting','agreed','refused','fallen')),
	CONSTRAINT ck_kyc_proposal_four_eyes CHECK (second_by is null or second_by <> asked_by),
	CONSTRAINT fk_kyc_proposal_client FOREIGN KEY(client) REFERENCES client (id),
	CONSTRAINT fk_kyc_proposal_case FOREIGN KEY("case") REFERENCES kyc_case (id)
)
""",
    r"""
CREATE INDEX ix_kyc_proposal_case ON kyc_proposal ("case")
""",
    r"""
CREATE INDEX ix_kyc_proposal_client ON kyc_proposal (client)
""",
    r"""
CREATE INDEX ix_kyc_proposal_waiting ON kyc_proposal (state, id)
""",
    r"""
CREATE TABLE lead_note (
	id UUID NOT NULL,
	lead UUID NOT NULL,
	kind VARCHAR(16) NOT NULL,
	text_sealed BYTEA,
	about JSONB,
	author UUID,
	author_name VARCHAR(120) NOT NULL,
	at TIMESTAMP WITH TIME ZONE NOT NULL,
	replaces UUID,
	CONSTRAINT pk_lead_note PRIMARY KEY (id),
	CONSTRAINT fk_lead_note_lead FOREIGN KEY(lead) REFERENCES lead (id),
	CONSTRAINT fk_lead_note_replaces FOREIGN KEY(replaces) REFERENCES lead_note (id)
)
""",
    r"""
CREATE INDEX ix_lead_note_lead ON lead_note (lead, id)
""",
    r"""
CREATE TABLE ledger_balance (
	account UUID NOT NULL,
	balance NUMERIC(38, 18) DEFAULT '0' NOT NULL,
	version BIGINT,
	moved_at TIMESTAMP WITH TIME ZONE,
	frozen_at TIMESTAMP WITH TIME ZONE,
	frozen_why VARCHAR(200),
	closed_at TIMESTAMP WITH TIME ZONE,
	CONSTRAINT pk_ledger_balance PRIMARY KEY (account),
	CONSTRAINT fk_ledger_balance_newest_leg FOREIGN KEY(account, version, balance) REFERENCES leg (account, version, balance),
	CONSTRAINT ck_ledger_balance_explained CHECK (version is not null or balance = 0),
	CONSTRAINT fk_ledger_balance_account FOREIGN KEY(account) REFERENCES ledger_account (id)
)
 WITH (fillfactor = 70)
""",
    r"""
CREATE TABLE open_position (
	server VARCHAR(40) NOT NULL,
	number BIGINT NOT NULL,
	account UUID NOT NULL,
	client UUID NOT NULL,
	symbol VARCHAR(32) NOT NULL,
	side VARCHAR(4) NOT NULL,
	lots NUMERIC(38, 18) NOT NULL,
	contract_size NUMERIC(38, 18) NOT NULL,
	price_open NUMERIC(38, 18) NOT NULL,
	price_now NUMERIC(38, 18) NOT NULL,
	profit NUMERIC(38, 18) NOT NULL,
	swap NUMERIC(38, 18) NOT NULL,
	opened_at TIMESTAMP WITH TIME ZONE NOT NULL,
	told_at TIMESTAMP WITH TIME ZONE NOT NULL,
	CONSTRAINT pk_open_position PRIMARY KEY (server, number),
	CONSTRAINT fk_open_position_account FOREIGN KEY(account) REFERENCES trading_account (id)
)
""",
    r"""
CREATE INDEX ix_open_position_account ON open_position (account)
""",
    r"""
CREATE INDEX ix_open_position_symbol ON open_position (symbol)
""",
    r"""
CREATE TABLE partner_line (
	partner UUID NOT NULL,
	above UUID NOT NULL,
	valid_from TIMESTAMP WITH TIME ZONE NOT NULL,
	valid_to TIMESTAMP WITH TIME ZONE,
	depth INTEGER NOT NULL,
	CONSTRAINT pk_partner_line PRIMARY KEY (partner, above, valid_from),
	CONSTRAINT fk_partner_line_partner FOREIGN KEY(partner) REFERENCES partner (id),
	CONSTRAINT fk_partner_line_above FOREIGN KEY(above) REFERENCES partner (id)
)
""",
    r"""
CREATE INDEX ix_partner_line_above ON partner_line (above, depth)
""",
    r"""
CREATE TABLE partner_link (
	code VARCHAR(24) NOT NULL,
	partner UUID NOT NULL,
	name VARCHAR(60) NOT NULL,
	made_at TIMESTAMP WITH TIME ZONE NOT NULL,
	clicks BIGINT NOT NULL,
	CONSTRAINT pk_partner_link PRIMARY KEY (code),
	CONSTRAINT fk_partner_link_partner FOREIGN KEY(partner) REFERENCES partner (id)
)
""",
    r"""
CREATE INDEX ix_partner_link_partner ON partner_link (partner)
""",
    r"""
CREATE TABLE partner_payout (
	id UUID NOT NULL,
	partner UUID NOT NULL,
	accrued_to TIMESTAMP WITH TIME ZONE NOT NULL,
	rewards BIGINT NOT NULL,
	earned NUMERIC(38, 18) NOT NULL,
	carried_in NUMERIC(38, 18) NOT NULL,
	amount NUMERIC(38, 18) NOT NULL,
	carried NUMERIC(38, 18) NOT NULL,
	currency VARCHAR(8) NOT NULL,
	state VARCHAR(12) NOT NULL,
	made_at TIMESTAMP WITH TIME ZONE NOT NULL,
	made_by UUID,
	decided_by UUID,
	paid_at TIMESTAMP WITH TIME ZONE,
	entry UUID,
	why VARCHAR(400),
	CONSTRAINT pk_partner_payout PRIMARY KEY (id),
	CONSTRAINT ck_partner_payout_amount CHECK (amount >= 0),
	CONSTRAINT fk_partner_payout_partner FOREIGN KEY(partner) REFERENCES partner (id)
)
""",
    r"""
CREATE INDEX ix_partner_payout_made ON partner_payout (made_at, id)
""",
    r"""
CREATE UNIQUE INDEX uq_partner_payout_to ON partner_payout (partner, accrued_to)
""",
    r"""
CREATE TABLE partner_rate (
	partner UUID NOT NULL,
	kind VARCHAR(20) NOT NULL,
	symbol_group VARCHAR(24) NOT NULL,
	valid_from TIMESTAMP WITH TIME ZONE NOT NULL,
	valid_to TIMESTAMP WITH TIME ZONE,
	rate NUMERIC(38, 18) NOT NULL,
	currency VARCHAR(8) NOT NULL,
	plan VARCHAR(40) NOT NULL,
	plan_version INTEGER NOT NULL,
	held_min_s INTEGER NOT NULL,
	cap NUMERIC(38, 18) NOT NULL,
	CONSTRAINT pk_partner_rate PRIMARY KEY (partner, kind, symbol_group, valid_from),
	CONSTRAINT fk_partner_rate_partner FOREIGN KEY(partner) REFERENCES partner (id)
)
""",
    r"""
CREATE TABLE payment_attempt (
	id UUID NOT NULL,
	deposit UUID NOT NULL,
	number INTEGER NOT NULL,
	psp VARCHAR(32) NOT NULL,
	state VARCHAR(12) NOT NULL,
	decision JSONB NOT NULL,
	reference VARCHAR(160),
	payment VARCHAR(160),
	page TEXT,
	lines JSONB,
	code VARCHAR(80),
	technical BOOLEAN,
	asked_at TIMESTAMP WITH TIME ZONE NOT NULL,
	answered_at TIMESTAMP WITH TIME ZONE,
	took_ms INTEGER,
	ended_at TIMESTAMP WITH TIME ZONE,
	polls INTEGER NOT NULL,
	next_poll_at TIMESTAMP WITH TIME ZONE,
	CONSTRAINT pk_payment_attempt PRIMARY KEY (id),
	CONSTRAINT ck_payment_attempt_state CHECK (state in ('asking', 'open', 'declined', 'unavailable', 'expired', 'left', 'review', 'paid')),
	CONSTRAINT fk_payment_attempt_deposit FOREIGN KEY(deposit) REFERENCES deposit (id)
)
""",
    r"""
CREATE INDEX ix_payment_attempt_asked_at ON payment_attempt (asked_at)
""",
    r"""
CREATE INDEX ix_payment_attempt_payment ON payment_attempt (psp, payment)
""",
    r"""
CREATE INDEX ix_payment_attempt_poll ON payment_attempt (next_poll_at) WHERE next_poll_at is not null
""",
    r"""
CREATE UNIQUE INDEX uq_payment_attempt_deposit ON payment_attempt (deposit, number)
""",
    r"""
CREATE UNIQUE INDEX uq_payment_attempt_paid ON payment_attempt (deposit) WHERE state = 'paid'
""",
    r"""
CREATE UNIQUE INDEX uq_payment_attempt_reference ON payment_attempt (psp, reference) WHERE reference is not null
""",
    r"""
CREATE TABLE reward (
	id UUID DEFAULT gen_random_uuid() NOT NULL,
	server VARCHAR(40) NOT NULL,
	deal BIGINT NOT NULL,
	partner UUID NOT NULL,
	kind VARCHAR(20) NOT NULL,
	client UUID NOT NULL,
	depth INTEGER NOT NULL,
	deal_at TIMESTAMP WITH TIME ZONE NOT NULL,
	symbol VARCHAR(32) NOT NULL,
	symbol_group VARCHAR(24) NOT NULL,
	lots NUMERIC(38, 18) NOT NULL,
	base NUMERIC(38, 18) NOT NULL,
	rate NUMERIC(38, 18) NOT NULL,
	below NUMERIC(38, 18) NOT NULL,
	income NUMERIC(38, 18) NOT NULL,
	factor NUMERIC(38, 18) NOT NULL,
	fx_rate NUMERIC(38, 18) NOT NULL,
	held_s BIGINT,
	excluded VARCHAR(60),
	amount NUMERIC(38, 18) NOT NULL,
	currency VARCHAR(8) NOT NULL,
	plan VARCHAR(40) NOT NULL,
	plan_version INTEGER NOT NULL,
	accrued_at TIMESTAMP WITH TIME ZONE NOT NULL,
	CONSTRAINT pk_reward PRIMARY KEY (id),
	CONSTRAINT fk_reward_partner FOREIGN KEY(partner) REFERENCES partner (id)
)
""",
    r"""
CREATE INDEX ix_reward_client ON reward (client, deal_at)
""",
    r"""
CREATE INDEX ix_reward_partner ON reward (partner, deal_at, id)
""",
    r"""
CREATE UNIQUE INDEX uq_reward_deal_partner_kind ON reward (server, deal, partner, kind)
""",
    r"""
CREATE TABLE screening_hit (
	id UUID NOT NULL,
	client UUID NOT NULL,
	screening UUID NOT NULL,
	listing VARCHAR(40) NOT NULL,
	ref VARCHAR(60) NOT NULL,
	digest VARCHAR(64) NOT NULL,
	subject BYTEA NOT NULL,
	score INTEGER NOT NULL,
	body_sealed BYTEA NOT NULL,
	state VARCHAR(8) NOT NULL,
	opened_at TIMESTAMP WITH TIME ZONE NOT NULL,
	decided_at TIMESTAMP WITH TIME ZONE,
	decided_by UUID,
	decided_name VARCHAR(120),
	reason_sealed BYTEA,
	CONSTRAINT pk_screening_hit PRIMARY KEY (id),
	CONSTRAINT ck_screening_hit_state CHECK (state in ('open','false','true','gone')),
	CONSTRAINT fk_screening_hit_client FOREIGN KEY(client) REFERENCES client (id),
	CONSTRAINT fk_screening_hit_screening FOREIGN KEY(screening) REFERENCES screening (id)
)
""",
    r"""
CREATE INDEX ix_screening_hit_screening ON screening_hit (screening)
""",
    r"""
CREATE INDEX ix_screening_hit_state ON screening_hit (state, id)
""",
    r"""
CREATE UNIQUE INDEX uq_screening_hit_same ON screening_hit (client, listing, ref, digest, subject)
""",
    r"""
CREATE TABLE transfer (
	id UUID NOT NULL,
	client UUID NOT NULL,
	account UUID NOT NULL,
	direction VARCHAR(10) NOT NULL,
	amount NUMERIC(38, 18) NOT NULL,
	currency VARCHAR(8) NOT NULL,
	state VARCHAR(12) NOT NULL,
	asked_at TIMESTAMP WITH TIME ZONE NOT NULL,
	sent_at TIMESTAMP WITH TIME ZONE,
	done_at TIMESTAMP WITH TIME ZONE,
	tries INTEGER NOT NULL,
	next_ask_at TIMESTAMP WITH TIME ZONE,
	deal BIGINT,
	why VARCHAR(400),
	CONSTRAINT pk_transfer PRIMARY KEY (id),
	CONSTRAINT ck_transfer_direction CHECK (direction in ('to-account', 'to-wallet')),
	CONSTRAINT ck_transfer_amount CHECK (amount > 0),
	CONSTRAINT fk_transfer_client FOREIGN KEY(client) REFERENCES client (id),
	CONSTRAINT fk_transfer_account FOREIGN KEY(account) REFERENCES trading_account (id)
)
""",
    r"""
CREATE INDEX ix_transfer_account ON transfer (account)
""",
    r"""
CREATE INDEX ix_transfer_client ON transfer (client)
""",
    r"""
CREATE INDEX ix_transfer_open ON transfer (asked_at) WHERE state in ('held', 'sending')
""",
    r"""
CREATE TABLE unresolved_payment (
	id UUID NOT NULL,
	psp VARCHAR(32) NOT NULL,
	problem VARCHAR(24) NOT NULL,
	deposit UUID,
	attempt UUID,
	event UUID,
	reference VARCHAR(160) NOT NULL,
	amount NUMERIC(38, 18),
	currency VARCHAR(8),
	proposed VARCHAR(16) NOT NULL,
	entry UUID,
	state VARCHAR(12) NOT NULL,
	opened_at TIMESTAMP WITH TIME ZONE NOT NULL,
	outcome VARCHAR(16),
	note VARCHAR(400),
	resolved_at TIMESTAMP WITH TIME ZONE,
	resolved_by UUID,
	CONSTRAINT pk_unresolved_payment PRIMARY KEY (id),
	CONSTRAINT ck_unresolved_payment_state CHECK (state in ('open', 'resolved')),
	CONSTRAINT ck_unresolved_payment_resolved CHECK ((state = 'resolved') = (resolved_at is not null)),
	CONSTRAINT fk_unresolved_payment_deposit FOREIGN KEY(deposit) REFERENCES deposit (id),
	CONSTRAINT fk_unresolved_payment_event FOREIGN KEY(event) REFERENCES provider_event (id)
)
""",
    r"""
CREATE INDEX ix_unresolved_payment_deposit ON unresolved_payment (deposit)
""",
    r"""
CREATE INDEX ix_unresolved_payment_state ON unresolved_payment (state, id)
""",
    r"""
CREATE UNIQUE INDEX uq_unresolved_payment_one ON unresolved_payment (psp, reference, problem) WHERE state = 'open'
""",
    r"""
CREATE TABLE withdrawal (
	id UUID NOT NULL,
	reference VARCHAR(16) NOT NULL,
	client UUID NOT NULL,
	method VARCHAR(12) NOT NULL,
	destination UUID,
	amount NUMERIC(38, 18) NOT NULL,
	currency VARCHAR(8) NOT NULL,
	fee NUMERIC(38, 18) NOT NULL,
	state VARCHAR(12) NOT NULL,
	hold UUID NOT NULL,
	plan JSONB NOT NULL,
	checks JSONB NOT NULL,
	auto JSONB NOT NULL,
	need INTEGER NOT NULL,
	payload_hash VARCHAR(64) NOT NULL,
	story JSONB NOT NULL,
	code VARCHAR(40),
	reason VARCHAR(500),
	asked_by UUID NOT NULL,
	asked_at TIMESTAMP WITH TIME ZONE NOT NULL,
	promised_at TIMESTAMP WITH TIME ZONE NOT NULL,
	look_again_at TIMESTAMP WITH TIME ZONE,
	decided_at TIMESTAMP WITH TIME ZONE,
	ended_at TIMESTAMP WITH TIME ZONE,
	CONSTRAINT pk_withdrawal PRIMARY KEY (id),
	CONSTRAINT ck_withdrawal_amount CHECK (amount > 0 and fee >= 0 and fee < amount),
	CONSTRAINT ck_withdrawal_state CHECK (state in ('held', 'review', 'approved', 'sending', 'paid', 'rejected', 'cancelled', 'returned')),
	CONSTRAINT uq_withdrawal_reference UNIQUE (reference),
	CONSTRAINT fk_withdrawal_client FOREIGN KEY(client) REFERENCES client (id),
	CONSTRAINT fk_withdrawal_destination FOREIGN KEY(destination) REFERENCES payout_destination (id)
)
""",
    r"""
CREATE INDEX ix_withdrawal_asked_at ON withdrawal (asked_at, id)
""",
    r"""
CREATE INDEX ix_withdrawal_client ON withdrawal (client, id)
""",
    r"""
CREATE INDEX ix_withdrawal_look ON withdrawal (look_again_at) WHERE look_again_at is not null
""",
    r"""
CREATE INDEX ix_withdrawal_state ON withdrawal (state, promised_at)
""",
    r"""
CREATE TABLE payout_attempt (
	id UUID NOT NULL,
	withdrawal UUID NOT NULL,
	part INTEGER NOT NULL,
	number INTEGER NOT NULL,
	psp VARCHAR(32) NOT NULL,
	way VARCHAR(12) NOT NULL,
	method VARCHAR(12) NOT NULL,
	source UUID,
	amount NUMERIC(38, 18) NOT NULL,
	fee NUMERIC(38, 18) NOT NULL,
	currency VARCHAR(8) NOT NULL,
	state VARCHAR(12) NOT NULL,
	reference VARCHAR(160),
	code VARCHAR(80),
	technical BOOLEAN,
	made_at TIMESTAMP WITH TIME ZONE NOT NULL,
	sent_at TIMESTAMP WITH TIME ZONE,
	ended_at TIMESTAMP WITH TIME ZONE,
	tries INTEGER NOT NULL,
	next_ask_at TIMESTAMP WITH TIME ZONE,
	CONSTRAINT pk_payout_attempt PRIMARY KEY (id),
	CONSTRAINT ck_payout_attempt_amount CHECK (amount > 0 and fee >= 0),
	CONSTRAINT ck_payout_attempt_state CHECK (state in ('waiting', 'sending', 'accepted', 'paid', 'refused', 'returned', 'cancelled')),
	CONSTRAINT ck_payout_attempt_way CHECK (way in ('refund', 'payout')),
	CONSTRAINT fk_payout_attempt_withdrawal FOREIGN KEY(withdrawal) REFERENCES withdrawal (id),
	CONSTRAINT fk_payout_attempt_source FOREIGN KEY(source) REFERENCES deposit (id)
)
""",
    r"""
CREATE INDEX ix_payout_attempt_ask ON payout_attempt (next_ask_at) WHERE next_ask_at is not null
""",
    r"""
CREATE INDEX ix_payout_attempt_reference ON payout_attempt (psp, reference)
""",
    r"""
CREATE INDEX ix_payout_attempt_source ON payout_attempt (source)
""",
    r"""
CREATE UNIQUE INDEX uq_payout_attempt_live ON payout_attempt (withdrawal, part) WHERE state not in ('refused', 'cancelled')
""",
    r"""
CREATE UNIQUE INDEX uq_payout_attempt_part ON payout_attempt (withdrawal, part, number)
""",
    r"""
CREATE TABLE withdrawal_approval (
	id UUID NOT NULL,
	withdrawal UUID NOT NULL,
	payload_hash VARCHAR(64) NOT NULL,
	approver UUID NOT NULL,
	maker UUID NOT NULL,
	at TIMESTAMP WITH TIME ZONE NOT NULL,
	note VARCHAR(400),
	CONSTRAINT pk_withdrawal_approval PRIMARY KEY (id),
	CONSTRAINT ck_withdrawal_approval_another CHECK (approver <> maker),
	CONSTRAINT fk_withdrawal_approval_withdrawal FOREIGN KEY(withdrawal) REFERENCES withdrawal (id)
)
""",
    r"""
CREATE UNIQUE INDEX uq_withdrawal_approval_approver ON withdrawal_approval (withdrawal, payload_hash, approver)
""",
    r"""
ALTER TABLE entry ADD CONSTRAINT fk_entry_first_leg FOREIGN KEY(id, first_line, amount, currency) REFERENCES leg (entry, line, amount, currency) DEFERRABLE INITIALLY IMMEDIATE
""",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement.replace(":", r"\:"))
